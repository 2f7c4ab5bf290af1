import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { fail } from '../../../shared/problem.ts';
import { errnoCode, isMissingPath } from '../../system/file-errors.ts';
import { homeFolder } from '../../system/local-user.ts';
import { pathsOf, sshSystemFolder } from '../../system/system-paths.ts';
import { type ConfigLocation, configProblem } from './config-problem.ts';
import { glob } from './glob.ts';
import { splitWords, takeWord } from './words.ts';

/** A line with a keyword. `text` is everything after the keyword, `words` are its arguments. */
export interface Directive extends ConfigLocation {
  readonly kind: 'directive';
  readonly keyword: string;
  readonly text: string;
  readonly words: readonly string[];
}

/** The lines of the files that an Include line names. */
export interface IncludedFiles {
  readonly kind: 'included';
  readonly lists: readonly (readonly ConfigEntry[])[];
}

export type ConfigEntry = Directive | IncludedFiles;

/** A configuration file that is not included by another one. */
export interface ConfigFile {
  readonly path: string;
  /** Whether the file must exist. OpenSSH's default files need not. */
  readonly isRequired: boolean;
  /** Whether it belongs to the user and not to the system: Include paths then start at `~/.ssh`. */
  readonly isUserFile: boolean;
  /** Whether it is refused if others can write to it. ssh does so with `~/.ssh/config`. */
  readonly mustBePrivate: boolean;
}

export interface ReadOptions {
  readonly home?: string;
}

/** Deeper Includes are a loop. Source: OpenSSH, readconf.c, READCONF_MAX_DEPTH. */
const maxDepth = 16;
/** People write configurations by hand. More is not a configuration, or its Includes multiply. */
const maxFiles = 512;
const maxBytes = 4 * 1024 * 1024;

/**
 * The files that ssh reads, the user's first. As `ssh -F` does, `$BARNRAISER_SSH_CONFIG` (or `chosen`) replaces them by
 * one file, and `none` by nothing.
 */
export function configFiles(
  chosen = process.env.BARNRAISER_SSH_CONFIG,
  home: string = homeFolder(),
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
): readonly ConfigFile[] {
  const paths = pathsOf(platform);
  if (chosen === 'none') {
    return [];
  }
  if (chosen) {
    return [{ path: chosen, isRequired: true, isUserFile: true, mustBePrivate: false }];
  }
  return [
    { path: paths.join(home, '.ssh', 'config'), isRequired: false, isUserFile: true, mustBePrivate: true },
    {
      path: paths.join(sshSystemFolder(env, platform), 'ssh_config'),
      isRequired: false,
      isUserFile: false,
      mustBePrivate: false,
    },
  ];
}

/** Reads files and everything that they include. @throws Failure `ssh.config`, which names the file and the line */
export async function readConfig(
  files: readonly ConfigFile[],
  options: ReadOptions = {},
): Promise<readonly ConfigEntry[][]> {
  const budget = { files: maxFiles, bytes: maxBytes };
  const lists: ConfigEntry[][] = [];
  for (const file of files) {
    lists.push(await new ConfigReader(file, options.home ?? homeFolder(), budget).read(file.path, 0));
  }
  return lists;
}

class ConfigReader {
  readonly #root: ConfigFile;
  readonly #home: string;
  readonly #budget: { files: number; bytes: number };

  constructor(root: ConfigFile, home: string, budget: { files: number; bytes: number }) {
    this.#root = root;
    this.#home = home;
    this.#budget = budget;
  }

  async read(file: string, depth: number): Promise<ConfigEntry[]> {
    const text = await this.#text(file, depth);
    const entries: ConfigEntry[] = [];
    for (const [index, content] of text.split('\n').entries()) {
      const location = { file, line: index + 1 };
      const directive = parseLine(content, location);
      if (directive?.keyword === 'include') {
        entries.push(await this.#include(directive, depth));
      } else if (directive) {
        entries.push(directive);
      }
    }
    return entries;
  }

  async #include(directive: Directive, depth: number): Promise<IncludedFiles> {
    const lists: ConfigEntry[][] = [];
    for (const word of directive.words) {
      if (word === '') {
        throw configProblem(directive, 'Include has an empty argument.');
      }
      if (depth + 1 > maxDepth) {
        throw configProblem(
          directive,
          `Include is nested more than ${maxDepth} files deep, perhaps in a loop.`,
          'Remove the loop.',
        );
      }
      for (const path of await this.#paths(word, directive)) {
        lists.push(await this.read(path, depth + 1));
      }
    }
    return { kind: 'included', lists };
  }

  async #paths(word: string, location: ConfigLocation): Promise<string[]> {
    if (word.startsWith('~') && (!this.#root.isUserFile || !/^~([\\/]|$)/.test(word))) {
      throw configProblem(location, `Include ${word} does not name a file here.`, 'Write the full path.');
    }
    const start = this.#root.isUserFile ? join(this.#home, '.ssh') : sshSystemFolder();
    const path = isAbsolute(word) ? word : word.startsWith('~') ? `${this.#home}${word.slice(1)}` : `${start}/${word}`;
    try {
      return await glob(path);
    } catch (error) {
      throw configProblem(
        location,
        `The files of Include ${word} could not be listed: ${messageOf(error)}.`,
        'Make their folder readable for your user.',
      );
    }
  }

  async #text(file: string, depth: number): Promise<string> {
    try {
      const { size, mode, uid } = await stat(file);
      if ((this.#root.mustBePrivate || depth > 0) && !isTrustedOwner(uid, mode)) {
        throw fail(
          'ssh.config',
          `Other users can write to ${file}, so ssh does not trust it.`,
          `Run \`chmod go-w ${file}\`. The file must belong to you or to root.`,
        );
      }
      this.#budget.files -= 1;
      this.#budget.bytes -= size;
      if (this.#budget.files < 0 || this.#budget.bytes < 0) {
        throw fail(
          'ssh.config',
          `${this.#root.path} and the files that it includes are too large (at ${file}).`,
          `Barnraiser reads up to ${maxBytes / 1024 ** 2} MiB in ${maxFiles} files. Name a smaller file in $BARNRAISER_SSH_CONFIG.`,
        );
      }
      return await readFile(file, 'utf8');
    } catch (error) {
      const code = errnoCode(error);
      // an Include may match a folder, which ssh reads as empty, and a file may disappear after the match
      if ((isMissingPath(error) && (depth > 0 || !this.#root.isRequired)) || (code === 'EISDIR' && depth > 0)) {
        return '';
      }
      if (code === undefined) {
        throw error;
      }
      throw fail(
        'ssh.config',
        isMissingPath(error)
          ? `The SSH configuration ${file} does not exist.`
          : `The SSH configuration ${file} could not be read.`,
        isMissingPath(error)
          ? 'Name an existing file, or `none`.'
          : `Make it readable for your user. \`ls -l ${file}\` shows its permissions.`,
        messageOf(error),
        error,
      );
    }
  }
}

/** Windows has no such modes. Source: OpenSSH, readconf.c, read_config_file_depth(). */
function isTrustedOwner(uid: number, mode: number): boolean {
  const own = process.getuid?.();
  return own === undefined || ((uid === 0 || uid === own) && (mode & 0o022) === 0);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Without a regular expression: one that ends in `+$` starts again at every blank, which takes minutes in a long line.
 */
function withoutTrailingBlanks(line: string): string {
  let end = line.length;
  while (end > 0 && ' \t\r\n\f'.includes(line.charAt(end - 1))) {
    end--;
  }
  return line.slice(0, end);
}

function parseLine(content: string, location: ConfigLocation): Directive | undefined {
  const line = withoutTrailingBlanks(content);
  let first = takeWord(line);
  if (first?.word === '') {
    first = takeWord(first.rest);
  }
  if (!first || first.word === '' || first.word.startsWith('#')) {
    return undefined;
  }
  const keyword = first.word.toLowerCase();
  const text = first.rest.replace(/^[ \t\r\n]+/, '');
  if (text === '') {
    throw configProblem(location, `${first.word} has no value.`);
  }
  const words = splitWords(text);
  if (!words) {
    throw configProblem(location, 'A quote is not closed.');
  }
  return { kind: 'directive', ...location, keyword, text, words };
}
