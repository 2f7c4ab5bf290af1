/** Reads the project's own source files as the rules of this folder look at them: imports, comments and texts. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { parseSync } from 'vite';

export interface Located {
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
}

export interface SourceFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Paths of the files that it imports or exports from, also only types; packages by their name. */
  readonly imports: readonly string[];
  readonly comments: readonly (Located & { readonly start: number; readonly end: number })[];
  /** The line, counted from 1, of an offset into the text. */
  readonly lineAt: (offset: number) => number;
  readonly program: ReturnType<typeof parseSync>['program'];
}

/** A node of the syntax tree, in the form of ESTree. */
export interface AstNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

export const isNode = (value: unknown): value is AstNode =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';

/** Every file that git tracks or would track, with one of these endings. */
export function listFiles(...endings: readonly string[]): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate'], {
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  });
  const deleted = new Set(execFileSync('git', ['ls-files', '--deleted'], { encoding: 'utf8' }).split('\n'));
  return listed.split('\n').filter((path) => endings.some((ending) => path.endsWith(ending)) && !deleted.has(path));
}

export const isProductionSource = (path: string): boolean =>
  /^(electron|renderer|shared)\/.*\.tsx?$/.test(path) && !/\.test\.|\/testing\/|\.d\.ts$/.test(path);

/** What ships: the source without tests and their helpers. */
export function productionSources(): SourceFile[] {
  return listFiles('.ts', '.tsx').filter(isProductionSource).sort().map(readSource);
}

/** @throws Error where a file cannot be parsed */
export function readSource(path: string): SourceFile {
  return parseSource(path, readFileSync(path, 'utf8'));
}

/** @throws Error where it cannot be parsed */
export function parseSource(path: string, text: string): SourceFile {
  const { module, comments, errors, program } = parseSync(path, text);
  const [error] = errors;
  if (error) {
    throw new Error(`${path} cannot be parsed: ${error.message}`);
  }
  const lineAt = lineFinder(text);
  const specifiers = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) => entries.map(({ moduleRequest }) => moduleRequest?.value)),
    ...module.dynamicImports.map(({ moduleRequest: { start, end } }) => text.slice(start + 1, end - 1)),
  ].filter((specifier) => specifier !== undefined);
  return {
    path,
    text,
    imports: [...new Set(specifiers)].map((specifier) =>
      specifier.startsWith('.') ? join(dirname(path), specifier) : specifier,
    ),
    comments: comments.map(({ value, start, end }) => ({ text: value, line: lineAt(start), start, end })),
    lineAt,
    program,
  };
}

/** The line, counted from 1, of an offset into a text. */
function lineFinder(text: string): (offset: number) => number {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low + 1;
  };
}
