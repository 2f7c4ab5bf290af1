import { fail } from '../../../shared/problem.ts';
import { pruneText } from '../../../shared/prune-text.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { canAsk, isConfirmed } from './storage.ts';

/** Adds a schedule that prunes nodes. What others have there is pruned only after a yes. */
export async function addPruneSchedule(
  frontEnd: TerminalFrontEnd,
  { name, cron, timeZone, nodes, rules, replaces, yes }: Extract<Command, { kind: 'schedule.prune' }>,
): Promise<number> {
  const isForOthers = rules?.parts?.includes('unused') ?? false;
  if (isForOthers && !yes) {
    if (frontEnd.options.json || !canAsk(frontEnd)) {
      throw fail(
        'input.invalid',
        'With --all, the schedule also removes images that others have on the nodes, and no one can be asked here.',
        'Add --yes, or leave --all out.',
      );
    }
    const question = 'The schedule also removes images that others have pulled or built there. Add it? [y/N] ';
    if (!(await isConfirmed(frontEnd, question))) {
      frontEnd.print('Nothing was added.');
      return 0;
    }
  }
  const exists = replaces && (await frontEnd.call('timers.list', {})).some((timer) => timer.name === name);
  const timer = await frontEnd.call('timers.save', {
    timer: { name, cron, timeZone, task: { kind: 'prune', nodes, rules: rules ?? {} } },
    ...(exists ? { replaces: name } : {}),
  });
  frontEnd.printResult(timer, () => [
    `${exists ? 'Replaced' : 'Added'} the schedule ${name}: ${timer.task.kind === 'prune' ? pruneText(timer.task) : ''}.`,
    `Next: ${timer.next ?? 'never'}`,
    'It runs while the app is open, or while `barnraiser schedule daemon` runs.',
  ]);
  return 0;
}
