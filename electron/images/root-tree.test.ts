import { describe, expect, test } from 'vitest';
import { RootTree, type TarHeader } from './root-tree.ts';

type Entry = readonly [name: string, type?: string, target?: string];

/** The paths of a tree of layers: folders end with a slash, other paths name the layer and entry of their content. */
function pathsOf(...layers: readonly (readonly Entry[])[]): string[] {
  const tree = new RootTree();
  for (const [layer, entries] of layers.entries()) {
    for (const [entry, [name, type = name.endsWith('/') ? 'directory' : 'file', linkname]] of entries.entries()) {
      tree.add(
        { name, type, linkname: linkname ?? '', mode: 0o644, uid: 0, gid: 0, size: 0, mtime: 0 } as never,
        layer,
        entry,
      );
    }
  }
  return [...tree.entries()]
    .slice(1)
    .map(({ path, isFolder, inode }) => (isFolder ? `${path}/` : `${path} ${inode?.layer}.${inode?.entry}`));
}

describe('the tree of layers', () => {
  test('has each path from the highest layer', () => {
    expect(pathsOf([['a'], ['b']], [['a']], [['c/d']])).toEqual(['a 1.0', 'b 0.1', 'c/', 'c/d 2.0']);
  });

  test('merges folders, and replaces folders and files by one another', () => {
    expect(pathsOf([['a/x'], ['b'], ['c/y']], [['a/'], ['b/z'], ['c']])).toEqual([
      'a/',
      'a/x 0.0',
      'b/',
      'b/z 1.1',
      'c 1.2',
    ]);
  });

  test('does not have what whiteouts hide, except of their own layer', () => {
    expect(pathsOf([['a/x'], ['a/y'], ['b/c/d']], [['a/new'], ['a/.wh.x'], ['.wh.b'], ['b/e']])).toEqual([
      'a/',
      'a/new 1.0',
      'a/y 0.1',
      'b/',
      'b/e 1.3',
    ]);
    expect(pathsOf([['a/x'], ['a/y/z']], [['a/new'], ['a/y/w'], ['a/.wh..wh..opq']])).toEqual([
      'a/',
      'a/new 1.0',
      'a/y/',
      'a/y/w 1.1',
    ]);
    expect(pathsOf([['a']], [['.wh.missing'], ['missing/.wh.a']])).toEqual(['a 0.0']);
  });

  test('follows links in folders, and never leads out of the image', () => {
    expect(pathsOf([['usr/lib/'], ['lib', 'symlink', 'usr/lib']], [['lib/x']])).toEqual([
      'lib 0.1',
      'usr/',
      'usr/lib/',
      'usr/lib/x 1.0',
    ]);
    expect(pathsOf([['up', 'symlink', '../../..']], [['up/etc/passwd'], ['../../x'], ['/abs']])).toEqual([
      'abs 1.2',
      'etc/',
      'etc/passwd 1.0',
      'up 0.0',
      'x 1.1',
    ]);
    expect(
      pathsOf(
        [
          ['a', 'symlink', 'b'],
          ['b', 'symlink', 'a'],
        ],
        [['a/x']],
      ),
    ).toHaveLength(3);
  });

  test('has one content for hard links, also when another layer replaces one of them', () => {
    expect(pathsOf([['a'], ['b', 'link', './a'], ['c', 'link', 'b']], [['a']])).toEqual(['a 1.0', 'b 0.0', 'c 0.0']);
    expect(() => pathsOf([['b', 'link', 'missing']])).toThrow('hard link');
  });

  test('does not fill the memory with extended attributes', () => {
    const tree = new RootTree();
    const attributes = { 'SCHILY.xattr.user.x': 'v'.repeat(1_000_000) };
    const add = (index: number): void => {
      const header: TarHeader = {
        name: `${index}`,
        type: 'file',
        linkname: '',
        mode: 0,
        uid: 0,
        gid: 0,
        size: 0,
        mtime: 0,
        attributes,
      };
      tree.add(header, 0, index);
    };
    expect(() => Array.from({ length: 300 }, (_, index) => add(index))).toThrow(/extended attributes/);
  });
});
