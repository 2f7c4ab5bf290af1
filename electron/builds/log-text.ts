import { type FileHandle, open } from 'node:fs/promises';

/**
 * A read stops after this many characters, even if it has fewer lines than requested. A line may have 64 Ki characters.
 */
const maxReadCharacters = 16 * 1024 * 1024;

/**
 * Reads at most `count` lines of a text file.
 * @param start offset of the beginning of a line @param skip how many lines from there on are left out
 */
export async function readLines(path: string, start: number, skip: number, count: number): Promise<string[]> {
  const handle = await open(path, 'r').catch(() => undefined);
  const read: string[] = [];
  let rest = skip;
  let characters = 0;
  for await (const lines of handle ? linesFrom(handle, start) : []) {
    for (const line of lines.slice(rest, rest + count - read.length)) {
      read.push(line);
      characters += line.length;
    }
    rest = Math.max(0, rest - lines.length);
    if (read.length === count || characters >= maxReadCharacters) {
      break;
    }
  }
  return read;
}

/**
 * Yields the complete lines of a file from an offset on, a chunk at a time. Text after the last `\n` is still being
 * written and is left out. Only `\n` ends a line: programs print other characters that count as line ends elsewhere.
 * Closes the file.
 */
export async function* linesFrom(handle: FileHandle, start: number): AsyncGenerator<string[]> {
  let rest = '';
  for await (const chunk of handle.createReadStream({ start, encoding: 'utf8', highWaterMark: 256 * 1024 })) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    yield lines;
  }
}
