import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LayerFile, LayerFiles } from './layer-files.ts';

/** A file or folder of an image, in a tree. */
export interface TreeNode {
  readonly name: string;
  /** What its layer says of it. Undefined for a folder that only the paths of others name. */
  file: LayerFile | undefined;
  /** The layer that has it, counted from 0. */
  layer: number;
  /** A layer has removed it. Only in the tree of one layer. */
  isRemoved: boolean;
  children: Map<string, TreeNode> | undefined;
  /** What is in it, in bytes: see {@link ImageTree.sum}. */
  bytes: number;
}

/** Linux follows 40 in one path. */
const maxLinks = 40;
/** Of a path, with the links on it. */
const maxParts = 4096;
const turnEntries = 2_000;

/**
 * The files of an image as its layers make them, or those of one layer. Engines unpack a layer over those below it: a path that an
 * entry names goes through the links that are there.
 * Source: OCI image-spec, "Applying Changesets".
 */
export class ImageTree {
  readonly root: TreeNode = makeNode('', 0);
  #files = 0;

  /** Files, links, devices and folders. */
  get files(): number {
    return this.#files;
  }

  /** @param layers from the lowest */
  static async merge(layers: readonly LayerFiles[]): Promise<ImageTree> {
    const tree = new ImageTree();
    for (const [index, { files }] of layers.entries()) {
      // what a layer removes is of those below it, wherever the archive says so
      for (const file of files) {
        if (file.type === 'removed' || file.type === 'opaque') {
          tree.#remove(file);
        }
      }
      await tree.#addAll(files, index);
    }
    tree.#sum();
    return tree;
  }

  /** The entries of one layer, with what it removes from those below. */
  static async ofLayer({ files }: LayerFiles, index: number): Promise<ImageTree> {
    const tree = new ImageTree();
    await tree.#addAll(files, index);
    for (const file of files.filter(({ type }) => type === 'removed')) {
      const { parent, name } = tree.#makeParent(file.path, index);
      if (!parent.children?.has(name)) {
        parent.children?.set(name, { ...makeNode(name, index), file, isRemoved: true });
      }
    }
    tree.#sum();
    return tree;
  }

  /** The node at a path, whose folders may be links. The last part is followed only where asked for. */
  find(path: string, follow = false): { readonly node: TreeNode; readonly path: string } | undefined {
    const trail = this.#follow(partsOf(path), follow, () => undefined);
    return trail && { node: trail.at(-1) ?? this.root, path: trail.map(({ name }) => name).join('/') };
  }

  /**
   * The nodes on the way to a path, through the links on it.
   * @param missing called for a part that is not a folder or not there; undefined ends the way
   */
  #follow(
    parts: readonly string[],
    followsLast: boolean,
    missing: (parent: TreeNode, name: string) => TreeNode | undefined,
  ): TreeNode[] | undefined {
    const rest = [...parts].reverse();
    const trail: TreeNode[] = [];
    let links = 0;
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (part === '..') {
        trail.pop();
        continue;
      }
      const parent = trail.at(-1) ?? this.root;
      let node = parent.children?.get(part);
      const isLink = node?.file?.type === 'symlink' && (rest.length > 0 || followsLast);
      links += isLink ? 1 : 0;
      if (isLink && node?.file && links <= maxLinks && rest.length < maxParts) {
        trail.length = node.file.link.startsWith('/') ? 0 : trail.length;
        rest.push(...partsOf(node.file.link).reverse());
        continue;
      }
      if (!node || (rest.length > 0 && !node.children)) {
        node = missing(parent, part);
      }
      if (!node) {
        return undefined;
      }
      trail.push(node);
    }
    return trail;
  }

  /** All nodes below one, in the order of their paths. */
  *walk(start: TreeNode, path: string): Generator<{ readonly node: TreeNode; readonly path: string }> {
    const pending = childrenOf(start, path).reverse();
    for (let next = pending.pop(); next; next = pending.pop()) {
      yield next;
      for (const child of childrenOf(next.node, next.path).reverse()) {
        pending.push(child);
      }
    }
  }

  async #addAll(files: readonly LayerFile[], layer: number): Promise<void> {
    for (const [index, file] of files.entries()) {
      if (file.type !== 'removed' && file.type !== 'opaque') {
        this.#add(file, layer);
      }
      if (index % turnEntries === turnEntries - 1) {
        await nextTurn();
      }
    }
  }

  #add(file: LayerFile, layer: number): void {
    if (file.path === '') {
      this.root.file = file;
      return;
    }
    const { parent, name } = this.#makeParent(file.path, layer);
    const before = parent.children?.get(name);
    if (before) {
      before.children = file.type === 'directory' ? (before.children ?? new Map()) : undefined;
      Object.assign(before, { file, layer });
      return;
    }
    const node = { ...makeNode(name, layer), file };
    node.children = file.type === 'directory' ? node.children : undefined;
    parent.children?.set(name, node);
  }

  /** The folder of a path. Folders that are missing are made, also where a link leads; what is not a folder becomes one. */
  #makeParent(path: string, layer: number): { readonly parent: TreeNode; readonly name: string } {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    const trail = this.#follow(partsOf(path.slice(0, Math.max(0, slash))), true, (parent, part) => {
      const node = makeNode(part, layer);
      parent.children?.set(part, node);
      return node;
    });
    const parent = trail?.at(-1) ?? this.root;
    if (!parent.children) {
      Object.assign(parent, { children: new Map(), file: undefined });
    }
    return { parent, name };
  }

  #remove({ path, type }: LayerFile): void {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (type === 'opaque') {
      this.find(path, true)?.node.children?.clear();
    } else {
      this.find(path.slice(0, -name.length), true)?.node.children?.delete(name);
    }
  }

  /** Adds up the sizes in each folder, where a hard link has none of its own, and counts what there is. */
  #sum(): void {
    const order: TreeNode[] = [this.root];
    for (let index = 0; index < order.length; index += 1) {
      for (const child of order[index]?.children?.values() ?? []) {
        order.push(child);
      }
    }
    this.#files = order.length - 1;
    for (const node of order.reverse()) {
      const own = node.file?.type === 'file' ? node.file.size : 0;
      node.bytes = own;
      for (const child of node.children?.values() ?? []) {
        node.bytes += child.bytes;
      }
    }
  }
}

function makeNode(name: string, layer: number): TreeNode {
  return { name, file: undefined, layer, isRemoved: false, children: new Map(), bytes: 0 };
}

/** Folders first, as file managers show them, then by name. */
export function childrenOf(node: TreeNode, path: string): { readonly node: TreeNode; readonly path: string }[] {
  return [...(node.children?.values() ?? [])]
    .sort(
      (one, other) =>
        Number(other.children !== undefined) - Number(one.children !== undefined) || (one.name < other.name ? -1 : 1),
    )
    .map((child) => ({ node: child, path: path === '' ? child.name : `${path}/${child.name}` }));
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
