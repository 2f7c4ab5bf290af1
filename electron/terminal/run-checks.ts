import type { Check, FixId } from '../../shared/check.ts';
import { ladderLines, remedyLines } from './check-lines.ts';
import { cleanLine } from './format.ts';
import { LiveChecks } from './live-checks.ts';
import { isTerminal, paintFor } from './paint.ts';
import type { TerminalFrontEnd } from './terminal.ts';

/**
 * Checks connections stage by stage, all at the same time, and prints what each stage has found and what to do where it is not
 * well. Exit code 1 where one does not work.
 */
export async function testConnections(door: TerminalFrontEnd, names: readonly string[]): Promise<number> {
  const unique = [...new Set(names)];
  const { json, output } = door.options;
  const live = !json && isTerminal(output) ? new LiveChecks(output) : undefined;
  const unsubscribe = door.subscribe((event) => {
    if (event.event === 'check.changed' && unique.includes(event.check.connection)) {
      if (json) {
        door.print(JSON.stringify(event));
      } else {
        live?.show(event.check);
      }
    }
  });
  door.screen = live;
  try {
    const checks = await Promise.all(unique.map((name) => door.call('connections.check', { name })));
    live?.pause();
    for (const check of checks) {
      printCheck(door, check);
    }
    return checks.every(({ status }) => status === 'passed') ? 0 : 1;
  } finally {
    live?.pause();
    door.screen = undefined;
    unsubscribe();
  }
}

/** Does on a node what a remedy has offered, and tests the connection again. */
export async function fixConnection(door: TerminalFrontEnd, name: string, fix: FixId): Promise<number> {
  const { said } = await door.waitFor(`Mending ${name}`, door.call('connections.fix', { name, fix }));
  if (door.options.json) {
    door.print(JSON.stringify({ connection: name, fix, said }));
  } else {
    door.print(...said.split('\n').map(cleanLine));
  }
  return testConnections(door, [name]);
}

function printCheck(door: TerminalFrontEnd, check: Check): void {
  const { json, output, errors } = door.options;
  if (json) {
    door.print(JSON.stringify(check));
    return;
  }
  door.print(...ladderLines(check, paintFor(output)));
  for (const rung of check.steps) {
    if (rung.problem) {
      door.tell(rung.problem, rung.state === 'warned' ? 'warning' : 'error');
    }
    if (rung.problem && rung.fixes.length > 0) {
      errors.write(`${remedyLines(check, rung, paintFor(errors)).join('\n')}\n`);
    }
  }
}
