/** Images that a build does not have to make, because local storage or the registry has them. */
import type { BuildRequest, Job } from '../../shared/build.ts';
import type { ContentTag } from '../../shared/content-tag.ts';
import { formatBytes, formatList } from '../../shared/format.ts';
import type { FoundIn } from '../../shared/found-in.ts';
import { type Digest, formatReference, parseReference, type Reference } from '../../shared/image.ts';
import type { Platform } from '../../shared/platform.ts';
import { Failure, fail } from '../../shared/problem.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Lease } from '../images/lease.ts';
import { isIndexType, type RawManifest, type ReceivedImage } from '../images/manifest.ts';
import { createManifestList } from '../images/manifest-list.ts';
import type { CredentialSource } from '../registry/credential-source.ts';
import { pullImage } from '../registry/pull.ts';
import { readTaggedList, type TaggedList, unknownWhetherThere } from '../registry/tagged-list.ts';
import type { ExistingImages } from './build-inputs.ts';

type Store = Pick<ImageStore, 'createLease' | 'find' | 'holdImages' | 'holdImage'>;

export interface LookUp {
  readonly store: ImageStore;
  readonly credentials: CredentialSource;
  readonly signal: AbortSignal;
  /** Called with what is being done, while images are pulled. */
  readonly onProgress: (text: string) => void;
}

/**
 * Jobs for the wanted platforms whose images are there: in local storage, else in the registry. Files that differ from their commit
 * have no tag that tells all of their changes, so that nothing counts as there.
 * @throws Failure `registry.*` if the registry does not say whether it has them; the reason of the signal
 */
export async function findExisting(
  request: BuildRequest,
  contentTag: ContentTag | undefined,
  wanted: readonly Platform[],
  lookUp: LookUp,
): Promise<ExistingImages> {
  const { store, credentials, signal } = lookUp;
  if ((request.existing ?? 'build') === 'build' || contentTag?.isDirty) {
    return { jobs: [] };
  }
  const stored = request.push?.direct ? [] : await storedImages(store, request.reference);
  const here = jobsOf(stored, wanted, 'storage');
  const missing = wanted.filter((platform) => here.every((job) => job.platform !== platform));
  const location = registryLocation(request);
  if (missing.length === 0 || !location) {
    return { jobs: here };
  }
  const remote = await readTaggedList(location, { ...remoteOptions(request, credentials), signal }).catch(
    (error: unknown) => {
      throw signal.aborted ? error : unknownWhetherThere(error, formatReference(location));
    },
  );
  const there = jobsOf(remote?.images ?? [], missing, 'registry');
  if (!remote || there.length === 0) {
    return { jobs: here };
  }
  if (request.existing !== 'pull' || request.push?.direct) {
    return { jobs: [...here, ...there], digest: remote.manifest.digest };
  }
  await pullPlatforms(
    request,
    location,
    there.map(({ platform }) => platform),
    lookUp,
  );
  return { jobs: jobsOf(await storedImages(store, request.reference), wanted, 'storage') };
}

/** Brings images of a registry into local storage, beside those that are there under the same name. */
async function pullPlatforms(
  request: BuildRequest,
  { registry = 'docker.io', repository, tag }: Reference,
  platforms: readonly Platform[],
  { store, credentials, signal, onProgress }: LookUp,
): Promise<void> {
  const { reference } = request;
  const lease = await store.createLease(`join-${reference}`);
  try {
    const before = await wholeImages(store, reference, lease);
    await pullImage({
      ...{ image: { registry, repository, tag }, reference, platforms, store, signal },
      ...remoteOptions(request, credentials),
      onProgress: ({ uploadedBytes, skippedBytes, totalBytes }) =>
        onProgress(`Pulling ${reference}: ${formatBytes(uploadedBytes + skippedBytes)} of ${formatBytes(totalBytes)}`),
    });
    const others = before.filter(({ platform }) => !platforms.includes(platform));
    if (others.length > 0) {
      await store.commit(reference, [...(await wholeImages(store, reference, lease)), ...others], { signal });
    }
  } finally {
    await lease.release();
  }
}

/** @throws Failure `image.unknown` if nothing may be built and a platform is not there */
export function assertAllFound(
  { existing, reference }: BuildRequest,
  wanted: readonly Platform[],
  { jobs: found }: ExistingImages,
): void {
  const missing = wanted.filter((platform) => found.every((job) => job.platform !== platform));
  if (existing === 'only' && missing.length > 0) {
    throw fail(
      'image.unknown',
      `There is no image ${reference} for ${formatList(missing)}, and nothing is to be built.`,
      'Build it, or choose other platforms.',
    );
  }
}

/** Where in a registry the image is, or would be pushed to. Undefined: its name names no registry. */
export function registryLocation({ reference, push }: Pick<BuildRequest, 'reference' | 'push'>): Reference | undefined {
  const location = parseReference(push?.destination ?? reference);
  return typeof location === 'string' || location.registry === undefined ? undefined : location;
}

/** How the registry of a request is asked. */
export function remoteOptions({ reference, push }: BuildRequest, credentials: CredentialSource) {
  const { registry = '' } = registryLocation({ reference, push }) ?? {};
  return { credentials, tlsVerify: push?.tlsVerify ?? !isLoopback(registry) };
}

/** Whether a registry is on this computer. Engines use plain HTTP there, too. */
export function isLoopback(registry: string): boolean {
  return /^(?:localhost|127\.[\d.]+|\[::1\])(?::\d+)?$/.test(registry);
}

/** The whole images under a reference. */
async function storedImages(store: Store, reference: string): Promise<ReceivedImage[]> {
  const lease = await store.createLease(`find-${reference}`);
  try {
    return await wholeImages(store, reference, lease);
  } finally {
    await lease.release();
  }
}

/** The images under a reference that are whole and for their platforms. The lease holds them. */
export async function wholeImages(store: Store, reference: string, lease: Lease): Promise<ReceivedImage[]> {
  try {
    const { mismatched = [] } = await store.find(reference);
    const held = await store.holdImages('', reference, lease);
    const whole = await Promise.all(
      held.filter(({ platform }) => !mismatched.includes(platform)).map((image) => store.holdImage(image, lease)),
    );
    return whole.filter((image) => image !== undefined);
  } catch (error) {
    // what is damaged or not there is built
    if (error instanceof Failure && error.problem.code.startsWith('image.')) {
      return [];
    }
    throw error;
  }
}

function jobsOf(
  images: readonly { readonly platform: Platform; readonly digest: Digest; readonly size?: number }[],
  wanted: readonly Platform[],
  foundIn: FoundIn,
): Job[] {
  return images
    .filter(({ platform }) => wanted.includes(platform))
    .map(({ platform, digest, size }) => ({
      platform,
      node: '',
      mode: 'native',
      reason: '',
      status: 'done',
      steps: [],
      bytesSent: 0,
      bytesReceived: 0,
      durationMs: 0,
      digest,
      ...(size === undefined ? {} : { size }),
      foundIn,
      lost: [],
    }));
}

/** What is pushed where the registry keeps the images of other platforms. */
export interface PushedList {
  readonly list: RawManifest;
  /** The images of local storage that it has. */
  readonly here: readonly ReceivedImage[];
}

/**
 * What was built now replaces what the registry has under the same tag. What was found in local storage does not: others may have
 * pushed another image of the same content before.
 */
export function pushedList(
  built: readonly ReceivedImage[],
  found: readonly ReceivedImage[],
  remote: TaggedList | undefined,
  annotations: Readonly<Record<string, string>> | undefined,
): PushedList {
  const isOther = ({ platform, digest }: ReceivedImage): boolean =>
    remote?.images.some((image) => image.platform === platform && image.digest !== digest) ?? false;
  const here = [...built, ...found.filter((image) => !isOther(image))];
  const list =
    here.length === 0 && remote && isIndexType(remote.manifest.mediaType)
      ? remote.manifest
      : createManifestList(here.length === 0 ? (remote?.images ?? []) : here, annotations);
  return { list, here };
}
