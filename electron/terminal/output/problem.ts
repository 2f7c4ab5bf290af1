import type { Writable } from 'node:stream';
import type { Problem } from '../../../shared/problem.ts';
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
    `${paint(severity === 'error' ? 'red' : 'yellow', `${severity}:`)} ${cleanLine(message)}`,
    ...[fix, ...actions.map(actionHint)].filter((text) => text !== '').map((text) => `  ${cleanLine(text)}`),
  ];
  stream.write(`${[...lines, ...detailLines(detail ?? '', paint)].join('\n')}\n`);
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

function detailLines(detail: string, paint: Paint): string[] {
  return detail
    .trimEnd()
    .split('\n')
    .filter((line, index) => index > 0 || line !== '')
    .map((line) => paint('dim', `    ${cleanLine(line)}`));
}
