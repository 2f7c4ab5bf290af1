import type { BuildEntry } from '../../../shared/build-entry.ts';
import { formatAgo, formatClock } from '../../../shared/format.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { StepLabels } from '../output/step-labels.ts';
import { cleanLine, formatTable } from '../output/text.ts';

/** How many builds are requested at a time. */
const buildsPageSize = 1000;

/** How many lines of a log are requested at a time. */
const logPageLines = 5000;

export async function listBuilds(
  frontEnd: TerminalFrontEnd,
  { text, limit = Number.POSITIVE_INFINITY }: Extract<Command, { kind: 'builds' }>,
): Promise<number> {
  const builds: BuildEntry[] = [];
  let cursor: string | undefined;
  do {
    const count = Math.min(limit - builds.length, buildsPageSize);
    const page = await frontEnd.call('builds.list', { filter: { text }, limit: count, cursor });
    builds.push(...page.entries);
    cursor = page.next;
  } while (cursor !== undefined && builds.length < limit);
  const now = new Date();
  frontEnd.printResult(builds, () =>
    builds.length === 0
      ? [text === '' ? 'No builds yet.' : 'No builds match.']
      : [
          ...formatTable(
            [
              { title: 'BUILD' },
              { title: 'REFERENCE' },
              { title: 'STATUS' },
              { title: 'PLATFORMS' },
              { title: 'TIME', align: 'right' },
              { title: 'WHEN' },
            ],
            builds.map((build) => [
              build.id,
              cleanLine(build.reference),
              build.status,
              platformsCell(build),
              build.durationMs === undefined ? '' : formatClock(build.durationMs),
              formatAgo(new Date(build.createdAt), now),
            ]),
          ),
          ...(cursor === undefined ? [] : ['There are older builds: barnraiser builds --all']),
        ],
  );
  return 0;
}

/** The platforms, with those that are not done if the build is not. Why a build cannot be read. */
function platformsCell({ status, jobs, problem = '' }: BuildEntry): string {
  if (status === 'unreadable') {
    return cleanLine(problem);
  }
  const isMixed = jobs.some((job) => job.status !== jobs[0]?.status);
  return jobs.map((job) => `${job.platform}${isMixed ? ` ${job.status}` : ''}`).join(', ');
}

/** Prints the logs of a build: of one job, or of all jobs one after another. */
export async function printLogs(
  frontEnd: TerminalFrontEnd,
  command: Extract<Command, { kind: 'logs' }>,
): Promise<number> {
  const { jobs } = await frontEnd.call('builds.get', { id: command.build });
  const platforms = command.platform ? [command.platform] : jobs.map(({ platform }) => platform);
  for (const platform of platforms) {
    if (platforms.length > 1 && !frontEnd.options.json) {
      frontEnd.print(`--- ${platform}`);
    }
    const labels = new StepLabels(jobs.find((job) => job.platform === platform)?.steps);
    // a page may hold fewer lines than requested; only an empty page means the end of the log on disk
    for (let from = 0, received = 1; received > 0; from += received) {
      const input = { id: command.build, platform, from, count: logPageLines };
      const { total: _, ...range } = await frontEnd.call('builds.log', input);
      const { lines, stepIds } = range;
      received = lines.length;
      if (frontEnd.options.json && (received > 0 || from === 0)) {
        frontEnd.print(JSON.stringify({ platform, from, ...range }));
      } else if (received > 0) {
        const first = from;
        frontEnd.print(
          ...lines.map((line, index) => labels.labelled(first + index, cleanLine(line), stepIds?.[index])),
        );
      }
    }
  }
  return 0;
}
