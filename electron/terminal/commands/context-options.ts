/** The arguments and options of `build` that say where its files come from. Paths become absolute. */
import { existsSync, statSync } from 'node:fs';
import { isGitUrl } from '../../../shared/git-url.ts';
import { parseNamedContext } from '../../../shared/named-context.ts';
import type { Platform } from '../../../shared/platform.ts';
import { invalidInput, parsePlatformOption, pathParser } from './option-values.ts';

/** The project: a folder or an archive, the URL of a git repository, or `-` for standard input. */
export function contextParser(folder: string): (text: string) => string {
  return (text) => {
    const path = pathParser(folder)(text);
    if (text === '-' || (isGitUrl(text) && !existsSync(path))) {
      return text;
    }
    if (/^[a-z+]+:/.test(text) && !existsSync(path)) {
      throw invalidInput(
        `"${text.replace(/\/\/[^/]*@/, '//')}" is neither a path nor the URL of a git repository.`,
        'The URL of a repository ends in .git, or begins with ssh://, git:// or git@HOST:.',
      );
    }
    return path;
  };
}

/** Are the project's files in a repository, an archive or standard input? */
function isFromElsewhere(context: string): boolean {
  return context === '-' || isGitUrl(context) || (statSync(context, { throwIfNoEntry: false })?.isFile() ?? false);
}

/**
 * Resolves `-f` as podman does: relative to the working folder, or to the context if only that file exists. In a project from
 * elsewhere it is always relative to that.
 */
export function findContainerfile(file: string, workingFolder: string, context: string): string {
  if (isFromElsewhere(context)) {
    return file;
  }
  const inWorkingFolder = pathParser(workingFolder)(file);
  const inContext = pathParser(context)(file);
  return !existsSync(inWorkingFolder) && existsSync(inContext) ? inContext : inWorkingFolder;
}

/** `NAME=VALUE`, once or several times. */
export function parseNamedContexts(
  text: string,
  previous: Readonly<Record<string, string>> = {},
  workingFolder: string,
): Record<string, string> {
  const separator = text.indexOf('=');
  const [name, value] = [text.slice(0, separator), text.slice(separator + 1)];
  if (separator < 1 || value === '') {
    throw invalidInput(
      `"${text}" is not a build context.`,
      'Use --build-context NAME=VALUE, for example libs=../libs.',
    );
  }
  const { kind } = parseNamedContext(name, value);
  const toPath = pathParser(workingFolder);
  const layout = 'oci-layout://';
  const absolute = kind === 'layout' ? `${layout}${toPath(value.slice(layout.length))}` : value;
  return { ...previous, [name]: kind === 'folder' ? toPath(value) : absolute };
}

/** `FOLDER:PATH`, once or several times. */
export function parseMappedFolders(
  text: string,
  previous: readonly { readonly from: string; readonly to: string }[] = [],
  workingFolder: string,
): { from: string; to: string }[] {
  const colon = text.lastIndexOf(':');
  const [from, to] = [text.slice(0, colon), text.slice(colon + 1)];
  if (colon < 1 || to === '') {
    throw invalidInput(
      `"${text}" does not say where the files of a folder go.`,
      'Use --source FOLDER:PATH, for example ../libs:libs.',
    );
  }
  return [...previous, { from: pathParser(workingFolder)(from), to }];
}

/** `PLATFORM=FILE`, once or several times. */
export function parseFilesFor(
  text: string,
  previous: Readonly<Record<Platform, string>> = {},
  workingFolder: string,
): Record<Platform, string> {
  const separator = text.indexOf('=');
  if (separator < 1 || separator === text.length - 1) {
    throw invalidInput(
      `"${text}" does not name a platform and a file.`,
      'Use --file-for PLATFORM=FILE, for example linux/arm64=Containerfile.arm64.',
    );
  }
  const platform = parsePlatformOption(text.slice(0, separator));
  const file = text.slice(separator + 1);
  const path = pathParser(workingFolder)(file);
  // a file that is not here is one of the project
  return { ...previous, [platform]: existsSync(path) ? path : file };
}
