import { formatAgo, formatClock } from '../../shared/format.ts';
import type { Command } from './command.ts';
import { cleanLine } from './format.ts';
import { formatTable } from './table.ts';
import type { TerminalFrontEnd } from './terminal.ts';

/** How many lines of a log are asked for at once. */
const logPage = 5000;

export async function listBuilds(door: TerminalFrontEnd): Promise<number> {
  const builds = await door.call('builds.list', {});
  const now = new Date();
  door.answer(builds, () =>
    builds.length === 0
      ? ['Nothing has been built yet.']
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

/** Prints the logs of a build's jobs, or of the one that is asked for. */
export async function printLogs(door: TerminalFrontEnd, command: Extract<Command, { kind: 'logs' }>): Promise<number> {
  const { jobs } = await door.call('builds.get', { id: command.build });
  const platforms = command.platform ? [command.platform] : jobs.map(({ platform }) => platform);
  for (const platform of platforms) {
    if (platforms.length > 1 && !door.options.json) {
      door.print(`--- ${platform}`);
    }
    // there may be fewer lines than were asked for; where there are none, those that are missing are not on disk
    for (let from = 0, given = 1; given > 0; from += given) {
      const { lines } = await door.call('builds.log', { id: command.build, platform, from, count: logPage });
      given = lines.length;
      if (door.options.json && (given > 0 || from === 0)) {
        door.print(JSON.stringify({ platform, from, lines }));
      } else if (given > 0) {
        door.print(...lines.map(cleanLine));
      }
    }
  }
  return 0;
}

/** Writes a project to try a build with. */
export async function writeSampleProject(door: TerminalFrontEnd, folder: string | undefined): Promise<number> {
  const { context } = await door.call('projects.sample', folder === undefined ? {} : { folder });
  door.answer({ context }, () => [
    `A sample project is in ${context}.`,
    `Build it: barnraiser build -t hello:1 ${context}`,
  ]);
  return 0;
}
