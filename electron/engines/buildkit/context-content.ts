import type { PackedTar } from '../../context/context-source.ts';

/** A part of a file's content. An empty one ends the content. */
export interface ContentPart {
  readonly id: number;
  readonly data: Uint8Array;
}

/** A file whose content is wanted: where it is in the tar, in bytes. */
export interface WantedFile {
  readonly id: number;
  readonly offset: number;
  readonly size: number;
}

/** What may be read between two files to read both at once. In bytes. */
const maxGapBytes = 4096;

const endOf = ({ offset, size }: WantedFile): number => offset + size;

/** The content of some files, one after the other. Files that are near each other in the tar are read at once. */
export async function* readContents(
  tar: Pick<PackedTar, 'read'>,
  files: readonly WantedFile[],
): AsyncGenerator<ContentPart> {
  let group: WantedFile[] = [];
  for (const file of files) {
    const last = group.at(-1);
    if (last && (file.offset < endOf(last) || file.offset - endOf(last) > maxGapBytes)) {
      yield* readGroup(tar, group);
      group = [];
    }
    group.push(file);
  }
  yield* readGroup(tar, group);
}

async function* readGroup(tar: Pick<PackedTar, 'read'>, group: readonly WantedFile[]): AsyncGenerator<ContentPart> {
  const [first, last] = [group[0], group.at(-1)];
  if (!first || !last) {
    return;
  }
  const rest = [...group].reverse();
  let start = first.offset;
  for await (const chunk of start < endOf(last) ? tar.read(start, endOf(last)) : []) {
    const end = start + chunk.length;
    for (let next = rest.at(-1); next && next.offset < end; next = rest.at(-1)) {
      const [from, to] = [Math.max(next.offset, start), Math.min(endOf(next), end)];
      if (from < to) {
        yield { id: next.id, data: chunk.subarray(from - start, to - start) };
      }
      if (to < endOf(next)) {
        break; // the rest is in the next chunk
      }
      yield { id: next.id, data: new Uint8Array() };
      rest.pop();
    }
    start = end;
  }
  // empty files at the end
  for (const { id, size } of rest.reverse()) {
    if (size > 0) {
      throw new Error('The packed context is shorter than its files.');
    }
    yield { id, data: new Uint8Array() };
  }
}
