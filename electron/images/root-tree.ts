/** The root file system of an image as a tree, made of the headers of its layers. No content is kept. */
import { fail } from '../../shared/problem.ts';
import { type FoundNode, LayerTree } from './layer-tree.ts';
import { readTarPath } from './tar-path.ts';
import type { TarEntry } from './tar-reader.ts';

export type TarHeader = Omit<TarEntry, 'content'>;

/** Names, targets of links, and extended attributes of all entries together, in characters. */
const maxTextLength = 256 * 1024 ** 2;

/** A file with its content, a folder, or anything else. Several paths of the tree may have the same. */
export interface Inode {
  readonly header: TarHeader;
  /** Where its content is: the number of the layer, and of the entry in it, both from 0. */
  readonly layer: number;
  readonly entry: number;
}

/** A path of the tree, without a slash at its beginning; that of the root is empty. */
export interface TreeEntry {
  readonly path: string;
  readonly isFolder: boolean;
  /** Undefined for a folder that only the paths of others name. */
  readonly inode: Inode | undefined;
}

/** Layers are added from the lowest. */
export class RootTree {
  readonly #tree = new LayerTree<Inode>(({ header }) => (header.type === 'symlink' ? header.linkname : undefined));
  #textLength = 0;

  /**
   * Adds an entry of a layer.
   * @throws Failure `image.corrupt` for a link that leads nowhere, `image.too-large`
   */
  add(header: TarHeader, layer: number, entry: number): void {
    this.#count(header);
    const path = readTarPath(header.name);
    if (path.whiteout) {
      this.#tree.remove(path, layer);
      return;
    }
    let inode: Inode | undefined = { header, layer, entry };
    if (header.type === 'link') {
      const target = this.#tree.find(header.linkname)?.node;
      inode = target?.children ? undefined : target?.entry;
      if (!inode) {
        throw corruptLink(header);
      }
    }
    this.#tree.add(path.path, inode, header.type === 'directory', layer);
  }

  /** All folders and paths, each folder before what is in it, in the order of names. */
  *entries(): Generator<TreeEntry> {
    const { root } = this.#tree;
    yield entryOf({ node: root, path: '' });
    for (const found of this.#tree.below(root, '')) {
      yield entryOf(found);
    }
  }

  #count({ name, linkname, attributes = {} }: TarHeader): void {
    this.#textLength += name.length + linkname.length;
    for (const [key, value] of Object.entries(attributes)) {
      this.#textLength += key.length + value.length;
    }
    if (this.#textLength > maxTextLength) {
      throw fail(
        'image.too-large',
        `The names and extended attributes of the image have more than ${maxTextLength} characters.`,
        'Export it as an archive of layers, such as oci-archive.',
      );
    }
  }
}

function entryOf({ node, path }: FoundNode<Inode>): TreeEntry {
  return { path, isFolder: node.children !== undefined, inode: node.entry };
}

function corruptLink({ name, linkname }: TarHeader) {
  return fail(
    'image.corrupt',
    'A layer of the image has a hard link to a file that is not there.',
    'Build the image again.',
    `${name} → ${linkname}`,
  );
}
