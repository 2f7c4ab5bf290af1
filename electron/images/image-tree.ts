import { setImmediate as nextTurn } from 'node:timers/promises';
import { fail } from '../../shared/problem.ts';
import type { LayerFile, LayerFiles } from './layer-files.ts';
import { byName, childrenOf, type FoundNode, type LayerNode, LayerTree } from './layer-tree.ts';

/** A file or folder of an image. In the tree of one layer, the type of its entry is `removed` for what the layer removes. */
export type TreeNode = LayerNode<LayerFile>;
type Found = FoundNode<LayerFile>;

/** Entries of all layers together. A manifest may name the same layer a thousand times. */
const maxEntries = 8_000_000;
const turnEntries = 2_000;

/** The files of an image as its layers make them, or those of one layer. */
export class ImageTree {
  readonly #tree = new LayerTree<LayerFile>(({ type, link }) => (type === 'symlink' ? link : undefined));
  readonly #bytes = new Map<TreeNode, number>();
  #entries = 0;

  get root(): TreeNode {
    return this.#tree.root;
  }

  /** Files, links, devices and folders. */
  get files(): number {
    return this.#bytes.size - 1;
  }

  /** What is in a folder, or the size of a file, in bytes. A hard link has none of its own. */
  bytesOf(node: TreeNode): number {
    return this.#bytes.get(node) ?? 0;
  }

  /** @param layers from the lowest. Each is read when it is needed. @throws Failure `image.too-large`, `image.corrupt` */
  static async merge(layers: Iterable<LayerFiles> | AsyncIterable<LayerFiles>): Promise<ImageTree> {
    const tree = new ImageTree();
    let index = 0;
    for await (const { files } of layers) {
      await tree.#addAll(files, index);
      index += 1;
    }
    tree.#sum();
    return tree;
  }

  /** The entries of one layer, with what it removes from those below. */
  static async ofLayer({ files }: LayerFiles, index: number): Promise<ImageTree> {
    const tree = new ImageTree();
    await tree.#addAll(
      files.filter(({ type }) => type !== 'removed'),
      index,
    );
    for (const file of files) {
      if (file.type === 'removed' && !tree.find(file.path)) {
        tree.#tree.add(file.path, file, false, index);
      }
    }
    tree.#sum();
    return tree;
  }

  /** The node at a path, whose folders may be links. The last part is followed only where asked for. */
  find(path: string, follow = false): Found | undefined {
    return this.#tree.find(path, follow);
  }

  /** What is in a folder: folders first, as file managers show them, then by name. */
  childrenOf(node: TreeNode, path: string): Found[] {
    return childrenOf(node, path, foldersFirst);
  }

  /** All nodes below one, in the order of {@link childrenOf}. */
  below(node: TreeNode, path: string): Generator<Found> {
    return this.#tree.below(node, path, foldersFirst);
  }

  async #addAll(files: readonly LayerFile[], layer: number): Promise<void> {
    for (const [index, file] of files.entries()) {
      this.#entries += 1;
      if (this.#entries > maxEntries) {
        throw fail(
          'image.too-large',
          `The layers of the image have more than ${maxEntries} entries.`,
          'Choose one of its layers.',
        );
      }
      const { path, type } = file;
      if (type === 'removed' || type === 'opaque') {
        this.#tree.remove({ path, whiteout: type === 'opaque' ? 'opaque' : 'path' }, layer);
      } else {
        this.#tree.add(path, file, type === 'directory', layer);
      }
      if (index % turnEntries === turnEntries - 1) {
        await nextTurn();
      }
    }
  }

  /** Adds up the sizes in each folder. */
  #sum(): void {
    const order: TreeNode[] = [this.root];
    for (let index = 0; index < order.length; index += 1) {
      for (const child of order[index]?.children?.values() ?? []) {
        order.push(child);
      }
    }
    for (const node of order.reverse()) {
      let bytes = node.entry?.type === 'file' ? node.entry.size : 0;
      for (const child of node.children?.values() ?? []) {
        bytes += this.bytesOf(child);
      }
      this.#bytes.set(node, bytes);
    }
  }
}

function foldersFirst(one: TreeNode, other: TreeNode): number {
  return Number(other.children !== undefined) - Number(one.children !== undefined) || byName(one, other);
}
