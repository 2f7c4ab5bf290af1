/** What describes images in a registry without being an entry of their list: referrers, and the tags of cosign. */
import pLimit from 'p-limit';
import type { Digest } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import type { AttachedRole } from '../images/attached-manifests.ts';
import { isImageType, type RawManifest } from '../images/manifest.ts';
import { readStoredManifest, type StoredManifest } from '../images/stored-manifest.ts';
import type { RegistryClient } from './client.ts';
import type { RemoteManifests } from './remote-image.ts';

/** Of all images of one list. */
const maxDescribing = 300;
/** Requests at the same time. */
const concurrency = 5;

/** What cosign's tags end with. Source: cosign, specs/SIGNATURE_SPEC.md. */
const cosignTags = [
  { suffix: 'sig', role: 'signatures' },
  { suffix: 'att', role: 'signed-attestations' },
  { suffix: 'sbom', role: 'attestations' },
] as const satisfies readonly { readonly suffix: string; readonly role: AttachedRole }[];

export interface TaggedManifest extends StoredManifest {
  readonly tag: string;
  readonly subjectOfTag: Digest;
  readonly role: AttachedRole;
}

export interface Describing {
  /** They name their subject. */
  readonly referrers: readonly StoredManifest[];
  /** Their tag names their subject. */
  readonly tagged: readonly TaggedManifest[];
}

export const nothingDescribing: Describing = { referrers: [], tagged: [] };

/**
 * What describes these manifests, and what describes that.
 * @param known manifests that are part of the list already
 * @throws Failure `registry.*`, `image.too-large`
 */
export async function readDescribing(
  client: RegistryClient,
  source: RemoteManifests,
  subjects: readonly Digest[],
  known: ReadonlySet<Digest>,
): Promise<Describing> {
  const limit = pLimit(concurrency);
  const referrers = new Map<Digest, StoredManifest>();
  const tagged = new Map<string, TaggedManifest>();
  let level: readonly Digest[] = [...new Set(subjects)];
  while (level.length > 0) {
    const found = await Promise.all(level.map((digest) => limit(() => referrersOf(client, source, digest))));
    const fresh = found.flat().filter(({ digest }) => !known.has(digest) && !referrers.has(digest));
    fresh.forEach((manifest) => void referrers.set(manifest.digest, manifest));
    assertCount(source.name, referrers.size);
    level = fresh.map(({ digest }) => digest);
  }
  const tags = [...new Set(subjects)].flatMap((digest) =>
    cosignTags.map(({ suffix, role }) => ({ tag: `${digest.replace(':', '-')}.${suffix}`, role, digest })),
  );
  await Promise.all(
    tags.map(({ tag, role, digest }) =>
      limit(async () => {
        const manifest = await readTagged(client, source, tag);
        if (manifest) {
          tagged.set(tag, { ...manifest, tag, role, subjectOfTag: digest });
        }
      }),
    ),
  );
  assertCount(source.name, referrers.size + tagged.size);
  return { referrers: [...referrers.values()], tagged: [...tagged.values()] };
}

async function referrersOf(client: RegistryClient, source: RemoteManifests, digest: Digest): Promise<StoredManifest[]> {
  const listed = (await client.getReferrers(digest)).filter(({ mediaType }) => isImageType(mediaType));
  assertCount(source.name, listed.length);
  const manifests = await Promise.all(listed.map((entry) => readStoredManifest(source, entry)));
  // a registry may list what does not say so itself
  return manifests.filter(({ subject }) => subject?.digest === digest);
}

async function readTagged(
  client: RegistryClient,
  source: RemoteManifests,
  tag: string,
): Promise<StoredManifest | undefined> {
  const raw: RawManifest | undefined =
    (await client.getManifestDigest(tag)) === undefined ? undefined : await client.getManifest(tag);
  if (!raw || !isImageType(raw.mediaType)) {
    return undefined;
  }
  source.add(raw);
  return readStoredManifest(source, raw);
}

function assertCount(name: string, count: number): void {
  if (count > maxDescribing) {
    throw fail(
      'image.too-large',
      `${name} has more than ${maxDescribing} attachments in its registry.`,
      'Copy it without attachments, or delete those that are no longer needed.',
    );
  }
}
