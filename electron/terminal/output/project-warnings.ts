import type { Writable } from 'node:stream';
import type { ProjectWarning } from '../../../shared/project.ts';
import { paintFor } from './paint.ts';
import { actionHint } from './problem-actions.ts';
import { cleanLine } from './text.ts';

/** So many are printed one by one. */
const maxPrinted = 10;

/** Prints what a person may not want to send, a line each, and then what can be done about it. */
export function printWarnings(stream: Writable, warnings: readonly ProjectWarning[]): void {
  if (warnings.length === 0) {
    return;
  }
  const paint = paintFor(stream);
  const lines = warnings
    .slice(0, maxPrinted)
    .map(({ path, line, message }) => `${path}${line === undefined ? '' : `, line ${line}:`} ${message}`);
  if (warnings.length > maxPrinted) {
    lines.push(`${warnings.length - maxPrinted} more files like these`);
  }
  stream.write(`${lines.map((line) => `${paint('yellow', 'warning:')} ${cleanLine(line)}\n`).join('')}`);
  for (const hint of hintsOf(warnings)) {
    stream.write(`  ${cleanLine(hint)}\n`);
  }
}

/** One hint for all patterns, and one for each other action. */
function hintsOf(warnings: readonly ProjectWarning[]): string[] {
  const actions = warnings.flatMap((warning) => warning.actions ?? []);
  const ignoring = actions.flatMap((action) => (action.id === 'ignore-files' ? [action] : []));
  const [first] = ignoring;
  const merged = first
    ? [{ ...first, patterns: ignoring.flatMap(({ patterns }) => patterns).slice(0, maxPrinted) }]
    : [];
  const others = actions.filter(({ id }) => id !== 'ignore-files');
  return [...new Set([...merged, ...others].map(actionHint))];
}
