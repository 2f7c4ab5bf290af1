import type { CallInput } from '../../../shared/contract.ts';
import { emulationText } from '../../../shared/emulation.ts';
import { estimateText, finishText } from '../../../shared/estimate-text.ts';
import { formatCount } from '../../../shared/format.ts';
import type { ProjectWarning } from '../../../shared/project.ts';
import type { Schedule } from '../../../shared/schedule.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { formatTable } from '../output/columns.ts';
import { cleanLine } from '../output/text.ts';

/**
 * Prints what a build would do: which node builds which platform, why, and how long that takes.
 * @returns 0 if all platforms that are not optional can be built, otherwise 1
 */
export async function printPlan(
  frontEnd: TerminalFrontEnd,
  request: CallInput<'builds.preview'>,
  warnings: readonly ProjectWarning[],
): Promise<number> {
  const schedule = await frontEnd.showWait('Checking the nodes', frontEnd.call('builds.preview', request));
  const { optionalPlatforms = [], reference } = request;
  const required = schedule.unassigned.filter(({ platform }) => !optionalPlatforms.includes(platform));
  const isPossible = schedule.assignments.length > 0 && required.length === 0;
  frontEnd.printResult({ reference, isPossible, ...schedule, warnings }, () => [
    ...planLines(schedule, optionalPlatforms),
    '',
    isPossible
      ? `This builds ${reference} for ${formatCount(schedule.assignments.length, 'platform')}. To build it, leave out --dry-run.`
      : `${reference} cannot be built as it is asked for.`,
  ]);
  return isPossible ? 0 : 1;
}

function planLines(schedule: Schedule, optional: readonly string[]): string[] {
  const { assignments, unassigned, leftOut, emulation = [] } = schedule;
  const finish = finishText(schedule);
  return [
    ...(assignments.length === 0
      ? ['No node builds anything.']
      : formatTable(
          [{ title: 'PLATFORM' }, { title: 'NODE' }, { title: 'TIME' }, { title: 'DONE IN' }, { title: 'WHY' }],
          assignments.map(({ platform, node, estimate, finish, reason }) => [
            platform,
            node,
            estimate ? estimateText(estimate) : '',
            finish ? estimateText(finish) : '',
            cleanLine(reason),
          ]),
        )),
    ...(finish ? [finish] : []),
    ...emulation.map((each) => cleanLine(emulationText(each))),
    ...unassigned.flatMap(({ platform, problem }) => [
      `${cleanLine(problem.message)}${optional.includes(platform) ? ' The platform is optional.' : ''}`,
      `  ${cleanLine(problem.fix)}`,
    ]),
    ...leftOut.map(({ problem }) => `Left out: ${cleanLine(problem.message)}`),
  ];
}
