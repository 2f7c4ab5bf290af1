import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FileChange, maxListedDifferences, type PlatformComparison } from '../../shared/compare.ts';
import type { Digest } from '../../shared/image.ts';
import type { ImageStore } from '../images/image-store.ts';
import { ImageTree } from '../images/image-tree.ts';
import type { LayerFile, LayerFiles } from '../images/layer-files.ts';
import type { SideLayer } from './side.ts';

const turnEntries = 5_000;

/** A file of an image, and the layer that has it. */
interface FoundFile extends LayerFile {
  readonly layer: Digest | undefined;
}

interface Files {
  readonly files: ReadonlyMap<string, FoundFile>;
  readonly bytes: number;
  readonly isPartial: boolean;
}

/**
 * Which files two images differ in. A file of a layer that both have is the same; of others, what their layers say of them is compared:
 * their contents are not read.
 * @throws Failure `image.incomplete`; the reason of the signal
 */
export async function compareFiles(
  store: ImageStore,
  a: readonly SideLayer[],
  b: readonly SideLayer[],
  signal: AbortSignal,
): Promise<NonNullable<PlatformComparison['files']>> {
  const before = await readFiles(store, a, signal);
  const after = await readFiles(store, b, signal);
  const counts = { added: 0, removed: 0, changed: 0, rewritten: 0 };
  const changes: FileChange[] = [];
  let seen = 0;
  for (const path of new Set([...before.files.keys(), ...after.files.keys()])) {
    const change = compareFile(path, before.files.get(path), after.files.get(path));
    if (change) {
      counts[change.change] += 1;
      changes.push(change);
    }
    seen += 1;
    if (seen % turnEntries === 0) {
      signal.throwIfAborted();
      await nextTurn();
    }
  }
  const weight = ({ a: one = 0, b: other = 0 }: FileChange): number => Math.abs(other - one);
  changes.sort(
    (one, other) =>
      Number(one.change === 'rewritten') - Number(other.change === 'rewritten') ||
      weight(other) - weight(one) ||
      (one.path < other.path ? -1 : 1),
  );
  return {
    ...counts,
    entries: changes.slice(0, maxListedDifferences),
    bytesA: before.bytes,
    bytesB: after.bytes,
    isPartial: before.isPartial || after.isPartial,
  };
}

async function readFiles(store: ImageStore, layers: readonly SideLayer[], signal: AbortSignal): Promise<Files> {
  let isPartial = false;
  async function* each(): AsyncGenerator<LayerFiles> {
    for (const { digest } of layers) {
      signal.throwIfAborted();
      const read = await store.layerFiles.read(digest, { signal });
      isPartial ||= read.isCut !== undefined;
      yield read;
    }
  }
  const tree = await ImageTree.merge(each());
  const files = new Map<string, FoundFile>();
  for (const { node, path } of tree.below(tree.root, '')) {
    // a folder that has only the names of its files changes with them
    if (node.entry && node.entry.type !== 'directory') {
      files.set(path, { ...node.entry, layer: layers[node.layer]?.digest });
    }
  }
  return { files, bytes: tree.bytesOf(tree.root), isPartial };
}

function compareFile(path: string, a: FoundFile | undefined, b: FoundFile | undefined): FileChange | undefined {
  if (!a || !b) {
    const file = a ?? b;
    return file && { path: `/${path}`, change: a ? 'removed' : 'added', ...(a ? { a: file.size } : { b: file.size }) };
  }
  if (a.layer === b.layer) {
    return undefined;
  }
  const notes = [
    ...(a.type === b.type ? [] : [`${a.type} → ${b.type}`]),
    ...(a.mode === b.mode ? [] : [`mode ${octal(a.mode)} → ${octal(b.mode)}`]),
    ...(a.uid === b.uid && a.gid === b.gid ? [] : [`owner ${a.uid}:${a.gid} → ${b.uid}:${b.gid}`]),
    ...(a.link === b.link ? [] : [`leads to ${b.link}`]),
  ];
  const isChanged = notes.length > 0 || a.size !== b.size;
  if (!isChanged && (a.type !== 'file' || a.mtime === b.mtime)) {
    return undefined;
  }
  return {
    path: `/${path}`,
    change: isChanged ? 'changed' : 'rewritten',
    ...{ a: a.size, b: b.size },
    ...(notes.length > 0 ? { note: notes.join(', ') } : {}),
  };
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8);
}
