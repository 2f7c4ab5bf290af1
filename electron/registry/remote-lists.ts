/** Changes of lists in registries. A tag that somebody else changes meanwhile keeps that change, too. */
import type { Digest } from '../../shared/image.ts';
import { formatRegistryImage, type RegistryImage } from '../../shared/image-location.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { entriesOf, entryPlatform, mergeEntries } from '../images/edit-list.ts';
import { parseManifest, type RawManifest } from '../images/manifest.ts';
import type { RegistryClient } from './client.ts';
import { readRemoteList } from './remote-image.ts';
import { maxAttempts } from './retry.ts';

export interface EditedList {
  readonly list: RawManifest;
  /** What the tag led to before. Undefined if it was not there. */
  readonly before: Digest | undefined;
  /** Whether somebody else has changed the tag in between. */
  readonly hasRaced: boolean;
}

export interface MergedList extends EditedList {
  /** The platforms of the list that was there and that the merge has not replaced. */
  readonly kept: Platform[];
}

/**
 * Puts a changed list under its tag. Registries cannot be asked to do so only if the tag is as it was: the tag is read again right
 * before it is put and after that, and the change is made again to what is there.
 * @param edit makes the change. It gets the list that is there, or a list of one if that is a single image
 * @throws Failure `registry.*`, `image.corrupt`; of the edit
 */
export async function editTag(
  client: RegistryClient,
  image: RegistryImage & { readonly tag: string },
  edit: (current: RawManifest | undefined) => RawManifest,
): Promise<EditedList> {
  let hasRaced = false;
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const before = await client.getManifest(image.tag);
    const list = edit(before && (await asList(client, image, before)));
    if (before?.digest === list.digest) {
      return { list, before: before.digest, hasRaced };
    }
    if ((await client.getManifestDigest(image.tag)) === before?.digest) {
      await client.putManifest(image.tag, list);
      if (await isAtTag(client, image.tag, list.digest, before?.digest)) {
        return { list, before: before?.digest, hasRaced };
      }
    }
    hasRaced = true;
    await client.waitBeforeRetry(attempt);
  }
  throw fail(
    'registry.refused',
    `Others change ${formatRegistryImage(image)} again and again.`,
    'Try again when their pushes are done.',
  );
}

/** Adds images to the list at a tag: each replaces that of its platform, and all others stay. @throws Failure like {@link editTag} */
export async function mergeTag(
  client: RegistryClient,
  image: RegistryImage & { readonly tag: string },
  added: RawManifest,
): Promise<MergedList> {
  const entries = entriesOf(added);
  const own = new Set(entries.map(({ digest }) => digest));
  const edited = await editTag(client, image, (current) => (current ? mergeEntries(current, entries) : added));
  const kept = entriesOf(edited.list).flatMap((entry) => (own.has(entry.digest) ? [] : (entryPlatform(entry) ?? [])));
  return { ...edited, kept };
}

/** Some registries show a new tag only after a moment. @returns false if it leads to something else than before */
async function isAtTag(
  client: RegistryClient,
  tag: string,
  digest: Digest,
  before: Digest | undefined,
): Promise<boolean> {
  for (let attempt = 1; attempt < maxAttempts; attempt += 1) {
    const found = await client.getManifestDigest(tag);
    if (found === digest || found === 'unreadable') {
      return true;
    }
    if (found !== before) {
      return false;
    }
    await client.waitBeforeRetry(attempt);
  }
  return false;
}

async function asList(client: RegistryClient, image: RegistryImage, raw: RawManifest): Promise<RawManifest> {
  const { kind, mediaType } = parseManifest(raw.bytes, raw.mediaType);
  return kind === 'index'
    ? { ...raw, mediaType }
    : (await readRemoteList(client, { ...image, digest: raw.digest })).list;
}
