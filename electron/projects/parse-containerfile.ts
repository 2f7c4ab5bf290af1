/** Reads what a Containerfile declares, as BuildKit's and buildah's parsers do, in time in proportion to its length. */
import type { Instruction } from '../../shared/project.ts';

/** An instruction and what the parser knows of it. */
export interface ParsedInstruction extends Instruction {
  /** The first word in capital letters, such as `RUN`. */
  readonly keyword: string;
  /** What follows it, on one line. */
  readonly rest: string;
  /** It has a here-document. */
  readonly hasHereDocument: boolean;
}

/** What a Containerfile declares. */
export interface ParsedContainerfile {
  readonly instructions: ParsedInstruction[];
  /** The names of its stages, in order. Stages without a name are left out. */
  readonly stages: string[];
  /** Its build arguments, each once, with the default of the first declaration. */
  readonly buildArgs: { readonly name: string; readonly default?: string }[];
  /** Comments at its top that have a meaning, by name, as in `# syntax=docker/dockerfile:1`. */
  readonly directives: ReadonlyMap<string, string>;
}

export function parseContainerfile(text: string): ParsedContainerfile {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const { directives, escapeCharacter } = readDirectives(lines);
  const instructions = [...readInstructions(lines, escapeCharacter)];
  return {
    instructions,
    stages: instructions.flatMap(({ keyword, rest }) => (keyword === 'FROM' ? (stageName(rest) ?? []) : [])),
    buildArgs: readBuildArgs(instructions, escapeCharacter),
    directives,
  };
}

/** The name that a FROM gives its stage. @param rest what follows FROM */
export function stageName(rest: string): string | undefined {
  const words = splitWords(rest);
  return words.length > 2 && words.at(-2)?.toUpperCase() === 'AS' ? words.at(-1) : undefined;
}

/** The words of a line, without those that are flags at its start, such as `--from=build`. */
export function splitFlags(rest: string): { flags: string[]; words: string[] } {
  const words = splitWords(rest);
  const first = words.findIndex((word) => !word.startsWith('--'));
  return first < 0 ? { flags: words, words: [] } : { flags: words.slice(0, first), words: words.slice(first) };
}

function splitWords(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function readDirectives(lines: readonly string[]): { directives: Map<string, string>; escapeCharacter: string } {
  const directives = new Map<string, string>();
  for (const line of lines) {
    const name = /^\s*#\s*([a-zA-Z]\w*)\s*=/.exec(line);
    if (!name) {
      break;
    }
    directives.set((name[1] ?? '').toLowerCase(), line.slice(name[0].length).trim());
  }
  return { directives, escapeCharacter: directives.get('escape') === '`' ? '`' : '\\' };
}

function* readInstructions(lines: readonly string[], escapeCharacter: string): Generator<ParsedInstruction> {
  const endOfDocument = hereDocumentEnds(lines);
  let parts: string[] = [];
  let firstLine = 0;
  let lastLine = 0;
  for (let index = 0; index <= lines.length; index++) {
    const line = lines[index] ?? '';
    const trimmed = line.trim();
    const isAtEnd = index === lines.length;
    // comments and empty lines inside an instruction are skipped, too
    if (!isAtEnd && (trimmed === '' || trimmed.startsWith('#'))) {
      continue;
    }
    const isContinued = trimmed.endsWith(escapeCharacter) && trimmed.at(-2) !== escapeCharacter;
    if (!isAtEnd) {
      firstLine = parts.length === 0 ? index : firstLine;
      lastLine = index;
      parts.push(isContinued ? line.trimEnd().slice(0, -1) : line);
    }
    if (isContinued) {
      continue;
    }
    const text = parts.join('').trim();
    if (text === '') {
      continue;
    }
    parts = [];
    const [word = ''] = /^\S+/.exec(text) ?? [];
    const keyword = word.toUpperCase();
    const documents = ['RUN', 'COPY', 'ADD', 'ONBUILD'].includes(keyword) ? hereDocuments(text) : [];
    for (const { name, tabs } of documents) {
      lastLine = endOfDocument(name, tabs, lastLine) ?? lastLine;
    }
    index = isAtEnd ? index : lastLine;
    yield {
      text,
      firstLine: firstLine + 1,
      lastLine: lastLine + 1,
      keyword,
      rest: text.slice(word.length).trim(),
      hasHereDocument: documents.length > 0,
    };
  }
}

/** The here-documents of an instruction: their last lines, and whether tabs before it are ignored. */
function hereDocuments(text: string): { name: string; tabs: boolean }[] {
  return [...text.matchAll(/(?:^|\s)\d*<<(-?)(["']?)([A-Za-z_][\w.-]*)\2(?=\s|$)/g)].map(([, tabs, , name = '']) => ({
    name,
    tabs: tabs === '-',
  }));
}

/** @returns a function that finds the last line of a here-document; undefined for one without an end, which is none */
function hereDocumentEnds(lines: readonly string[]) {
  /** A line without the tabs at its start → the numbers of such lines, last one first. */
  const positions = new Map<string, number[]>();
  for (let index = lines.length - 1; index >= 0; index--) {
    const key = lines[index]?.replace(/^\t+/, '') ?? '';
    const known = positions.get(key);
    if (known) {
      known.push(index);
    } else {
      positions.set(key, [index]);
    }
  }
  return (name: string, tabs: boolean, after: number): number | undefined => {
    const rest = positions.get(name) ?? [];
    // instructions are read from top to bottom, so lines before them are not needed again
    for (let next = rest.at(-1); next !== undefined; next = rest.at(-1)) {
      if (next > after && (tabs || lines[next] === name)) {
        return next;
      }
      rest.pop();
    }
    return undefined;
  };
}

/** The declarations of all ARG instructions, as in `ARG A B="x y"`. */
function readBuildArgs(
  instructions: readonly ParsedInstruction[],
  escapeCharacter: string,
): { name: string; default?: string }[] {
  const defaults = new Map<string, string | undefined>();
  for (const { keyword, rest } of instructions) {
    for (const { name, value } of keyword === 'ARG' ? readAssignments(rest, escapeCharacter) : []) {
      if (name !== '' && !defaults.has(name)) {
        defaults.set(name, value);
      }
    }
  }
  return [...defaults].map(([name, value]) => ({ name, ...(value === undefined ? {} : { default: value }) }));
}

/** Splits `A B="x y"` at blanks outside quotes, and removes the quotes. */
export function readAssignments(text: string, escapeCharacter: string): { name: string; value: string | undefined }[] {
  const words: { name: string; value: string | undefined }[] = [];
  let word: string[] = [];
  let isStarted = false;
  let nameLength: number | undefined;
  let quote: string | undefined;
  const end = () => {
    if (isStarted) {
      const all = word.join('');
      words.push({
        name: all.slice(0, nameLength),
        value: nameLength === undefined ? undefined : all.slice(nameLength + 1),
      });
    }
    word = [];
    isStarted = false;
    nameLength = undefined;
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (quote === undefined && /\s/.test(character)) {
      end();
      continue;
    }
    isStarted = true;
    if (character === escapeCharacter && quote !== "'" && at + 1 < text.length) {
      word.push(text[++at] ?? '');
    } else if (character === quote) {
      quote = undefined;
    } else if (quote === undefined && (character === '"' || character === "'")) {
      quote = character;
    } else {
      nameLength ??= character === '=' ? word.length : undefined;
      word.push(character);
    }
  }
  end();
  return words;
}
