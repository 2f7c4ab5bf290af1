import { formatAgo, formatClock } from '../../../shared/format.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { cleanLine, formatTable } from '../output/text.ts';

/** How many lines of a log are requested at a time. */
const logPageLines = 5000;

export async function listBuilds(frontEnd: TerminalFrontEnd): Promise<number> {
  const builds = await frontEnd.call('builds.list', {});
  const now = new Date();
  frontEnd.printResult(builds, () =>
    builds.length === 0
      ? ['No builds yet.']
      : formatTable(
          [
            { title: 'BUILD' },
            { title: 'REFERENCE' },
            { title: 'STATUS' },
            { title: 'PLATFORMS' },
            { title: 'TIME', align: 'right' },
            { title: 'WHEN' },
          ],
          builds.map(({ id, reference, status, jobs, durationMs, createdAt }) => [
            id,
            reference,
            status,
            jobs.map(({ platform }) => platform).join(', '),
            durationMs === undefined ? '' : formatClock(durationMs),
            formatAgo(new Date(createdAt), now),
          ]),
        ),
  );
  return 0;
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
    // a page may hold fewer lines than requested; only an empty page means the end of the log on disk
    for (let from = 0, received = 1; received > 0; from += received) {
      const { lines } = await frontEnd.call('builds.log', { id: command.build, platform, from, count: logPageLines });
      received = lines.length;
      if (frontEnd.options.json && (received > 0 || from === 0)) {
        frontEnd.print(JSON.stringify({ platform, from, lines }));
      } else if (received > 0) {
        frontEnd.print(...lines.map(cleanLine));
      }
    }
  }
  return 0;
}
