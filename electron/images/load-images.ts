/**
 * Stores the images of archives and folders that other tools have written: OCI archives and layouts, docker archives of any age,
 * and skopeo's `dir:` folders. They are not trusted.
 */
import { createReadStream } from 'node:fs';
import { constants, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Digest, formatReference, isDigest, parseReference } from '../../shared/image.ts';
import type { LoadedImage } from '../../shared/local-images.ts';
import { type Platform, platformOf } from '../../shared/platform.ts';
import { Failure, fail } from '../../shared/problem.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { diskFailure, errnoCode } from '../system/file-errors.ts';
import { addImage } from './add-image.ts';
import { isAttachment } from './attachments.ts';
import { decompress } from './decompress.ts';
import { DockerArchive, readSmall } from './docker-archive.ts';
import type { ImageStore } from './image-store.ts';
import { replaceLayers } from './import-archive.ts';
import { type CompressedBlob, importBlob } from './import-blob.ts';
import { parseLayoutIndex, refName } from './layout-index.ts';
import type { Lease } from './lease.ts';
import {
  type Descriptor,
  isImageType,
  isIndexType,
  parseConfig,
  parseManifest,
  type ReceivedImage,
} from './manifest.ts';
import { readStoredList } from './stored-list.ts';
import { readTar, TarError } from './tar-reader.ts';

/** The limits of one archive: its bytes without compression, its images, and the manifests in one index. */
const maxBytes = 256 * 1024 ** 3;
const maxImages = 200;
const maxManifests = 500;
/** Of all lists together. */
const maxMembers = 2_000;
/** More than all layers of so many images. */
const maxBlobs = 100_000;

/** How containerd names images in a layout. Source: containerd, images/annotations.go. */
const containerdName = 'io.containerd.image.name';

export interface LoadOptions {
  /** The name, if there is one image. */
  readonly reference?: string | undefined;
  readonly onProgress?: ((doneBytes: number, totalBytes: number | undefined) => void) | undefined;
  readonly signal: AbortSignal;
}

/**
 * Loads what a file or folder has. Nothing is named in the store before all of it was read, and what a failed load has stored
 * is removed again.
 * @throws Failure `image.archive`, `image.corrupt`, `image.incomplete`, `image.too-large`, `disk.full`, `settings.unwritable`; the reason
 *   of the signal
 */
export async function loadImages(store: ImageStore, path: string, options: LoadOptions): Promise<LoadedImage[]> {
  const lease = await store.createLease('load');
  let isDone = false;
  try {
    const kind = await kindOf(path);
    const loader = new Loader(store, lease, path, options);
    const found = await (kind === 'file' ? loader.readArchive() : loader.readFolder(kind));
    const loaded = await loader.commit(found);
    isDone = true;
    return loaded;
  } catch (error) {
    options.signal.throwIfAborted();
    throw error instanceof TarError ? damagedFailure(path, error.message) : error;
  } finally {
    await lease.release();
    if (!isDone) {
      await store.collectGarbage().catch(() => undefined);
    }
  }
}

/** So many entries and bytes tell an archive with images from another one. */
const maxPeeked = 200;
const maxPeekedBytes = 256 * 1024 ** 2;
/** The parts of an OCI layout, and those of docker's archives: `manifest.json` may be their last entry. */
const imageEntry =
  /^(?:oci-layout|index\.json|manifest\.json|repositories|blobs\/sha256\/|[0-9a-f]{64}(?:\/|\.json$|\.tar$))/;

/** Whether a file or folder has images, as far as its beginning tells. Never rejects. */
export async function hasImages(path: string): Promise<boolean> {
  try {
    const kind = await kindOf(path);
    if (kind !== 'file') {
      return true;
    }
    const file = createReadStream(path);
    try {
      let count = 0;
      for await (const { name } of readTar(beginning(decompress(file), maxPeekedBytes))) {
        count += 1;
        if (imageEntry.test(name.replace(/^\.\//, '')) || count > maxPeeked) {
          return count <= maxPeeked;
        }
      }
    } finally {
      file.destroy();
    }
    return false;
  } catch {
    return false;
  }
}

async function* beginning(source: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    yield chunk;
    bytes += chunk.length;
    if (bytes >= limit) {
      return;
    }
  }
}

type Kind = 'file' | 'oci' | 'dir';

async function kindOf(path: string): Promise<Kind> {
  const stats = await stat(path).catch((error: unknown) => {
    throw errnoCode(error) === 'ENOENT'
      ? fail('image.archive', `${path} does not exist.`, 'Check the path.')
      : diskFailure(error, path);
  });
  if (stats.isFile()) {
    return 'file';
  }
  if (!stats.isDirectory()) {
    throw fail(
      'image.archive',
      `${path} is neither a file nor a folder.`,
      'Choose an archive or a folder with images.',
    );
  }
  const has = (name: string): Promise<boolean> =>
    stat(join(path, name)).then(
      (found) => found.isFile(),
      () => false,
    );
  if (await has('index.json')) {
    return 'oci';
  }
  if (await has('manifest.json')) {
    return 'dir';
  }
  throw fail(
    'image.archive',
    `The folder ${path} has no images: it has neither index.json nor manifest.json.`,
    'Choose an OCI layout or a dir: folder of skopeo.',
  );
}

/** An image or a list of images, before it has a name. */
interface Found {
  readonly names: readonly string[];
  readonly images: readonly ReceivedImage[];
  /** The bytes of the list if all of it is there as it was, so that it keeps its digest. */
  readonly list?: Descriptor | undefined;
  readonly missing: readonly Platform[];
  readonly compressed: readonly Platform[];
  readonly notes: readonly string[];
}

class Loader {
  readonly #store: ImageStore;
  readonly #lease: Lease;
  readonly #path: string;
  readonly #options: LoadOptions;
  #members = 0;
  #blobs = 0;
  /** Layers that were not compressed. */
  readonly #compressed = new Map<Digest, CompressedBlob>();
  /** Reads a blob of a folder into the store, where it is not yet. Archives were read as a whole. */
  #fetch: (digest: Digest) => Promise<void> = async () => undefined;

  constructor(store: ImageStore, lease: Lease, path: string, options: LoadOptions) {
    this.#store = store;
    this.#lease = lease;
    this.#path = path;
    this.#options = options;
  }

  async readArchive(): Promise<Found[]> {
    const { signal, onProgress } = this.#options;
    const { size } = await stat(this.#path);
    const file = createReadStream(this.#path, { highWaterMark: 1024 * 1024 });
    const docker = new DockerArchive(this.#store, this.#lease);
    let doneBytes = 0;
    async function* counted(): AsyncGenerator<Buffer> {
      for await (const chunk of file) {
        signal.throwIfAborted();
        doneBytes += chunk.length;
        onProgress?.(doneBytes, size);
        yield chunk;
      }
    }
    let index: string | undefined;
    try {
      for await (const entry of readTar(this.#limited(decompress(counted())))) {
        const name = entry.name.replace(/^\.\//, '');
        const digest = `sha256:${/^blobs\/sha256\/([a-f0-9]{64})$/.exec(name)?.[1] ?? ''}`;
        if (entry.type === 'file' && isDigest(digest)) {
          await this.#import(digest, entry.content());
        } else if (entry.type === 'file' && name === 'index.json') {
          index = (await readSmall(entry.content(), name)).toString('utf8');
        } else {
          const { type, linkname } = entry;
          await docker.read({ name, type, linkname, content: entry.content() });
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof Failure ? error : archiveFailure(error, this.#path);
    } finally {
      file.destroy();
    }
    const found = index === undefined ? [] : await this.#readIndex(index);
    if (index !== undefined) {
      return withDockerNames(found, docker);
    }
    const images = await docker.finishAll();
    if (images.length === 0) {
      throw fail(
        'image.archive',
        `${this.#path} has no images: it has neither index.json nor manifest.json.`,
        'Choose an archive that docker save, podman save, skopeo copy or barnraiser export has written.',
      );
    }
    const all: Found[] = [];
    for (const { names, manifest } of images) {
      const image = await this.#add(manifest, undefined, [], undefined);
      // docker's archives have uncompressed layers, so that no manifest comes with them
      all.push({ names, images: image ? [image] : [], missing: [], compressed: [], notes: [] });
    }
    return all;
  }

  async readFolder(kind: 'oci' | 'dir'): Promise<Found[]> {
    let doneBytes = 0;
    const read = (path: string): Promise<Readable> => openRegularFile(path);
    const pathOf = (digest: Digest): string => {
      const hex = digest.slice('sha256:'.length);
      return kind === 'oci' ? join(this.#path, 'blobs', 'sha256', hex) : join(this.#path, hex);
    };
    const { signal, onProgress } = this.#options;
    this.#fetch = async (digest) => {
      signal.throwIfAborted();
      await this.#lease.hold(digest);
      if (this.#compressed.has(digest) || (await this.#store.blobs.has(digest))) {
        return;
      }
      const file = await read(pathOf(digest)).catch(async (error: unknown) => {
        // skopeo calls the manifests of a list so
        if (kind === 'dir' && errnoCode(error) === 'ENOENT') {
          return await read(`${pathOf(digest)}.manifest.json`).catch(() => undefined);
        }
        if (errnoCode(error) === 'ENOENT') {
          return undefined;
        }
        throw error instanceof Failure ? error : diskFailure(error, pathOf(digest));
      });
      if (file) {
        const counted = async function* (): AsyncGenerator<Buffer> {
          for await (const chunk of file) {
            signal.throwIfAborted();
            doneBytes += chunk.length;
            onProgress?.(doneBytes, undefined);
            yield chunk;
          }
        };
        await this.#import(digest, counted());
      }
    };
    if (kind === 'oci') {
      const bytes = await readSmall(buffers(await read(join(this.#path, 'index.json'))), 'index.json');
      return this.#readIndex(bytes.toString('utf8'));
    }
    const bytes = await readSmall(buffers(await read(join(this.#path, 'manifest.json'))), 'manifest.json');
    const manifest = parseManifest(bytes);
    const digest = await this.#store.blobs.put(bytes);
    await this.#lease.hold(digest);
    return [await this.#readTop({ digest, mediaType: manifest.mediaType, size: bytes.length }, [])];
  }

  /** Names the images, all or none. */
  async commit(found: readonly Found[]): Promise<LoadedImage[]> {
    const { reference, signal } = this.#options;
    if (found.length === 0 || found.every(({ images }) => images.length === 0)) {
      throw fail(
        'image.archive',
        `${this.#path} has no images for a platform that Barnraiser knows.`,
        'Choose another archive.',
      );
    }
    const named = reference === undefined ? found : [{ ...onlyImage(found, this.#path), names: [reference] }];
    const work = named
      .filter(({ images }) => images.length > 0)
      .map((each) => ({ ...each, ...referencesOf(each.names) }));
    const unnamed = work.find(({ references }) => references.length === 0);
    if (unnamed) {
      throw fail(
        'image.archive',
        `An image in ${this.#path} has no name${unnamed.names.length > 0 ? ` that an image can have here: ${sanitizeLine(unnamed.names.join(', '), 200)}` : ''}.`,
        work.length === 1
          ? 'Give it one: -t NAME:TAG.'
          : 'Load it with the tool that made it, and save its images one by one.',
      );
    }
    const before = new Map((await this.#store.list()).map((list) => [list.reference, list.digest]));
    const loaded: LoadedImage[] = [];
    for (const { references, images, list, missing, compressed, notes, unusable } of work) {
      for (const name of references) {
        const marks = { signal, ...(missing.length > 0 ? { missing } : {}) };
        const stored = list
          ? await this.#store.commitList(name, await readStoredList(this.#store.blobs, list), marks)
          : await this.#store.commit(name, images, marks);
        const old = before.get(name);
        loaded.push({
          list: stored,
          replaced: old !== undefined && old !== stored.digest ? { digest: old } : undefined,
          compressed: [...compressed],
          notes: [...notes, ...unusable.map((each) => `The name ${sanitizeLine(each, 200)} cannot be used here.`)],
        });
      }
    }
    return loaded;
  }

  async *#limited(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let bytes = 0;
    for await (const chunk of source) {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        throw fail('image.too-large', `${this.#path} has more than ${maxBytes} bytes.`, 'Save its images one by one.');
      }
      yield chunk;
    }
  }

  async #import(digest: Digest, content: AsyncGenerator<Buffer>): Promise<void> {
    this.#blobs += 1;
    if (this.#blobs > maxBlobs) {
      throw damagedFailure(this.#path, `it has more than ${maxBlobs} blobs`);
    }
    try {
      const compressed = await importBlob(this.#store, this.#lease, content, digest);
      if (compressed) {
        this.#compressed.set(digest, compressed);
      }
    } catch (error) {
      if (error instanceof Failure && error.problem.code === 'image.corrupt') {
        throw damagedFailure(this.#path, `The blob ${digest} has another content. ${error.problem.detail ?? ''}`);
      }
      throw error;
    }
  }

  async #readIndex(text: string): Promise<Found[]> {
    const { manifests } = parseLayoutIndex(text, `The index.json of ${this.#path}`);
    if (manifests.length > maxImages) {
      throw damagedFailure(this.#path, `its index has more than ${maxImages} images`);
    }
    const names = new Map<Digest, string[]>();
    for (const descriptor of manifests) {
      const name = descriptor.annotations?.[containerdName] ?? refName(descriptor);
      names.set(descriptor.digest, [...(names.get(descriptor.digest) ?? []), ...(name === undefined ? [] : [name])]);
    }
    const tops = [...new Map(manifests.map((descriptor) => [descriptor.digest, descriptor])).values()].filter(
      (descriptor) => isIndexType(descriptor.mediaType) || isImageType(descriptor.mediaType),
    );
    // tools that know no lists write one image for each platform, without a name
    if (tops.length > 1 && tops.every(({ digest }) => names.get(digest)?.length === 0)) {
      return [await this.#readMembers(tops, tops, [], undefined)];
    }
    const found: Found[] = [];
    for (const descriptor of tops.filter((each) => !isAttachment(each) || isIndexType(each.mediaType))) {
      found.push(await this.#readTop(descriptor, names.get(descriptor.digest) ?? []));
    }
    return found;
  }

  async #readTop(descriptor: Descriptor, names: readonly string[]): Promise<Found> {
    if (!isIndexType(descriptor.mediaType)) {
      return this.#readMembers([descriptor], [descriptor], names, undefined);
    }
    await this.#fetch(descriptor.digest);
    const index = parseManifest(await this.#store.blobs.readVerified(descriptor.digest), descriptor.mediaType);
    const manifests = index.kind === 'index' ? index.manifests : [];
    this.#members += manifests.length;
    if (manifests.length > maxManifests || this.#members > maxMembers) {
      throw damagedFailure(
        this.#path,
        this.#members > maxMembers
          ? `its lists have more than ${maxMembers} entries`
          : `one of its lists has more than ${maxManifests} entries`,
      );
    }
    return this.#readMembers(manifests, manifests, names, descriptor);
  }

  /** @param list the index that has the members. Without it, they are put together. */
  async #readMembers(
    members: readonly Descriptor[],
    all: readonly Descriptor[],
    names: readonly string[],
    list: Descriptor | undefined,
  ): Promise<Found> {
    const images: ReceivedImage[] = [];
    const missing: Platform[] = [];
    const notes: string[] = [];
    const attachments = all.filter(isAttachment);
    let isWhole = list !== undefined;
    for (const attachment of attachments) {
      await this.#fetchManifest(attachment);
      isWhole &&= await this.#store.blobs.has(attachment.digest);
    }
    for (const member of members.filter((each) => !isAttachment(each))) {
      this.#options.signal.throwIfAborted();
      const platform = member.platform && platformOf({ ...member.platform, variant: member.platform.variant ?? '' });
      if (!isImageType(member.mediaType) || (member.platform && !platform)) {
        isWhole = false;
        notes.push('An entry of a list is left out: it is no image for a platform that Barnraiser knows.');
        continue;
      }
      await this.#fetchManifest(member);
      if (!(await this.#store.blobs.has(member.digest))) {
        // docker saves a list with the images that it has
        isWhole = false;
        missing.push(...(platform ? [platform] : []));
        continue;
      }
      const raw = await this.#store.blobs.readVerified(member.digest);
      const bytes = replaceLayers(raw, member, this.#compressed);
      isWhole &&= bytes.equals(raw);
      const image = await this.#add(bytes, member.mediaType, attachments, platform);
      if (image) {
        images.push(image);
      }
    }
    const compressed = images.filter(({ digest }) => members.every((member) => member.digest !== digest));
    return {
      names,
      images,
      list: isWhole ? list : undefined,
      missing,
      compressed: compressed.map(({ platform }) => platform),
      notes: [...new Set(notes)],
    };
  }

  async #fetchManifest(descriptor: Descriptor): Promise<void> {
    await this.#fetch(descriptor.digest);
    if (!isImageType(descriptor.mediaType) || !(await this.#store.blobs.has(descriptor.digest))) {
      return;
    }
    const manifest = parseManifest(await this.#store.blobs.readVerified(descriptor.digest), descriptor.mediaType);
    for (const part of manifest.kind === 'image' ? [manifest.config, ...manifest.layers] : []) {
      await this.#fetch(part.digest);
    }
  }

  /** @param platform that of the entry. Without it, that of the configuration. Undefined for a platform that is not known. */
  async #add(
    bytes: Buffer,
    mediaType: string | undefined,
    attachments: readonly Descriptor[],
    platform: Platform | undefined,
  ): Promise<ReceivedImage | undefined> {
    const manifest = parseManifest(bytes, mediaType);
    if (manifest.kind !== 'image') {
      throw damagedFailure(this.#path, 'an image in it is a list');
    }
    await this.#store.blobs.assertPresent([manifest.config], `An image in ${this.#path}`);
    const { os, architecture, variant } = parseConfig(await this.#store.blobs.readVerified(manifest.config.digest));
    const own = platform ?? platformOf({ os, architecture, ...(variant ? { variant } : {}) });
    return (
      own &&
      addImage(this.#store.blobs, this.#lease, bytes, {
        ...{ platform: own, mediaType, attachments, anyVariant: true },
        signal: this.#options.signal,
      })
    );
  }
}

function onlyImage(found: readonly Found[], path: string): Found {
  const [first] = found;
  if (!first || found.length > 1) {
    throw fail(
      'image.archive',
      `${path} has ${found.length} images, and one name was given.`,
      'Leave the name out: they keep those of the archive.',
    );
  }
  return first;
}

/** docker 25 and newer write an OCI layout, and the names as before, too. */
function withDockerNames(found: readonly Found[], docker: DockerArchive): Found[] {
  const entries = docker.images();
  return found.map((each) => {
    const configs = new Set(each.images.map(({ config }) => config.digest.slice('sha256:'.length)));
    const names = entries
      .filter(({ Config }) => configs.has(Config.replace(/^blobs\/sha256\//, '').replace(/\.json$/, '')))
      .flatMap(({ RepoTags }) => RepoTags ?? []);
    return { ...each, names: names.length > 0 ? names : each.names };
  });
}

/** podman calls images without a registry so, which have none here. */
const podmanLocal = 'localhost/';

function referencesOf(names: readonly string[]): { readonly references: string[]; readonly unusable: string[] } {
  const references = new Set<string>();
  const unusable: string[] = [];
  for (const name of names) {
    const reference = parseReference(name.startsWith(podmanLocal) ? name.slice(podmanLocal.length) : name);
    if (typeof reference === 'string') {
      unusable.push(name);
    } else {
      references.add(formatReference(reference));
    }
  }
  return { references: [...references], unusable };
}

/** A folder may have a pipe or a link in the place of a file. What a link leads to has to have the right digest, too. */
async function openRegularFile(path: string): Promise<Readable> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  if (!(await file.stat()).isFile()) {
    await file.close();
    throw fail('image.archive', `${path} is not a file.`, 'Make the folder again.');
  }
  return file.createReadStream({ highWaterMark: 1024 * 1024 });
}

async function* buffers(stream: Readable): AsyncGenerator<Buffer> {
  for await (const chunk of stream) {
    yield chunk;
  }
}

function archiveFailure(error: unknown, path: string): Failure {
  const known = diskFailure(error, path);
  return known instanceof Failure
    ? known
    : damagedFailure(path, error instanceof Error ? error.message : String(error));
}

function damagedFailure(path: string, detail: string): Failure {
  return fail('image.archive', `${path} is damaged or no archive with images.`, 'Make the archive again.', detail);
}
