/** Shows and changes manifest lists, wherever they are. */
import type { CallOutput, CallRequest } from '../../shared/contract.ts';
import { formatImageLocation, formatRegistryImage, type ImageLocation } from '../../shared/image-location.ts';
import type { ListEdit, RawEntry, RawList } from '../../shared/list-edit.ts';
import { fail } from '../../shared/problem.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { describesOf } from '../images/attachments.ts';
import { annotateList, removeEntries } from '../images/edit-list.ts';
import type { ImageStore } from '../images/image-store.ts';
import { type Descriptor, parseManifest, type RawManifest } from '../images/manifest.ts';
import { readStoredList } from '../images/stored-list.ts';
import { imageLocationOf } from './copies.ts';
import { openRepository, type RegistryAccess, readTop } from './remote-image.ts';
import { editTag } from './remote-lists.ts';

/** How a registry is reached for a call. */
export type ToAccess = (given: Omit<CallRequest<'lists.inspect'>, 'image'>) => RegistryAccess;

/** A list or a single image as it is stored. @throws Failure `image.*`, `registry.*` */
export async function inspectList(
  store: ImageStore,
  { image, ...given }: CallRequest<'lists.inspect'>,
  toAccess: ToAccess,
): Promise<RawList> {
  const location = imageLocationOf(image);
  return describeRaw(location, await readRaw(store, location, toAccess(given)));
}

async function readRaw(store: ImageStore, location: ImageLocation, access: RegistryAccess): Promise<RawManifest> {
  if (location.kind === 'local') {
    return await store.readManifest((await store.find(location.reference)).digest);
  }
  const client = await openRepository(location, access);
  try {
    return await readTop(client, location);
  } finally {
    await client.close();
  }
}

/** @throws Failure `image.*`, `registry.*`, `reference.invalid` */
export async function editList(
  store: ImageStore,
  { image, edit, ...given }: CallRequest<'lists.edit'>,
  toAccess: ToAccess,
): Promise<CallOutput<'lists.edit'>> {
  const location = imageLocationOf(image);
  const name = location.kind === 'local' ? location.reference : formatRegistryImage(location);
  const change = (list: RawManifest): RawManifest => applyEdit(list, edit, name);
  if (location.kind === 'local') {
    const { list, before } = await editLocal(store, location.reference, change, toAccess(given).signal);
    return { list: describeRaw(location, list), before: before.digest, hasRaced: false };
  }
  const { tag } = location;
  if (tag === undefined || location.digest) {
    throw fail('reference.invalid', `${name} is a digest, which never changes.`, 'Name the list by its tag.');
  }
  const client = await openRepository(location, toAccess(given), 'push');
  try {
    await readTop(client, location);
    const edited = await editTag(client, { ...location, tag }, (current) => change(current ?? unknownList(name)));
    const { list, before = list.digest, hasRaced } = edited;
    return { list: describeRaw(location, list), before, hasRaced };
  } finally {
    await client.close();
  }
}

function applyEdit(list: RawManifest, edit: ListEdit, name: string): RawManifest {
  return edit.kind === 'remove' ? removeEntries(list, edit.target, name) : annotateList(list, edit, name);
}

function unknownList(name: string): never {
  throw fail('image.unknown', `Somebody else has removed ${name} meanwhile.`, 'Push it again, then change it.');
}

/** What was said of platforms that stay is still said. */
async function editLocal(
  store: ImageStore,
  reference: string,
  change: (list: RawManifest) => RawManifest,
  signal: AbortSignal,
): Promise<{ readonly list: RawManifest; readonly before: RawManifest }> {
  const { stored, lease } = await store.leaseList(reference);
  try {
    const { missing, optional, mismatched } = await store.find(reference);
    const list = change(stored.list);
    await lease.hold(list.digest);
    await store.blobs.put(list.bytes);
    const edited = await readStoredList(store.blobs, list);
    const platforms = edited.images.map(({ platform }) => platform);
    const marks = {
      ...(missing ? { missing } : {}),
      ...(optional ? { optional } : {}),
      ...(mismatched ? { mismatched: mismatched.filter((platform) => platforms.includes(platform)) } : {}),
    };
    await store.commitList(reference, edited, { ...marks, signal });
    return { list, before: stored.list };
  } finally {
    await lease.release();
  }
}

function describeRaw(location: ImageLocation, { bytes, mediaType, digest }: RawManifest): RawList {
  const parsed = parseManifest(bytes, mediaType);
  const manifest: unknown = JSON.parse(bytes.toString('utf8'));
  const annotations =
    typeof manifest === 'object' && manifest !== null && 'annotations' in manifest ? manifest.annotations : undefined;
  return {
    image: formatImageLocation(location),
    digest,
    mediaType: parsed.mediaType,
    entries: parsed.kind === 'index' ? parsed.manifests.map(describeEntry) : [],
    ...(isTexts(annotations) ? { annotations } : {}),
    manifest,
  };
}

function isTexts(value: unknown): value is Record<string, string> {
  return typeof value === 'object' && value !== null && Object.values(value).every((each) => typeof each === 'string');
}

function describeEntry(entry: Descriptor): RawEntry {
  const { digest, mediaType, size, platform, annotations } = entry;
  const { os = '', architecture = '', variant } = platform ?? {};
  const osVersion = platform?.['os.version'];
  const osFeatures = platform?.['os.features'];
  const describes = describesOf(entry);
  return {
    ...{ digest, mediaType: sanitizeLine(mediaType, 100), size },
    ...(platform ? { platform: sanitizeLine([os, architecture, variant].filter(Boolean).join('/'), 100) } : {}),
    ...(typeof osVersion === 'string' ? { osVersion: sanitizeLine(osVersion, 100) } : {}),
    ...(Array.isArray(osFeatures) && osFeatures.length > 0
      ? { osFeatures: osFeatures.slice(0, 20).map((each) => sanitizeLine(String(each), 100)) }
      : {}),
    ...(annotations && Object.keys(annotations).length > 0 ? { annotations } : {}),
    ...(describes ? { describes } : {}),
  };
}
