import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode, isMissingPath } from '../../system/file-errors.ts';
import { readText } from './foreign-file.ts';
import { emptySource, type ImportSource } from './import-source.ts';

/** Limits the work for a folder that contains something else. */
const maxEntries = 1000;

export interface ForeignFolder {
  readonly source: ImportSource['source'];
  readonly path: string;
  /** The file of an entry, relative to it; empty if the entry is the file. */
  readonly file: string;
  /** What the entries are, for notes: `contexts`. */
  readonly noun: string;
}

/** Reads a folder of another tool with a file for each entry, by name. Hidden entries are left out. */
export async function readFolder(
  { source, path, file, noun }: ForeignFolder,
  parse: (text: string, path: string) => ImportSource,
): Promise<ImportSource> {
  let names: string[];
  try {
    names = (await readdir(path)).filter((name) => !name.startsWith('.')).sort();
  } catch (error) {
    return isMissingPath(error)
      ? emptySource(source)
      : emptySource(source, [{ path, message: `The folder could not be read (${errnoCode(error)}).` }]);
  }
  const parts: ImportSource[] = [];
  for (const name of names.slice(0, maxEntries)) {
    const entry = join(path, name, file);
    const result = await readText(entry);
    if ('unreadable' in result) {
      parts.push(emptySource(source, [{ path: entry, message: result.unreadable }]));
    } else if ('text' in result) {
      parts.push(parse(result.text, entry));
    }
  }
  if (names.length > maxEntries) {
    const message = `It has more than ${maxEntries} ${noun}; the rest are left out.`;
    parts.push(emptySource(source, [{ path, message }]));
  }
  return {
    source,
    engines: parts.flatMap(({ engines }) => engines),
    farms: parts.flatMap(({ farms }) => farms),
    notes: parts.flatMap(({ notes }) => notes),
  };
}
