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
  /** The names of here-documents that have no end. They are taken for none. */
  readonly endlessDocuments: readonly string[];
  /** The text of the here-documents in which COPY and ADD replace variables. */
  readonly documents: string;
  /** The comments right above it, without the `#`. An empty comment separates them from those before. */
  readonly comments: readonly string[];
  /** It goes on after an empty line. */
  readonly hasEmptyLine: boolean;
}

/** What a Containerfile declares. */
export interface ParsedContainerfile {
  readonly instructions: ParsedInstruction[];
  /** The names of its stages, in order. Stages without a name are left out. */
  readonly stages: string[];
  /** Its build arguments, each once, with the default of the first declaration. */
  readonly buildArgs: { readonly name: string; readonly default?: string }[];
  /** Comments at its top that have a meaning, by name: `syntax`, `escape` and `check`. */
  readonly directives: ReadonlyMap<string, string>;
  /** What quotes a character, and ends a line that goes on: \ or `. */
  readonly escapeCharacter: string;
}

export function parseContainerfile(text: string): ParsedContainerfile {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const { directives, escapeCharacter } = readDirectives(lines);
  const instructions = [...readInstructions(lines, directives.size, escapeCharacter)];
  return {
    instructions,
    stages: instructions.flatMap(({ keyword, rest }) => (keyword === 'FROM' ? (stageName(rest) ?? []) : [])),
    buildArgs: readBuildArgs(instructions, escapeCharacter),
    directives,
    escapeCharacter,
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

/** Only these at the very top have a meaning. Any other line, also an empty one, is the end of them. */
function readDirectives(lines: readonly string[]): { directives: Map<string, string>; escapeCharacter: string } {
  const directives = new Map<string, string>();
  for (const line of lines) {
    const name = /^\s*#\s*(syntax|escape|check)\s*=/i.exec(line);
    const value = name ? line.slice(name[0].length).trim() : '';
    const key = name?.[1]?.toLowerCase() ?? '';
    if (value === '' || directives.has(key)) {
      break;
    }
    directives.set(key, value);
  }
  return { directives, escapeCharacter: directives.get('escape') === '`' ? '`' : '\\' };
}

/** @param start the number of lines to skip */
function* readInstructions(
  lines: readonly string[],
  start: number,
  escapeCharacter: string,
): Generator<ParsedInstruction> {
  const endOfDocument = hereDocumentEnds(lines);
  let comments: string[] = [];
  let parts: string[] = [];
  let firstLine = 0;
  let lastLine = 0;
  let emptyLines = 0;
  for (let index = start; index <= lines.length; index++) {
    const line = lines[index] ?? '';
    const trimmed = line.trim();
    const isAtEnd = index === lines.length;
    // comments and empty lines inside an instruction are skipped, too
    if (!isAtEnd && (trimmed === '' || trimmed.startsWith('#'))) {
      if (parts.length === 0 && trimmed !== '') {
        const comment = trimmed.slice(1).trim();
        comments = comment === '' ? [] : [...comments.slice(-maxComments), comment];
      }
      // after the end of the last line there is no empty one
      emptyLines += trimmed === '' && index < lines.length - 1 ? 1 : 0;
      continue;
    }
    const isContinued = trimmed.endsWith(escapeCharacter) && trimmed.at(-2) !== escapeCharacter;
    if (!isAtEnd) {
      emptyLines = parts.length === 0 ? 0 : emptyLines;
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
    const endless: string[] = [];
    const documents: string[] = [];
    let count = 0;
    for (const document of hereDocuments(text)) {
      const end = endOfDocument(document.name, document.tabs, lastLine);
      if (end === undefined) {
        endless.push(document.name);
        continue;
      }
      count++;
      if (keyword !== 'RUN' && !document.isQuoted) {
        documents.push(...lines.slice(lastLine + 1, end));
      }
      lastLine = end;
    }
    index = isAtEnd ? index : lastLine;
    yield {
      text,
      firstLine: firstLine + 1,
      lastLine: lastLine + 1,
      keyword,
      rest: text.slice(word.length).trim(),
      hasHereDocument: count > 0,
      endlessDocuments: endless,
      documents: documents.join('\n'),
      comments,
      hasEmptyLine: emptyLines > 0,
    };
    comments = [];
    emptyLines = 0;
  }
}

/** Of a long row of comments, the last ones are kept. */
const maxComments = 100;

interface HereDocument {
  readonly name: string;
  /** Tabs before its last line are ignored. */
  readonly tabs: boolean;
  /** No variable in it is replaced. */
  readonly isQuoted: boolean;
}

/** The here-documents of RUN, COPY and ADD, also behind ONBUILD. A JSON list and what is inside quotes have none. */
function hereDocuments(text: string): HereDocument[] {
  const rest = /^(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s/i.exec(text)?.[0];
  if (rest === undefined || !text.includes('<<')) {
    return [];
  }
  return (quotedWords(text.slice(rest.length)) ?? []).flatMap((word) => {
    const [, dash, name = ''] = /^\d*<<(-?)\s*([^<]+)$/.exec(word) ?? [];
    const plain = name.replaceAll(/["']/g, '');
    return plain === '' ? [] : [{ name: plain, tabs: dash === '-', isQuoted: plain !== name }];
  });
}

/** The words of a shell command with their quotes. Undefined if a quote has no end: then BuildKit finds no here-document. */
function quotedWords(text: string): string[] | undefined {
  const words: string[] = [];
  let start: number | undefined;
  let quote: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (quote === undefined && /\s/.test(character)) {
      if (start !== undefined && !/^\d*<<-?$/.test(text.slice(start, at))) {
        words.push(text.slice(start, at));
        start = undefined;
      }
      continue;
    }
    start ??= at;
    if (character === '\\' && quote !== "'") {
      at++;
    } else if (character === quote) {
      quote = undefined;
    } else if (quote === undefined && (character === '"' || character === "'")) {
      quote = character;
    }
  }
  if (start !== undefined) {
    words.push(text.slice(start));
  }
  return quote === undefined ? words : undefined;
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
