/** A path that is being typed: the folder that it is in, and the beginning of a name in that folder. */
export interface TypedPath {
  /** With the separator at its end; empty for a name without a folder. */
  readonly folder: string;
  readonly prefix: string;
}

/** @param separator of the system where the folders are; on Windows, slashes separate folders as well */
export function splitPath(typed: string, separator: string): TypedPath {
  const at = Math.max(typed.lastIndexOf('/'), separator === '\\' ? typed.lastIndexOf('\\') : -1);
  return { folder: typed.slice(0, at + 1), prefix: typed.slice(at + 1) };
}

/** Whether a path says where it begins: at the root, in the home folder, on a drive. */
export function isAnchored(path: string): boolean {
  return /^([/\\~]|[A-Za-z]:)/.test(path);
}

/** The names that begin with a prefix, ignoring case. */
export function namesWithPrefix(names: readonly string[], prefix: string): readonly string[] {
  const lower = prefix.toLowerCase();
  return names.filter((name) => name.toLowerCase().startsWith(lower));
}

/**
 * What the Tab key makes of a typed path: the name if only one begins as typed, followed by the separator; else as much as all
 * such names have in common.
 * @returns undefined if there is nothing to add
 */
export function completePath(typed: string, names: readonly string[], separator: string): string | undefined {
  const { folder, prefix } = splitPath(typed, separator);
  const matches = namesWithPrefix(names, prefix);
  const [first] = matches;
  if (first === undefined || prefix === '') {
    return undefined;
  }
  if (matches.length === 1) {
    return `${folder}${first}${separator}`;
  }
  let length = prefix.length;
  while (length < first.length && matches.every((name) => sameLetter(name, first, length))) {
    length += 1;
  }
  return length === prefix.length ? undefined : folder + first.slice(0, length);
}

function sameLetter(one: string, other: string, at: number): boolean {
  return one[at]?.toLowerCase() === other[at]?.toLowerCase();
}

/** Is a file with this name an archive that a project may be in? */
export function isArchiveName(name: string): boolean {
  return /\.(?:tar(?:\.(?:gz|zst|xz|bz2))?|tgz|tzst|txz|tbz2?)$/i.test(name);
}
