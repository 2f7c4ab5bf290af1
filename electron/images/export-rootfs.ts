/** The root file systems of images, as folders and as tars: layers applied, whiteouts gone. Each layer is read twice, and nothing is kept. */
import { chmod, lchown, link, lutimes, mkdir, open, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import pLimit from 'p-limit';
import type { Header } from 'tar-stream';
import { formatCount } from '../../shared/format.ts';
import { platformFolder } from '../../shared/output.ts';
import { fail } from '../../shared/problem.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { makeFolder } from '../system/new-folder.ts';
import type { TarFile } from '../system/tar-of.ts';
import type { BlobStore } from './blob-store.ts';
import type { ExportOptions } from './export-types.ts';
import { layerEntries } from './layer-tar.ts';
import { type Inode, RootTree, type TarHeader } from './root-tree.ts';
import type { StoredImage } from './stored-list.ts';

/** Files up to this size are written while the next ones are read. */
const smallBytes = 1024 * 1024;
const maxSmallFiles = 16;

/** An inode with its paths in the order of names. */
interface Placed {
  readonly inode: Inode;
  readonly paths: string[];
}

/** The tree of an image, in the order in which it can be made. */
interface Plan {
  /** Each before what is in it. The first is the root. */
  readonly folders: readonly { readonly path: string; readonly header: TarHeader | undefined }[];
  /** Files with content, by layer and the number of their entry. */
  readonly files: ReadonlyMap<number, ReadonlyMap<number, Placed>>;
  /** Symbolic links and devices. */
  readonly others: readonly Placed[];
}

/** Counts what could not be kept, and says it. */
export class RootfsNotes {
  #pipes = 0;
  #devices = 0;
  readonly #canKeepOwners: boolean;
  #attributes = 0;
  #bytes = 0;
  #owners = 0;

  constructor(canKeepOwners: boolean) {
    this.#canKeepOwners = canKeepOwners;
  }

  get keepsOwners(): boolean {
    return this.#canKeepOwners;
  }

  /** Of the files that were written. */
  get bytes(): number {
    return this.#bytes;
  }

  addBytes(count: number): void {
    this.#bytes += count;
  }

  skipPipe(): void {
    this.#pipes += 1;
  }

  skipDevice(): void {
    this.#devices += 1;
  }

  loseAttributes(): void {
    this.#attributes += 1;
  }

  loseOwner(): void {
    this.#owners += 1;
  }

  texts(): string[] {
    return [
      ...(this.#owners > 0 ? ['All files belong to you: only root can give them to the owners of the image.'] : []),
      ...(this.#pipes > 0
        ? [
            formatCount(
              this.#pipes,
              'named pipe left out, which a folder cannot hold.',
              'named pipes left out, which a folder cannot hold.',
            ),
          ]
        : []),
      ...(this.#devices > 0
        ? [
            formatCount(
              this.#devices,
              'device left out, which a folder cannot hold.',
              'devices left out, which a folder cannot hold.',
            ),
          ]
        : []),
      ...(this.#attributes > 0
        ? [
            `${formatCount(this.#attributes, 'file')} without their extended attributes, such as capabilities. A tar keeps them.`,
          ]
        : []),
    ];
  }
}

/** Writes the root file systems to a new folder, those of several images to a folder each in it. */
export async function exportRootFolder(
  blobs: BlobStore,
  images: readonly StoredImage[],
  path: string,
  options: ExportOptions,
): Promise<{ readonly bytes: number; readonly notes: string[] }> {
  const notes = new RootfsNotes(process.getuid?.() === 0);
  await makeFolder(path, async (folder) => {
    for (const image of images) {
      const target = images.length > 1 ? join(folder, platformFolder(image.platform)) : folder;
      await mkdir(target, { recursive: true });
      await writeTree(blobs, image, target, notes, options);
    }
    if (images.length > 1) {
      await chmod(folder, 0o755);
    }
  });
  return { bytes: notes.bytes, notes: notes.texts() };
}

/** The entries of a tar with the root file systems: folders, then files in the order of layers, then links and devices. */
export async function* rootTarFiles(
  blobs: BlobStore,
  images: readonly StoredImage[],
  options: ExportOptions,
): AsyncGenerator<TarFile> {
  for (const image of images) {
    const prefix = images.length > 1 ? `${platformFolder(image.platform)}/` : '';
    const { folders, files, others } = await planOf(blobs, image, options);
    for (const { path, header } of folders) {
      const name = path === '' ? prefix : `${prefix}${path}/`;
      if (name !== '') {
        yield { name, header: { ...kept(header), type: 'directory' } };
      }
    }
    for await (const { placed, content } of contents(blobs, image, files, options)) {
      const [path = '', ...links] = placed.paths;
      const { header } = placed.inode;
      yield {
        name: `${prefix}${path}`,
        size: header.size,
        open: () => Readable.from(content, { objectMode: false }),
        header: kept(header),
      };
      yield* links.map((name) => linkEntry(prefix, name, path, header));
    }
    for (const { inode, paths } of others) {
      const [path = '', ...links] = paths;
      const { header } = inode;
      yield { name: `${prefix}${path}`, header: { ...kept(header), ...othersFields(header) } };
      yield* links.map((name) => linkEntry(prefix, name, path, header));
    }
  }
}

function othersFields({ type, linkname, device }: TarHeader): Partial<Header> {
  return device
    ? { type: `${device.kind}-device`, devmajor: device.major, devminor: device.minor }
    : type === 'symlink'
      ? { type: 'symlink', linkname }
      : // tar-stream writes the type, and its own types lack it
        ({ type: 'fifo' } as unknown as Partial<Header>);
}

function linkEntry(prefix: string, name: string, target: string, header: TarHeader): TarFile {
  return { name: `${prefix}${name}`, header: { ...kept(header), type: 'link', linkname: `${prefix}${target}` } };
}

/** The largest id that fits into a header. */
const maxHeaderId = 0o777777;
const regularFile = 0o100000;

/** Mode, owner, time and extended attributes of an entry. */
function kept(header: TarHeader | undefined): Partial<Header> {
  const { mode = 0o755, uid = 0, gid = 0, mtime = 0, attributes = {} } = header ?? {};
  const pax: Record<string, string> = {
    ...attributes,
    ...(uid > maxHeaderId ? { uid: String(uid) } : {}),
    ...(gid > maxHeaderId ? { gid: String(gid) } : {}),
  };
  // tar-stream takes a mode of 0 for a missing one
  const fields = { mode: mode === 0 ? regularFile : mode, uid, gid, mtime: new Date(mtime * 1000) };
  return Object.keys(pax).length === 0 ? fields : { ...fields, pax };
}

/** Reads the headers of all layers. */
async function planOf(blobs: BlobStore, { layers }: StoredImage, options: ExportOptions): Promise<Plan> {
  const tree = new RootTree();
  for (const [layer, descriptor] of layers.entries()) {
    let entry = 0;
    for await (const { content: _, ...header } of layerEntries(blobs, descriptor, options)) {
      if (header.type !== 'other') {
        tree.add(header, layer, entry);
      }
      entry += 1;
    }
  }
  const folders: { path: string; header: TarHeader | undefined }[] = [];
  const files = new Map<number, Map<number, Placed>>();
  const others = new Map<Inode, Placed>();
  for (const { path, isFolder, inode } of tree.entries()) {
    if (isFolder || !inode) {
      folders.push({ path, header: inode?.header });
      continue;
    }
    const { layer, entry, header } = inode;
    if (header.type === 'file') {
      assertNotSparse(header);
      const ofLayer = files.get(layer) ?? new Map<number, Placed>();
      files.set(layer, ofLayer);
      addPath(ofLayer, entry, inode, path);
    } else {
      addPath(others, inode, inode, path);
    }
  }
  return { folders, files, others: [...others.values()] };
}

function assertNotSparse({ name, sparseSize }: TarHeader): void {
  if (sparseSize !== undefined) {
    throw fail(
      'image.corrupt',
      `The file ${sanitizeLine(name, 200)} is stored as sparse, without its empty parts, which engines do not unpack either.`,
      'Export the image as an archive of layers, such as oci-archive.',
    );
  }
}

function addPath<K>(placed: Map<K, Placed>, key: K, inode: Inode, path: string): void {
  const known = placed.get(key);
  if (known) {
    known.paths.push(path);
  } else {
    placed.set(key, { inode, paths: [path] });
  }
}

/** The files of an image with their content, which has to be read before the next file. */
async function* contents(
  blobs: BlobStore,
  { layers }: StoredImage,
  files: Plan['files'],
  options: ExportOptions,
): AsyncGenerator<{ readonly placed: Placed; readonly content: AsyncIterable<Buffer> }> {
  for (const [layer, descriptor] of layers.entries()) {
    const wanted = files.get(layer);
    if (!wanted) {
      options.onBytes?.(descriptor.size);
      continue;
    }
    let entry = 0;
    for await (const { content } of layerEntries(blobs, descriptor, options)) {
      const placed = wanted.get(entry);
      if (placed) {
        yield { placed, content: content() };
      }
      entry += 1;
    }
  }
}

/** Links are made last: until then, no path leads through one. */
async function writeTree(
  blobs: BlobStore,
  image: StoredImage,
  folder: string,
  notes: RootfsNotes,
  options: ExportOptions,
): Promise<void> {
  const { folders, files, others } = await planOf(blobs, image, options);
  const pathOf = (path: string): string => join(folder, path);
  for (const { path } of folders.slice(1)) {
    await mkdir(pathOf(path), { mode: 0o700 });
  }
  const limit = pLimit(maxSmallFiles);
  const writing = new Set<Promise<void>>();
  let failure: unknown;
  for await (const { placed, content } of contents(blobs, image, files, options)) {
    const { inode, paths } = placed;
    const path = pathOf(paths[0] ?? '');
    if (inode.header.size > smallBytes) {
      await writeFile(path, content, inode.header, notes);
      continue;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of content) {
      chunks.push(chunk);
    }
    const written = limit(() => writeFile(path, chunks, inode.header, notes)).catch((error: unknown) => {
      failure ??= error;
    });
    writing.add(written);
    void written.then(() => writing.delete(written));
    if (writing.size >= maxSmallFiles) {
      await Promise.race(writing);
    }
    if (failure !== undefined) {
      break;
    }
  }
  await Promise.all(writing);
  if (failure !== undefined) {
    throw failure;
  }
  const links = [...files.values()].flatMap((ofLayer) => [...ofLayer.values()]);
  for (const { inode, paths } of others) {
    await writeOther(inode.header, pathOf(paths[0] ?? ''), notes);
  }
  for (const { inode, paths } of [...links, ...others]) {
    if (isWritable(inode.header)) {
      for (const path of paths.slice(1)) {
        await link(pathOf(paths[0] ?? ''), pathOf(path));
      }
    }
  }
  options.signal?.throwIfAborted();
  for (const { path, header } of [...folders].reverse()) {
    await finishEntry(pathOf(path), header ?? { mode: 0o755, uid: 0, gid: 0, mtime: 0 }, notes);
  }
}

async function writeFile(
  path: string,
  content: AsyncIterable<Buffer> | readonly Buffer[],
  header: TarHeader,
  notes: RootfsNotes,
): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of content) {
      // unlike write, it writes all of it
      await file.writeFile(chunk);
      notes.addBytes(chunk.length);
    }
  } finally {
    await file.close();
  }
  if (header.attributes) {
    notes.loseAttributes();
  }
  await finishEntry(path, header, notes);
}

const setIdBits = 0o6000;

async function finishEntry(
  path: string,
  { mode, uid, gid, mtime }: Pick<TarHeader, 'mode' | 'uid' | 'gid' | 'mtime'>,
  notes: RootfsNotes,
): Promise<void> {
  if (notes.keepsOwners) {
    await lchown(path, uid, gid);
  } else {
    notes.loseOwner();
  }
  // a program that runs as its owner would run as the person who exports it
  await chmod(path, notes.keepsOwners ? mode & 0o7777 : mode & 0o777 & ~setIdBits);
  await utimes(path, mtime, mtime);
}

function isWritable({ type }: TarHeader): boolean {
  return type === 'symlink' || type === 'file';
}

async function writeOther(header: TarHeader, path: string, notes: RootfsNotes): Promise<void> {
  const { type, linkname, uid, gid, mtime } = header;
  if (type !== 'symlink') {
    if (type === 'fifo') {
      notes.skipPipe();
    } else {
      notes.skipDevice();
    }
    return;
  }
  await symlink(linkname, path);
  if (notes.keepsOwners) {
    await lchown(path, uid, gid);
  }
  await lutimes(path, mtime, mtime);
}
