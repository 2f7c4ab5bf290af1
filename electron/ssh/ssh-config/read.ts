import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fail } from '../../../shared/problem.ts';
import { isMissing } from '../authentication/identity.ts';
import { broken, type Place } from './broken.ts';
import { glob } from './glob.ts';
import { splitWords, takeWord } from './words.ts';

/** A line that says something. `text` is what follows the keyword, as it stands there; `words` are its arguments. */
export interface Directive extends Place {
  readonly kind: 'directive';
  readonly keyword: string;
  readonly text: string;
  readonly words: readonly string[];
}

/** The lines of the files that an Include names, in its place. */
export interface Included {
  readonly kind: 'included';
  readonly lists: readonly (readonly Entry[])[];
}

export type Entry = Directive | Included;

/** A file to begin with. */
export interface ConfigFile {
  readonly path: string;
  /** Must it be there? One that somebody named must; the usual ones need not. */
  readonly required: boolean;
  /** Is it a person's own, so that Include starts from `~/.ssh`, and not the system's? */
  readonly personal: boolean;
  /** Is it refused when others can write to it, as ssh does with `~/.ssh/config`? */
  readonly checked: boolean;
}

export interface Reading {
  readonly home?: string;
}

/** As ssh does it; what is above is a loop. Source: OpenSSH, readconf.c, READCONF_MAX_DEPTH. */
const maxDepth = 16;
/** A configuration is written by hand: what is above these is something else, or a bomb of Includes. */
const maxFiles = 512;
const maxBytes = 4 * 1024 * 1024;

/**
 * The files that ssh reads, the person's first. `$BARNRAISER_SSH_CONFIG` (or `named`) replaces them with one, as `ssh -F` does;
 * `none` with nothing.
 */
export function configFiles(
  named = process.env.BARNRAISER_SSH_CONFIG,
  home: string = homedir(),
): readonly ConfigFile[] {
  if (named === 'none') {
    return [];
  }
  if (named) {
    return [{ path: named, required: true, personal: true, checked: false }];
  }
  return [
    { path: join(home, '.ssh', 'config'), required: false, personal: true, checked: true },
    { path: '/etc/ssh/ssh_config', required: false, personal: false, checked: false },
  ];
}

/** Reads files with all that they include. @throws Failure `ssh.config`, which names the file and the line */
export async function readConfig(files: readonly ConfigFile[], options: Reading = {}): Promise<readonly Entry[][]> {
  const budget = { files: maxFiles, bytes: maxBytes };
  const lists: Entry[][] = [];
  for (const file of files) {
    lists.push(await new Reader(file, options.home ?? homedir(), budget).read(file.path, 0));
  }
  return lists;
}

class Reader {
  readonly #root: ConfigFile;
  readonly #home: string;
  readonly #budget: { files: number; bytes: number };

  constructor(root: ConfigFile, home: string, budget: { files: number; bytes: number }) {
    this.#root = root;
    this.#home = home;
    this.#budget = budget;
  }

  async read(file: string, depth: number): Promise<Entry[]> {
    const text = await this.#text(file, depth);
    const entries: Entry[] = [];
    for (const [index, content] of text.split('\n').entries()) {
      const place = { file, line: index + 1 };
      const directive = parseLine(content, place);
      if (directive?.keyword === 'include') {
        entries.push(await this.#include(directive, depth));
      } else if (directive) {
        entries.push(directive);
      }
    }
    return entries;
  }

  async #include(directive: Directive, depth: number): Promise<Included> {
    const lists: Entry[][] = [];
    for (const word of directive.words) {
      if (word === '') {
        throw broken(directive, 'Include has an empty argument.');
      }
      if (depth + 1 > maxDepth) {
        throw broken(
          directive,
          `Include goes deeper than ${maxDepth} files, perhaps in a circle.`,
          'Break the circle.',
        );
      }
      for (const path of await this.#paths(word, directive)) {
        lists.push(await this.read(path, depth + 1));
      }
    }
    return { kind: 'included', lists };
  }

  async #paths(word: string, place: Place): Promise<string[]> {
    if (word.startsWith('~') && (!this.#root.personal || !/^~(\/|$)/.test(word))) {
      throw broken(place, `Include of ${word} names no file here.`, 'Write the whole path.');
    }
    const start = this.#root.personal ? join(this.#home, '.ssh') : '/etc/ssh';
    const path = isAbsolute(word) ? word : word.startsWith('~') ? `${this.#home}${word.slice(1)}` : `${start}/${word}`;
    try {
      return await glob(path);
    } catch (error) {
      throw broken(
        place,
        `Include of ${word} cannot be looked up: ${says(error)}.`,
        'Make its folder readable for you.',
      );
    }
  }

  async #text(file: string, depth: number): Promise<string> {
    try {
      const { size, mode, uid } = await stat(file);
      if ((this.#root.checked || depth > 0) && !isOurs(uid, mode)) {
        throw fail(
          'ssh.config',
          `${file} can be written by others, so ssh does not trust it.`,
          `Take that away with \`chmod go-w ${file}\`; it must belong to you or root.`,
        );
      }
      this.#budget.files -= 1;
      this.#budget.bytes -= size;
      if (this.#budget.files < 0 || this.#budget.bytes < 0) {
        throw fail(
          'ssh.config',
          `${this.#root.path} is too large with all that it includes, at ${file}.`,
          `Barnraiser reads ${maxBytes / 1024 ** 2} MiB in ${maxFiles} files: name a smaller file in $BARNRAISER_SSH_CONFIG.`,
        );
      }
      return await readFile(file, 'utf8');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : '';
      // an Include may match a folder, which ssh reads as empty; and a file may go while we look
      if ((isMissing(error) && (depth > 0 || !this.#root.required)) || (code === 'EISDIR' && depth > 0)) {
        return '';
      }
      if (code === '' || (error instanceof Error && error.name === 'Failure')) {
        throw error;
      }
      throw fail(
        'ssh.config',
        isMissing(error)
          ? `There is no SSH configuration ${file}.`
          : `The SSH configuration ${file} could not be read.`,
        isMissing(error) ? 'Name a file that is there, or `none`.' : `\`ls -l ${file}\` shows its permissions.`,
        says(error),
        error,
      );
    }
  }
}

/** Source: OpenSSH, readconf.c, read_config_file_depth(). Windows has no such modes. */
function isOurs(uid: number, mode: number): boolean {
  const own = process.getuid?.();
  return own === undefined || ((uid === 0 || uid === own) && (mode & 0o022) === 0);
}

function says(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** By hand, since an expression that ends in `+$` tries anew at every blank of a line: a long one would take minutes. */
function withoutTrailingBlanks(line: string): string {
  let end = line.length;
  while (end > 0 && ' \t\r\n\f'.includes(line.charAt(end - 1))) {
    end--;
  }
  return line.slice(0, end);
}

function parseLine(content: string, place: Place): Directive | undefined {
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
    throw broken(place, `${first.word} says nothing.`);
  }
  const words = splitWords(text);
  if (!words) {
    throw broken(place, 'A quote is not closed.');
  }
  return { kind: 'directive', ...place, keyword, text, words };
}
