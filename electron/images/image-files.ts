/** Lists and reads the files of stored images. */
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ImageFile, ImageFiles } from '../../shared/local-images.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { diskFailure } from '../system/file-errors.ts';
import { removeLeft } from '../system/new-folder.ts';
import { partPath } from '../system/part-path.ts';
import { decompress } from './decompress.ts';
import type { ImageStore } from './image-store.ts';
import { ImageTree, type TreeNode } from './image-tree.ts';
import { cleanPath, type LayerDamage, type LayerFiles } from './layer-files.ts';
import type { StoredImage } from './stored-list.ts';
import { readTarPath } from './tar-path.ts';
import { readTar } from './tar-reader.ts';

export interface FileSelection {
  readonly reference: string;
  readonly platform?: Platform | undefined;
  readonly layer?: number | undefined;
  readonly path: string;
}

export interface FileListing extends FileSelection {
  readonly recursive: boolean;
  readonly filter: string;
  readonly from: number;
  readonly count: number;
}

export interface ReadFilesOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called while layers are read that are not known yet, with their bytes. */
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

/** So many trees are kept: a person who opens one folder opens others. */
const maxTrees = 4;

interface KnownTree {
  readonly key: string;
  readonly tree: ImageTree;
  readonly notes: readonly string[];
}

/** The files of the images of a store. */
export class ImageFileReader {
  readonly #store: ImageStore;
  /** The last used first. */
  #trees: readonly KnownTree[] = [];

  constructor(store: ImageStore) {
    this.#store = store;
  }

  /** @throws Failure `image.unknown`, `image.path`, `image.incomplete`, `image.corrupt`; the reason of the signal */
  async list(listing: FileListing, options: ReadFilesOptions = {}): Promise<ImageFiles> {
    const { stored, lease } = await this.#store.leaseList(listing.reference);
    try {
      const image = selectPlatform(stored.images, listing);
      const { tree, notes } = await this.#read(image, listing.layer, options);
      const { node, path } = findIn(tree, listing);
      const { from, count } = listing;
      const files: ImageFile[] = [];
      let index = 0;
      for (const found of selected(tree, node, path, listing)) {
        if (index >= from + count) {
          break;
        }
        if (index >= from) {
          files.push(describe(tree, found.node, found.path));
        }
        index += 1;
      }
      return {
        platform: image.platform,
        path: `/${path}`,
        files,
        ...(index >= from + count ? { next: from + count } : {}),
        total: { files: tree.files, bytes: tree.bytesOf(tree.root) },
        notes: [...notes],
      };
    } finally {
      await lease.release();
    }
  }

  /**
   * Writes one file of an image to a new file, without its owner and its special modes.
   * @throws Failure like {@link list}; `image.destination`, `disk.full`, `settings.unwritable`
   */
  async save(
    selection: FileSelection,
    destination: string,
    options: ReadFilesOptions = {},
  ): Promise<{ path: string; bytes: number }> {
    if (!isAbsolute(destination)) {
      throw fail(
        'image.destination',
        `"${destination}" is not an absolute path.`,
        'Enter a path that begins at the root.',
      );
    }
    const { stored, lease } = await this.#store.leaseList(selection.reference);
    try {
      const image = selectPlatform(stored.images, selection);
      const { tree } = await this.#read(image, selection.layer, options);
      const { node } = fileIn(tree, selection);
      const layer = image.layers[node.layer];
      const file = node.entry;
      if (!layer || !file) {
        throw notAFile(selection);
      }
      const write = (content: AsyncIterable<Buffer>): Promise<number> =>
        writeNewFile(destination, content, file.mode, options.signal);
      const bytes = await this.#readContent(layer.digest, file.path, write, options.signal);
      if (bytes === undefined) {
        throw fail(
          'image.corrupt',
          `${selection.path} cannot be read from its layer.`,
          'Verify the image: barnraiser verify. If it is whole, who made it has written a layer that cannot be unpacked.',
        );
      }
      return { path: destination, bytes };
    } finally {
      await lease.release();
    }
  }

  async #read(image: StoredImage, layer: number | undefined, options: ReadFilesOptions): Promise<KnownTree> {
    const key = `${image.digest} ${layer ?? ''}`;
    const known = this.#trees.find((each) => each.key === key) ?? (await this.#build(image, layer, key, options));
    this.#trees = [known, ...this.#trees.filter((each) => each.key !== key)].slice(0, maxTrees);
    return known;
  }

  async #build(
    image: StoredImage,
    layer: number | undefined,
    key: string,
    { signal, onProgress }: ReadFilesOptions,
  ): Promise<KnownTree> {
    const wanted = layer === undefined ? image.layers : image.layers.slice(layer - 1, layer);
    if (wanted.length === 0 && layer !== undefined) {
      throw fail(
        'image.path',
        `The image for ${image.platform} has no layer ${layer}.`,
        `Use a number from 1 to ${image.layers.length}.`,
      );
    }
    const totalBytes = wanted.reduce((sum, { size }) => sum + size, 0);
    let doneBytes = 0;
    const onBytes = (count: number): void => {
      doneBytes += count;
      onProgress?.(doneBytes, totalBytes);
    };
    const notes: string[] = [];
    const { layerFiles } = this.#store;
    const read = async (index: number, { digest }: StoredImage['layers'][number]): Promise<LayerFiles> => {
      signal?.throwIfAborted();
      const files = await layerFiles.read(digest, { signal, onBytes });
      notes.push(...notesOf(files, layer ?? index + 1));
      return files;
    };
    // one after the other, so that memory has the files of one layer and the tree
    async function* each(): AsyncGenerator<LayerFiles> {
      for (const [index, descriptor] of wanted.entries()) {
        yield await read(index, descriptor);
      }
    }
    const [only] = wanted;
    const tree =
      layer !== undefined && only
        ? await ImageTree.ofLayer(await read(0, only), layer - 1)
        : await ImageTree.merge(each());
    return { key, tree, notes };
  }

  /** Undefined if the layer has no such file, or it is sparse. */
  async #readContent(
    layer: StoredImage['digest'],
    path: string,
    write: (content: AsyncIterable<Buffer>) => Promise<number>,
    signal: AbortSignal | undefined,
  ): Promise<number | undefined> {
    // a later entry of the same path replaces an earlier one
    let wanted = 0;
    for (const file of (await this.#store.layerFiles.read(layer, { signal })).files) {
      wanted += file.path === path && file.type === 'file' ? 1 : 0;
    }
    for await (const entry of readTar(decompress(this.#store.blobs.read(layer)))) {
      signal?.throwIfAborted();
      const { path: found, whiteout } = readTarPath(entry.name);
      if (entry.type === 'file' && whiteout === undefined && cleanPath(found) === path) {
        wanted -= 1;
        if (wanted === 0) {
          return entry.sparseSize === undefined ? await write(entry.content()) : undefined;
        }
      }
    }
    return undefined;
  }
}

/** @throws Failure `image.platform` */
export function selectPlatform(
  images: readonly StoredImage[],
  { reference, platform }: Pick<FileSelection, 'reference' | 'platform'>,
): StoredImage {
  const found =
    platform === undefined
      ? (images.find((image) => image.platform === hostPlatform) ?? images[0])
      : images.find((image) => image.platform === platform);
  if (!found) {
    throw fail(
      'image.platform',
      platform === undefined ? `${reference} has no images.` : `${reference} has no image for ${platform}.`,
      `Choose one of: ${images.map((image) => image.platform).join(', ')}.`,
    );
  }
  return found;
}

const hostPlatform = `linux/${({ x64: 'amd64', ia32: '386' } as Record<string, string>)[process.arch] ?? process.arch}`;

function findIn(tree: ImageTree, selection: FileSelection): { readonly node: TreeNode; readonly path: string } {
  const found = tree.find(selection.path, true) ?? tree.find(selection.path);
  if (!found) {
    throw fail(
      'image.path',
      `There is no ${selection.path} in ${selection.reference}${selection.layer === undefined ? '' : `, layer ${selection.layer}`}.`,
      'List the folder above it.',
    );
  }
  return found;
}

/** The file itself, for a hard link or a link that leads to one. */
function fileIn(tree: ImageTree, selection: FileSelection): { readonly node: TreeNode } {
  let { node } = findIn(tree, selection);
  // hard links may lead to hard links
  for (let steps = 0; node.entry?.type === 'link' && steps < 40; steps += 1) {
    node = tree.find(node.entry.link)?.node ?? node;
  }
  if (node.entry?.type !== 'file') {
    throw notAFile(selection);
  }
  return { node };
}

function notAFile({ path }: FileSelection) {
  return fail('image.path', `${path} is not a file.`, 'Choose a file. A whole image is written by barnraiser export.');
}

function* selected(
  tree: ImageTree,
  node: TreeNode,
  path: string,
  { recursive, filter }: FileListing,
): Iterable<{ readonly node: TreeNode; readonly path: string }> {
  if (!node.children) {
    yield { node, path };
    return;
  }
  if (!recursive && filter === '') {
    yield* tree.childrenOf(node, path);
    return;
  }
  const wanted = filter.toLowerCase();
  for (const found of tree.below(node, path)) {
    if (wanted === '' || found.path.toLowerCase().includes(wanted)) {
      yield found;
    }
  }
}

function describe(tree: ImageTree, node: TreeNode, path: string): ImageFile {
  const { entry: file, layer, children } = node;
  const isRemoved = file?.type === 'removed';
  const type = !file || file.type === 'removed' || file.type === 'opaque' ? 'directory' : file.type;
  const target = type === 'link' ? tree.find(file?.link ?? '')?.node.entry : undefined;
  const time = new Date((file?.mtime ?? 0) * 1000);
  return {
    path: `/${path}`,
    type: isRemoved ? 'file' : type,
    size: children ? tree.bytesOf(node) : (target?.size ?? file?.size ?? 0),
    mode: target?.mode ?? file?.mode ?? 0o755,
    uid: file?.uid ?? 0,
    gid: file?.gid ?? 0,
    ...(file && !Number.isNaN(time.getTime()) ? { modifiedAt: time.toISOString() } : {}),
    ...(file && (type === 'symlink' || type === 'link') ? { link: type === 'link' ? `/${file.link}` : file.link } : {}),
    layer: layer + 1,
    ...(isRemoved ? { isRemoved } : {}),
  };
}

const cutTexts: Readonly<Record<LayerDamage, string>> = {
  entries: 'has more files than are read',
  bytes: 'is larger than what is read when it is uncompressed',
  damaged: 'is damaged or not a tar archive',
};

function notesOf({ isCut, skipped }: LayerFiles, number: number): string[] {
  return [
    ...(isCut ? [`Layer ${number} ${cutTexts[isCut]}, so that not all of its files are shown.`] : []),
    ...(skipped > 0
      ? [`${skipped} entries of layer ${number} are left out: their names lead out of the image, or are too long.`]
      : []),
  ];
}

async function writeNewFile(
  path: string,
  content: AsyncIterable<Buffer>,
  mode: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  if (await stat(path).catch(() => undefined)) {
    throw fail('image.destination', `${path} already exists.`, 'Remove it first, or choose another file.');
  }
  const part = partPath(path);
  let bytes = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of content) {
      bytes += chunk.length;
      yield chunk;
    }
  }
  try {
    const file = createWriteStream(part, { flags: 'wx', mode: 0o600 | (mode & 0o700) });
    await pipeline(counted(), file, signal ? { signal } : {});
    await rename(part, path);
    await removeLeft(path);
    return bytes;
  } catch (error) {
    signal?.throwIfAborted();
    throw diskFailure(error, path);
  } finally {
    await rm(part, { force: true });
  }
}
