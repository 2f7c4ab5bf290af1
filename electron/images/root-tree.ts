/** The root file system of an image as a tree, made of the headers of its layers. No content is kept. */
import type { Header } from 'tar-stream';
import { fail } from '../../shared/problem.ts';

/** Limits for one image. */
const maxNodes = 4_000_000;
const maxDepth = 512;
/** The kernel follows 40. */
const maxLinks = 40;

/** A file with its content, or anything else except a folder. Several paths of the tree may have the same. */
export interface Inode {
  readonly header: Header;
  /** Where its content is: the number of the layer, and of the entry in it, both from 0. */
  readonly layer: number;
  readonly entry: number;
}

interface Node {
  /** The last layer that has touched it. */
  layer: number;
  /** Of a folder that only the paths of others name: undefined. */
  header: Header | undefined;
  /** Of a folder. */
  readonly children?: Map<string, Node>;
  readonly inode?: Inode;
}

/** A folder of the tree, or a path with an inode. `path` has no slash at its beginning; that of the root is empty. */
export type TreeEntry =
  | { readonly path: string; readonly header: Header | undefined; readonly inode?: undefined }
  | { readonly path: string; readonly inode: Inode };

/** Layers are added from the lowest. Source: OCI image-spec, layer.md. */
export class RootTree {
  readonly #root: Node = { layer: -1, header: undefined, children: new Map() };
  #count = 0;

  /**
   * Adds an entry of a layer.
   * @throws Failure `image.corrupt` for a link that leads nowhere, `image.too-large`
   */
  add(header: Header, layer: number, entry: number): void {
    const parts = partsOf(header.name);
    const name = parts.pop();
    if (name === undefined) {
      this.#root.header = header.type === 'directory' ? header : this.#root.header;
      return;
    }
    if (name.startsWith('.wh.')) {
      this.#remove(parts, name, layer);
      return;
    }
    const parent = this.#folder(parts, layer);
    const before = parent.children.get(name);
    if (header.type === 'directory') {
      if (before?.children) {
        before.header = header;
        before.layer = layer;
      } else {
        this.#put(parent, name, { layer, header, children: new Map() });
      }
    } else if (header.type === 'link') {
      const target = this.#find(partsOf(header.linkname ?? ''));
      if (!target?.inode) {
        throw corruptLink(header);
      }
      this.#put(parent, name, { layer, header: undefined, inode: target.inode });
    } else {
      this.#put(parent, name, { layer, header: undefined, inode: { header, layer, entry } });
    }
  }

  /** All folders and paths, each folder before what is in it, in the order of names. */
  *entries(): Generator<TreeEntry> {
    yield { path: '', header: this.#root.header };
    const pending = childrenOf(this.#root, '');
    for (let next = pending.pop(); next; next = pending.pop()) {
      const [path, node] = next;
      if (node.inode) {
        yield { path, inode: node.inode };
      } else {
        yield { path, header: node.header };
        pending.push(...childrenOf(node, path));
      }
    }
  }

  #put(parent: Folder, name: string, node: Node): void {
    if (!parent.children.has(name)) {
      this.#count += 1;
      if (this.#count > maxNodes) {
        throw fail(
          'image.too-large',
          `The image has more than ${maxNodes} files.`,
          'Export it as an archive of layers, such as oci-archive.',
        );
      }
    }
    parent.children.set(name, node);
  }

  /** A whiteout hides what lower layers have, not what its own layer has. */
  #remove(parts: readonly string[], name: string, layer: number): void {
    const parent = this.#find(parts, true);
    if (!parent?.children) {
      return;
    }
    if (name === '.wh..wh..opq') {
      purge(parent.children, layer);
      return;
    }
    const hidden = name.slice('.wh.'.length);
    const node = parent.children.get(hidden);
    if (node?.children && node.layer === layer) {
      purge(node.children, layer);
    } else if (node && node.layer < layer) {
      parent.children.delete(hidden);
    }
  }

  /** The folder of an entry. What is missing of it is made, and links are followed inside the image. */
  #folder(parts: readonly string[], layer: number): Folder {
    const rest = [...parts].reverse();
    const at: Folder[] = [this.#rootFolder];
    let links = 0;
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      const here = at.at(-1) ?? this.#rootFolder;
      if (part === '..') {
        at.splice(Math.max(1, at.length - 1));
        continue;
      }
      const found = here.children.get(part);
      const target = found?.inode?.header.type === 'symlink' ? (found.inode.header.linkname ?? '') : undefined;
      if (target !== undefined && links < maxLinks) {
        links += 1;
        if (target.startsWith('/')) {
          at.splice(1);
        }
        rest.push(...rawParts(target).reverse());
      } else if (found?.children) {
        found.layer = layer;
        at.push(found as Folder);
      } else {
        const made: Folder = { layer, header: undefined, children: new Map() };
        this.#put(here, part, made);
        at.push(made);
      }
      if (at.length > maxDepth) {
        throw fail('image.corrupt', `A path of the image has more than ${maxDepth} folders.`, 'Build the image again.');
      }
    }
    return at.at(-1) ?? this.#rootFolder;
  }

  get #rootFolder(): Folder {
    return this.#root as Folder;
  }

  /** What is at a path. Links in its folders are followed, and its last part if that is asked for. */
  #find(parts: readonly string[], followsLast = false): Node | undefined {
    const rest = [...parts].reverse();
    const at: Node[] = [this.#root];
    let links = 0;
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (part === '..') {
        at.splice(Math.max(1, at.length - 1));
        continue;
      }
      const found = at.at(-1)?.children?.get(part);
      if (!found) {
        return undefined;
      }
      const isLast = rest.length === 0;
      if (found.inode?.header.type === 'symlink' && (!isLast || followsLast)) {
        const target = found.inode.header.linkname ?? '';
        links += 1;
        if (links > maxLinks) {
          return undefined;
        }
        if (target.startsWith('/')) {
          at.splice(1);
        }
        rest.push(...rawParts(target).reverse());
      } else {
        at.push(found);
      }
    }
    return at.at(-1);
  }
}

type Folder = Node & { readonly children: Map<string, Node> };

/** Removes what lower layers have put into a folder. */
function purge(children: Map<string, Node>, layer: number): void {
  const pending = [children];
  for (let next = pending.pop(); next; next = pending.pop()) {
    for (const [name, node] of next) {
      if (node.layer < layer) {
        next.delete(name);
      } else if (node.children) {
        pending.push(node.children);
      }
    }
  }
}

/** In reverse order. */
function childrenOf(node: Node, path: string): [string, Node][] {
  return [...(node.children ?? [])]
    .sort(([one], [other]) => (one < other ? 1 : -1))
    .map(([name, child]) => [path === '' ? name : `${path}/${name}`, child]);
}

/** The parts of a path from the root, above which nothing leads. */
function partsOf(path: string): string[] {
  const parts: string[] = [];
  for (const part of rawParts(path)) {
    if (part === '..') {
      parts.pop();
    } else {
      parts.push(part);
    }
  }
  return parts;
}

function rawParts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function corruptLink({ name, linkname }: Header) {
  return fail(
    'image.corrupt',
    'A layer of the image has a hard link to a file that is not there.',
    'Build the image again.',
    `${name} → ${linkname ?? ''}`,
  );
}
