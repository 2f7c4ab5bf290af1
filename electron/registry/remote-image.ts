/** Images in registries: their lists, manifests and attachments, read and checked before any blob is. */
import pLimit from 'p-limit';
import type { Digest } from '../../shared/image.ts';
import { formatRegistryImage, type RegistryImage } from '../../shared/image-location.ts';
import { type Platform, platformOf } from '../../shared/platform.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { describes, isAttachment, isAttachmentManifest } from '../images/attachments.ts';
import { entriesOf, withEntries } from '../images/edit-list.ts';
import {
  type Descriptor,
  isImageType,
  type Manifest,
  maxManifestBytes,
  parseConfig,
  parseManifest,
  type RawManifest,
  sizeOfBlobs,
} from '../images/manifest.ts';
import { createManifestList } from '../images/manifest-list.ts';
import type { StoredAttachment, StoredImage, StoredList } from '../images/stored-list.ts';
import { readStoredManifest, type StoredManifest } from '../images/stored-manifest.ts';
import { RegistryClient } from './client.ts';
import type { CredentialSource } from './credential-source.ts';
import { alteredContentFailure } from './response-failures.ts';
import type { Wait } from './retry.ts';

/** Limits for one list: all of its manifests are in memory until it is copied. */
const maxEntries = 500;
const maxManifestsBytes = 64 * 1024 * 1024;
/** Other artifacts, such as charts, have others. */
const imageConfigTypes = ['application/vnd.oci.image.config.v1+json', 'application/vnd.docker.container.image.v1+json'];
/** Requests for manifests at the same time. */
const concurrency = 5;

export interface RegistryAccess {
  readonly credentials: CredentialSource;
  /** False: https with any certificate, otherwise plain HTTP. */
  readonly tlsVerify: boolean;
  readonly signal: AbortSignal;
  /** Waits between attempts: a timer by default. */
  readonly wait?: Wait | undefined;
}

/** A list in a registry. A single image is a list of one. */
export interface RemoteList extends StoredList {
  /** What the tag or digest refers to: the list, or the single image. */
  readonly top: RawManifest;
  /** How many entries the list has that are neither images nor attachments, and are left out. */
  readonly leftOut: number;
  /** Whether the reference is a single image. */
  readonly isSingle: boolean;
}

export function openRepository(
  { registry, repository }: Pick<RegistryImage, 'registry' | 'repository'>,
  access: RegistryAccess,
  kind: 'pull' | 'push' = 'pull',
): Promise<RegistryClient> {
  return RegistryClient.open({ registry, repository, access: kind, ...access });
}

/** @throws Failure `image.unknown` */
export async function readTop(client: RegistryClient, image: RegistryImage): Promise<RawManifest> {
  const raw = await client.getManifest(image.digest ?? image.tag ?? 'latest');
  if (!raw) {
    throw fail(
      'image.unknown',
      `There is no image ${formatRegistryImage(image)} in the registry.`,
      'Check the name and the tag. A private repository may also need another login.',
    );
  }
  return raw;
}

/**
 * Reads a list with the manifests of its images and of what describes them. The list has its own bytes, unless platforms were
 * chosen, entries are left out, or the reference is a single image.
 * @param platforms undefined: all
 * @throws Failure `image.unknown`, `image.platform` if a chosen platform is not there, `image.corrupt`, `image.too-large`,
 *   `registry.*`
 */
export async function readRemoteList(
  client: RegistryClient,
  image: RegistryImage,
  platforms?: readonly Platform[],
): Promise<RemoteList> {
  const source = new RemoteManifests(client, formatRegistryImage(image));
  const top = await readTop(client, image);
  source.add(top);
  const manifest = parseManifest(top.bytes, top.mediaType);
  const list =
    manifest.kind === 'index'
      ? { ...(await readIndex(source, top, manifest, platforms)), isSingle: false }
      : { ...(await readSingle(source, top, manifest)), top, leftOut: 0, isSingle: true };
  const missing = platforms?.filter((wanted) => list.images.every(({ platform }) => platform !== wanted)) ?? [];
  if (missing.length > 0 || list.images.length === 0) {
    const names = manifest.kind === 'index' ? manifest.manifests.flatMap(platformNames) : platformsIn(list);
    throw fail(
      'image.platform',
      missing.length > 0
        ? `${source.name} has no image for ${missing.join(', ')}.`
        : `${source.name} has no image for a platform that Barnraiser knows.`,
      `It has images for: ${sanitizeLine([...new Set(names)].join(', ') || 'none', 1_000)}.`,
    );
  }
  return list;
}

function platformsIn({ images }: Pick<StoredList, 'images'>): Platform[] {
  return images.map(({ platform }) => platform);
}

function platformNames(entry: Descriptor): string[] {
  const { os, architecture, variant } = entry.platform ?? {};
  return os && architecture && !isAttachment(entry) ? [[os, architecture, variant].filter(Boolean).join('/')] : [];
}

async function readSingle(
  source: RemoteManifests,
  top: RawManifest,
  manifest: Extract<Manifest, { kind: 'image' }>,
): Promise<StoredList> {
  const { name } = source;
  const isConfig = imageConfigTypes.includes(manifest.config.mediaType);
  if (!isConfig || (await isAttachmentManifest({ readVerified: source.readConfig }, manifest))) {
    throw fail(
      'image.corrupt',
      `${name} is not an image: it is ${sanitizeLine(manifest.artifactType ?? manifest.config.mediaType, 100)}.`,
      'Name an image, or a list of images.',
    );
  }
  const stored = await readStoredManifest(source, top);
  const platform = await source.platformOf(stored);
  if (!platform) {
    throw fail(
      'image.platform',
      `${name} is an image for a platform that Barnraiser does not know.`,
      'Name another image.',
    );
  }
  const { digest, mediaType, bytes, config, layers } = stored;
  const size = sizeOfBlobs([config, ...layers]);
  const received = { platform, digest, mediaType, manifestSize: bytes.length, config, layers, size, attachments: [] };
  const list = withSystem(createManifestList([received]), await source.readConfig(config.digest));
  return { list, images: [{ ...stored, platform }], attachments: [] };
}

/** A list of one says of a Windows image for which version of the system it is, as its configuration does. */
function withSystem(list: RawManifest, configuration: Buffer): RawManifest {
  const { 'os.version': osVersion, 'os.features': osFeatures } = parseConfig(configuration) as Record<string, unknown>;
  const fields = {
    ...(typeof osVersion === 'string' && osVersion !== '' ? { 'os.version': osVersion } : {}),
    ...(Array.isArray(osFeatures) && osFeatures.length > 0 ? { 'os.features': osFeatures } : {}),
  };
  return Object.keys(fields).length === 0
    ? list
    : withEntries(
        list,
        entriesOf(list).map((entry) => ({
          ...entry,
          ...(entry.platform ? { platform: { ...entry.platform, ...fields } } : {}),
        })),
      );
}

async function readIndex(
  source: RemoteManifests,
  top: RawManifest,
  { manifests, mediaType }: Extract<Manifest, { kind: 'index' }>,
  platforms: readonly Platform[] | undefined,
): Promise<Omit<RemoteList, 'isSingle'>> {
  if (manifests.length > maxEntries) {
    throw tooLargeFailure(source.name, `more than ${maxEntries} entries`);
  }
  const limit = pLimit(concurrency);
  const readable = manifests.filter((entry) => isImageType(entry.mediaType));
  const entries = await Promise.all(readable.map((entry) => limit(() => readEntry(source, entry, platforms))));
  const images = entries.flatMap((entry) => (entry && 'platform' in entry ? [entry] : []));
  const kept = new Set<Digest>(images.map(({ digest }) => digest));
  const attachments = entries.flatMap((entry) =>
    entry &&
    !('platform' in entry) &&
    (!platforms || [...kept].some((image) => describes(entry.descriptor, entry.subject, image)))
      ? [entry]
      : [],
  );
  const read = new Set([...kept, ...attachments.map(({ digest }) => digest)]);
  const rest = manifests.filter((entry) => read.has(entry.digest));
  const leftOut = manifests.length - readable.length;
  const list = rest.length === manifests.length ? { ...top, mediaType } : withEntries({ ...top, mediaType }, rest);
  return { top, list, images, attachments, leftOut };
}

/** An entry of a list, as an image or an attachment. Undefined for images of other platforms. */
async function readEntry(
  source: RemoteManifests,
  entry: Descriptor,
  platforms: readonly Platform[] | undefined,
): Promise<StoredImage | StoredAttachment | undefined> {
  const named = entry.platform && platformOf({ ...entry.platform, variant: entry.platform.variant ?? '' });
  const isWanted = (platform: Platform | undefined) =>
    !platforms || (platform !== undefined && platforms.includes(platform));
  // what is not wanted is not read
  if (!isAttachment(entry) && entry.platform && !isWanted(named)) {
    return undefined;
  }
  const manifest = await readStoredManifest(source, entry);
  if (manifest.bytes.length !== entry.size) {
    throw alteredContentFailure(
      `The list ${source.name} says that ${entry.digest} has ${entry.size} bytes, and it has ${manifest.bytes.length}.`,
    );
  }
  const isOther =
    isAttachment(entry) ||
    (!entry.platform &&
      (await isAttachmentManifest({ readVerified: source.readConfig }, parseManifest(manifest.bytes))));
  const platform = isOther ? undefined : (named ?? (entry.platform ? undefined : await source.platformOf(manifest)));
  if (!platform) {
    return { ...manifest, descriptor: entry };
  }
  return isWanted(platform) ? { ...manifest, platform } : undefined;
}

/** Manifests and configurations of one repository, each read once. */
export class RemoteManifests {
  readonly name: string;
  readonly #client: RegistryClient;
  readonly #manifests = new Map<Digest, Promise<Buffer>>();
  #bytes = 0;

  /** @param name of the image, for messages */
  constructor(client: RegistryClient, name: string) {
    this.#client = client;
    this.name = name;
  }

  add({ digest, bytes }: RawManifest): void {
    this.#manifests.set(digest, Promise.resolve(bytes));
  }

  /** @throws Failure `registry.*`, `image.too-large` */
  readonly readVerified = (digest: Digest): Promise<Buffer> =>
    this.#once(digest, async () => (await this.#client.getManifest(digest))?.bytes);

  /** @throws Failure `registry.*`, `image.too-large` */
  readonly readConfig = (digest: Digest): Promise<Buffer> =>
    this.#once(digest, () => this.#client.getBlob(digest, maxManifestBytes));

  async platformOf({ config }: Pick<StoredManifest, 'config'>): Promise<Platform | undefined> {
    const { os, architecture, variant } = parseConfig(await this.readConfig(config.digest));
    return platformOf({ os, architecture, ...(variant ? { variant } : {}) });
  }

  #once(digest: Digest, read: () => Promise<Buffer | undefined>): Promise<Buffer> {
    const reading = this.#manifests.get(digest) ?? this.#read(digest, read);
    this.#manifests.set(digest, reading);
    return reading;
  }

  async #read(digest: Digest, read: () => Promise<Buffer | undefined>): Promise<Buffer> {
    const bytes = await read();
    if (!bytes) {
      throw alteredContentFailure(`The registry lacks ${digest}, which ${this.name} refers to.`);
    }
    this.#bytes += bytes.length;
    if (this.#bytes > maxManifestsBytes) {
      throw tooLargeFailure(this.name, `more than ${maxManifestsBytes} bytes of manifests`);
    }
    return bytes;
  }
}

function tooLargeFailure(name: string, what: string): Failure {
  return fail(
    'image.too-large',
    `The list ${name} has ${what}.`,
    'Choose the platforms that you need, or another image.',
  );
}
