/** Prints the pages of problems. Needs neither the app nor a data folder. */
import type { Writable } from 'node:stream';
import { fail, type ProblemCode, problemCodes } from '../../../shared/failure.ts';
import { closestCode, type FoundProblem, findProblems, messagesOf } from '../../../shared/problems/find-problems.ts';
import type { ProblemFix } from '../../../shared/problems/problem-text.ts';
import { problemTexts } from '../../../shared/problems/texts.ts';
import type { ExplainCommand } from '../command.ts';
import { formatTable } from '../output/columns.ts';
import { type Paint, paintFor } from '../output/paint.ts';
import { printProblem } from '../output/problem.ts';
import { cleanPainted, jsonLine } from '../output/text.ts';
import { wrap } from '../output/wrap.ts';

export interface ExplainOptions {
  readonly output: Writable;
  readonly errors: Writable;
  readonly json: boolean;
}

/** Lines longer than this are hard to read, however wide the terminal is. */
const maxColumns = 100;
/** So many messages of a page are printed. */
const maxMessages = 12;

/** @returns the exit code: 1 if there is no such problem */
export function explain({ text }: ExplainCommand, { output, errors, json }: ExplainOptions): number {
  const found = text === undefined ? problemCodes.map((code) => ({ code })) : findProblems(text);
  const [first, ...others] = found;
  const paint = paintFor(output);
  const columns = 'columns' in output && typeof output.columns === 'number' ? output.columns : 80;
  if (text !== undefined && !first) {
    printProblem(errors, notFound(text), { json });
    return 1;
  }
  if (json) {
    output.write(found.map((each) => `${jsonLine(jsonOf(each, text === undefined))}\n`).join(''));
  } else {
    const lines = first && others.length === 0 ? page(first.code, Math.min(columns, maxColumns), paint) : list(found);
    output.write(lines.map((line) => `${cleanPainted(line)}\n`).join(''));
  }
  return 0;
}

function notFound(text: string) {
  const isCode = /^[\w-]+(\.[\w-]+)?$/.test(text);
  const nearest = isCode ? closestCode(text) : undefined;
  const { problem } = fail(
    'input.invalid',
    isCode ? `There is no problem with the code "${text}".` : 'No problem has such a message.',
    `${nearest ? `Did you mean ${nearest}? ` : ''}All codes: barnraiser explain.`,
  );
  return problem;
}

/** The whole page, or what a list of all of them needs. */
function jsonOf({ code, message }: FoundProblem, isShort: boolean) {
  const { title, ...texts } = problemTexts[code];
  return isShort
    ? { code, title }
    : { code, title, ...(message ? { found: message } : {}), ...texts, messages: messagesOf(code) };
}

function list(found: readonly FoundProblem[]): string[] {
  return [
    ...formatTable(
      [{ title: 'CODE' }, { title: 'PROBLEM' }],
      found.map(({ code }) => [code, problemTexts[code].title]),
    ),
    '',
    'Read one: barnraiser explain CODE',
  ];
}

function page(code: ProblemCode, columns: number, paint: Paint): string[] {
  const { title, meaning, causes, fixes, see = [], settings = [], docs = [] } = problemTexts[code];
  const heading = (text: string): string[] => ['', paint('bold', text)];
  const messages = messagesOf(code).flatMap((each) => each.messages.map(readable));
  const related = [
    ...(see.length > 0 ? [`problems: ${see.join(', ')}`] : []),
    ...(settings.length > 0 ? [`settings: ${settings.join(', ')}`] : []),
    ...(docs.length > 0 ? [`pages: ${docs.map((path) => `docs/${path}`).join(', ')}`] : []),
  ];
  return [
    ...wrap(`${title} (${code})`, columns).map((line) => paint('bold', line)),
    '',
    ...wrap(meaning, columns),
    ...heading('Causes, the most likely first'),
    ...causes.flatMap((cause, index) => wrap(cause, columns, ` ${index + 1}. `)),
    ...heading('What to do'),
    ...fixes.flatMap((fix) => fixLines(fix, columns, paint)),
    ...(related.length > 0 ? [...heading('See also'), ...related.flatMap((line) => wrap(line, columns, '  '))] : []),
    ...heading('Messages with this code'),
    ...messages.slice(0, maxMessages).flatMap((text) => wrap(text, columns, '  - ')),
    ...(messages.length > maxMessages
      ? [`  and ${messages.length - maxMessages} more: barnraiser explain ${code} --json`]
      : []),
  ];
}

/** A message with names in capitals for what differs, and without sentences that only some have at their end. */
function readable(message: string): string {
  return message
    .replace(/(?<=\.)(?:\{[^}]*\})+$/, '')
    .replace(/\{([^}]*)\}/g, (_, name: string) => (name === '…' ? name : name.toUpperCase()));
}

function fixLines({ text, terminal = [], window }: ProblemFix, columns: number, paint: Paint): string[] {
  return [
    ...wrap(text, columns, '  - '),
    ...terminal.map((line) => `      ${paint('cyan', line)}`),
    ...(window === undefined
      ? []
      : wrap(`In the window: ${window}`, columns, '      ').map((line) => paint('dim', line))),
  ];
}
