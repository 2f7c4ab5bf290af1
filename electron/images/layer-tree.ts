/**
 * The tree that layers make, each over those below it. What the layers say is not trusted: the work for a path is limited, and so is the
 * tree.
 * Source: OCI image-spec, "Applying Changesets". Engines unpack a layer over those below it: a path that an entry names goes through
 * the links that are there.
 */
import { fail } from '../../shared/problem.ts';
import type { TarPath } from './tar-path.ts';

/** Linux follows 40 in one path. */
const maxLinks = 40;
/** Parts of one path, with those of the links on it. Linux allows 2048 in a path of 4096 bytes. */
const maxSteps = 4096;
const maxNodes = 4_000_000;
/** Folders that no entry names: images leave out few. */
const maxImplied = 250_000;

export interface LayerNode<E> {
  readonly name: string;
  /** What the layer says of it. Undefined for a folder that only the paths of others name. */
  entry: E | undefined;
  /** The layer that has it, counted from 0. */
  layer: number;
  /** Of a folder. */
  children: Map<string, LayerNode<E>> | undefined;
  /** The last layer that is known to have nothing of the layers below it in this folder. */
  clearedIn: number;
}

export interface FoundNode<E> {
  readonly node: LayerNode<E>;
  /** With links followed, and without a slash at its beginning. */
  readonly path: string;
}

/** Layers are added from the lowest. @typeParam E what a layer says of a path */
export class LayerTree<E> {
  readonly root: LayerNode<E> = makeNode<E>('', undefined, 0, true);
  /** Where a symbolic link leads, for an entry that is one. */
  readonly #linkOf: (entry: E) => string | undefined;
  #count = 0;
  #implied = 0;

  constructor(linkOf: (entry: E) => string | undefined) {
    this.#linkOf = linkOf;
  }

  /** Paths that were added, and the folders above them. */
  get count(): number {
    return this.#count;
  }

  /**
   * Puts an entry at a path. A folder keeps what it has.
   * @throws Failure `image.too-large`, `image.corrupt`
   */
  add(path: string, entry: E, isFolder: boolean, layer: number): void {
    const parts = partsOf(path);
    const name = parts.pop();
    if (name === undefined) {
      this.root.entry = isFolder ? entry : this.root.entry;
      return;
    }
    const parent = this.#folder(parts, layer);
    const before = parent.get(name);
    if (before) {
      before.children = isFolder ? (before.children ?? new Map()) : undefined;
      Object.assign(before, { entry, layer });
    } else {
      this.#put(parent, makeNode(name, entry, layer, isFolder));
    }
  }

  /** Removes what lower layers have at a path, or in a folder. What the layer itself has stays, wherever in its archive it is. */
  remove({ path, whiteout }: TarPath, layer: number): void {
    if (whiteout === 'invalid') {
      return;
    }
    const parts = partsOf(path);
    const name = whiteout === 'path' ? parts.pop() : undefined;
    const folder = this.#walk(parts, true)?.node;
    if (name === undefined) {
      if (folder && whiteout === 'opaque') {
        clear(folder, layer);
      }
      return;
    }
    const node = folder?.children?.get(name);
    if (node) {
      clear(node, layer);
      if (node.layer < layer && !node.children?.size) {
        folder?.children?.delete(name);
      }
    }
  }

  /** The node at a path, whose folders may be links. The last part is followed only where asked for. */
  find(path: string, followsLast = false): FoundNode<E> | undefined {
    return this.#walk(partsOf(path), followsLast);
  }

  /** All nodes below one, each folder before what is in it. */
  *below(start: LayerNode<E>, path: string, order: Order<E> = byName): Generator<FoundNode<E>> {
    const pending = childrenOf(start, path, order).reverse();
    for (let next = pending.pop(); next; next = pending.pop()) {
      yield next;
      for (const child of childrenOf(next.node, next.path, order).reverse()) {
        pending.push(child);
      }
    }
  }

  /** The content of a folder. What is missing of it is made, and what is not a folder becomes one. */
  #folder(parts: readonly string[], layer: number): Map<string, LayerNode<E>> {
    const node =
      this.#walk(parts, true, (parent, name) => {
        this.#implied += 1;
        const made = makeNode<E>(name, undefined, layer, true);
        this.#put(parent, made);
        return made;
      })?.node ?? this.root;
    node.children ??= new Map();
    return node.children;
  }

  #put(parent: Map<string, LayerNode<E>>, node: LayerNode<E>): void {
    if (!parent.has(node.name)) {
      this.#count += 1;
      if (this.#count > maxNodes || this.#implied > maxImplied) {
        throw fail(
          'image.too-large',
          `The image has more than ${this.#count > maxNodes ? `${maxNodes} files` : `${maxImplied} folders without entries of their own`}.`,
          'Export it as an archive of layers, such as oci-archive.',
        );
      }
    }
    parent.set(node.name, node);
  }

  /** @param make for a part that is missing, or is not a folder. Without it, the walk ends there */
  #walk(
    parts: readonly string[],
    followsLast: boolean,
    make?: (parent: Map<string, LayerNode<E>>, name: string) => LayerNode<E>,
  ): FoundNode<E> | undefined {
    const rest = [...parts].reverse();
    const trail: LayerNode<E>[] = [];
    let links = 0;
    let steps = 0;
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      steps += 1;
      if (steps > maxSteps) {
        throw fail('image.corrupt', `A path of the image has more than ${maxSteps} parts.`, 'Build the image again.');
      }
      if (part === '..') {
        trail.pop();
        continue;
      }
      const siblings = (trail.at(-1) ?? this.root).children;
      const found = siblings?.get(part);
      const isLast = rest.length === 0;
      const link = found?.entry !== undefined && (!isLast || followsLast) ? this.#linkOf(found.entry) : undefined;
      if (link !== undefined && links < maxLinks) {
        links += 1;
        trail.length = link.startsWith('/') ? 0 : trail.length;
        const more = rawParts(link);
        for (let index = Math.min(more.length, maxSteps) - 1; index >= 0; index -= 1) {
          rest.push(more[index] ?? '');
        }
        continue;
      }
      const isUsable = found && (make ? found.children !== undefined : isLast || found.children !== undefined);
      const node = isUsable ? found : siblings && make?.(siblings, part);
      if (!node) {
        return undefined;
      }
      trail.push(node);
    }
    return { node: trail.at(-1) ?? this.root, path: trail.map(({ name }) => name).join('/') };
  }
}

function makeNode<E>(name: string, entry: E | undefined, layer: number, isFolder: boolean): LayerNode<E> {
  return { name, entry, layer, children: isFolder ? new Map() : undefined, clearedIn: layer };
}

/** Removes from a folder what lower layers have, once for each layer. Folders that have something of the layer stay. */
function clear<E>(folder: LayerNode<E>, layer: number): void {
  if (!folder.children || folder.clearedIn === layer) {
    return;
  }
  folder.clearedIn = layer;
  for (const [name, node] of folder.children) {
    clear(node, layer);
    if (node.layer < layer && !node.children?.size) {
      folder.children.delete(name);
    }
  }
}

type Order<E> = (one: LayerNode<E>, other: LayerNode<E>) => number;

export function byName({ name: one }: { readonly name: string }, { name: other }: { readonly name: string }): number {
  return one < other ? -1 : 1;
}

/** What is in a folder, in order. Nothing for what is not a folder. */
export function childrenOf<E>(node: LayerNode<E>, path: string, order: Order<E>): FoundNode<E>[] {
  return [...(node.children?.values() ?? [])]
    .sort(order)
    .map((child) => ({ node: child, path: path === '' ? child.name : `${path}/${child.name}` }));
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
