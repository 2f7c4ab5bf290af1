import type { Writable } from 'node:stream';
import { isExplained, type Problem, type ProblemCode } from '../../../shared/failure.ts';
import { wordOf } from '../../../shared/words.ts';
import { type Paint, paintFor } from './paint.ts';
import { actionHint } from './problem-actions.ts';
import { cleanLine, jsonLine } from './text.ts';

export interface PrintOptions {
  /** Prints `{"problem":{…}}` on one line. */
  readonly json?: boolean;
  readonly paint?: Paint;
  /** A warning is about something that works but could work better. */
  readonly severity?: 'error' | 'warning';
}

/** Prints the message, the fix and the details of a problem. */
export function printProblem(stream: Writable, problem: Problem, options: PrintOptions = {}): void {
  const { json = false, paint = paintFor(stream), severity = 'error' } = options;
  if (json) {
    stream.write(`${jsonLine({ problem })}\n`);
    return;
  }
  const { message, fix, detail, actions = [] } = problem;
  const lines = [
    `${paint(severity === 'error' ? 'red' : 'yellow', `${wordOf(severity)}:`)} ${cleanLine(message)}`,
    ...[fix, ...actions.map(actionHint)].filter((text) => text !== '').map((text) => `  ${cleanLine(text)}`),
  ];
  const hint = explainLines(stream, [problem], paint).map((line) => `  ${line}`);
  stream.write(`${[...lines, ...detailLines(detail ?? '', paint), ...hint].join('\n')}\n`);
}

/** Prints a problem of the command line on one line. */
export function printUsageProblem(stream: Writable, problem: Problem, options: PrintOptions = {}): void {
  if (options.json) {
    printProblem(stream, problem, options);
    return;
  }
  const { message, fix } = problem;
  const { paint = paintFor(stream) } = options;
  stream.write(`${paint('red', 'error:')} ${[message, fix].map(cleanLine).join(' ').trim()}\n`);
}

/** The codes that a stream has named already. */
const named = new WeakMap<Writable, Set<ProblemCode>>();

/** How to read the pages of problems. Each page is named once. */
export function explainLines(stream: Writable, problems: readonly Problem[], paint: Paint): string[] {
  const known = named.get(stream) ?? new Set();
  named.set(stream, known);
  const codes = new Set(problems.filter(isExplained).map(({ code }) => code));
  const added = [...codes].filter((code) => !known.has(code));
  added.forEach((code) => void known.add(code));
  return added.map((code) => paint('dim', `More: barnraiser explain ${code}`));
}

function detailLines(detail: string, paint: Paint): string[] {
  return detail
    .trimEnd()
    .split('\n')
    .filter((line, index) => index > 0 || line !== '')
    .map((line) => paint('dim', `    ${cleanLine(line)}`));
}
