import type { Check, FixId } from '../../../shared/check.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { fixLines, reportLines } from '../output/check-report.ts';
import { LiveChecks } from '../output/live-checks.ts';
import { paintFor } from '../output/paint.ts';
import { cleanLine } from '../output/text.ts';

/**
 * Checks connections step by step, all at the same time, and prints the reports with problems and fixes. On a terminal, the
 * steps are shown while they run.
 * @returns the exit code: 1 if a connection does not work
 */
export async function testConnections(frontEnd: TerminalFrontEnd, names: readonly string[]): Promise<number> {
  const unique = [...new Set(names)];
  const { json, output } = frontEnd.options;
  const live = frontEnd.draws(output) ? new LiveChecks(output) : undefined;
  const unsubscribe = frontEnd.subscribe((event) => {
    if (event.event === 'check.changed' && unique.includes(event.check.connection)) {
      if (json) {
        frontEnd.printJson(event);
      } else {
        live?.show(event.check);
      }
    }
  });
  try {
    const checks = await frontEnd.withScreen(live, () =>
      Promise.all(unique.map((name) => frontEnd.call('connections.check', { name }))),
    );
    live?.pause();
    for (const check of checks) {
      printCheck(frontEnd, check);
    }
    return checks.every(({ status }) => status === 'passed') ? 0 : 1;
  } finally {
    live?.pause();
    unsubscribe();
  }
}

/** Applies a fix to a node, then checks the connection again. */
export async function fixConnection(frontEnd: TerminalFrontEnd, name: string, fix: FixId): Promise<number> {
  const { output } = await frontEnd.showWait(`Fixing ${name}`, frontEnd.call('connections.fix', { name, fix }));
  if (frontEnd.options.json) {
    frontEnd.printJson({ connection: name, fix, said: output });
  } else {
    frontEnd.print(...output.split('\n').map(cleanLine));
  }
  return testConnections(frontEnd, [name]);
}

function printCheck(frontEnd: TerminalFrontEnd, check: Check): void {
  const { json, output, errors } = frontEnd.options;
  if (json) {
    frontEnd.printJson(check);
    return;
  }
  frontEnd.print(...reportLines(check, paintFor(output)));
  for (const step of check.steps) {
    if (step.problem) {
      frontEnd.reportProblem(step.problem, step.state === 'warned' ? 'warning' : 'error');
    }
    if (step.problem && step.fixes.length > 0) {
      frontEnd.printNotes(...fixLines(check, step, paintFor(errors)));
    }
  }
}
