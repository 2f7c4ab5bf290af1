import { setTimeout } from 'node:timers/promises';
import { isBakeId } from '../../../shared/bake-id.ts';
import { isEnd, type Job } from '../../../shared/build.ts';
import type { BuildEntry } from '../../../shared/build-entry.ts';
import { formatAgo, formatClock, formatCount } from '../../../shared/format.ts';
import type { Platform } from '../../../shared/platform.ts';
import { fail } from '../../../shared/problem.ts';
import type { Step } from '../../../shared/step.ts';
import { wordOf } from '../../../shared/words.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { formatTable } from '../output/columns.ts';
import { isTerminal } from '../output/paint.ts';
import { graphSteps, mermaidLines } from '../output/step-graph.ts';
import { StepLabels } from '../output/step-labels.ts';
import { cleanLine } from '../output/text.ts';
import { forEachName } from './for-each-name.ts';

/** How many builds are requested at a time. */
const buildsPageSize = 1000;

/** How many lines of a log are requested at a time. */
const logPageLines = 5000;

/** How often a followed log is read, in milliseconds. */
const pollMs = 300;

export async function listBuilds(
  frontEnd: TerminalFrontEnd,
  { text, limit = Number.POSITIVE_INFINITY }: Extract<Command, { kind: 'builds' }>,
): Promise<number> {
  const { builds, hasMore } = await readBuilds(frontEnd, text, limit);
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
              statusCell(build),
              platformsCell(build),
              build.durationMs === undefined ? '' : formatClock(build.durationMs),
              formatAgo(new Date(build.createdAt), now),
            ]),
          ),
          ...(hasMore ? ['There are older builds: barnraiser builds --all'] : []),
        ],
  );
  return 0;
}

/** The newest builds with the words of the text. */
async function readBuilds(
  frontEnd: TerminalFrontEnd,
  text: string,
  limit: number,
): Promise<{ builds: BuildEntry[]; hasMore: boolean }> {
  const builds: BuildEntry[] = [];
  let cursor: string | undefined;
  do {
    const count = Math.min(limit - builds.length, buildsPageSize);
    const page = await frontEnd.call('builds.list', { filter: { text }, limit: count, cursor });
    builds.push(...page.entries);
    cursor = page.next;
  } while (cursor !== undefined && builds.length < limit);
  return { builds, hasMore: cursor !== undefined };
}

/** `done, not pushed`: the state of a build, and whether a push of it failed. */
function statusCell({ status, notPushed }: BuildEntry): string {
  return notPushed ? `${wordOf(status)}, not pushed` : wordOf(status);
}

/** The platforms, with those that are not done if the build is not. Why a build cannot be read. */
function platformsCell({ status, jobs, problem = '' }: BuildEntry): string {
  if (status === 'unreadable') {
    return cleanLine(problem);
  }
  const isMixed = jobs.some((job) => job.status !== jobs[0]?.status);
  return jobs
    .map(
      (job) =>
        `${job.platform}${isMixed ? ` ${wordOf(job.status)}` : ''}${job.mismatch ? ' (other programs)' : ''}${job.lostOn?.length ? ` (${formatCount(job.lostOn.length, 'move')})` : ''}`,
    )
    .join(', ');
}

/** Deletes ended builds with their logs. */
export async function removeBuilds(
  frontEnd: TerminalFrontEnd,
  { ids: named, all }: Extract<Command, { kind: 'builds.remove' }>,
): Promise<number> {
  const { builds } = all ? await readBuilds(frontEnd, '', Number.POSITIVE_INFINITY) : { builds: [] };
  const ended = builds.filter(({ status }) => status !== 'running').map(({ id }) => id);
  return forEachName(frontEnd, [...named, ...ended], async (id) => {
    await frontEnd.call('builds.remove', { id });
    frontEnd.printResult({ removed: id }, () => [`Deleted build ${id}.`]);
  });
}

/** Cancels a running build of any process and waits for its end, or cancels one of its platforms. */
export async function cancelBuild(
  frontEnd: TerminalFrontEnd,
  { build: id, platform }: Extract<Command, { kind: 'cancel' }>,
): Promise<number> {
  if (isBakeId(id)) {
    await frontEnd.showWait(`Cancelling ${id}`, frontEnd.call('bakes.cancel', { id }));
    frontEnd.printResult({ cancelled: id }, () => [`Cancelled ${id}.`]);
    return 0;
  }
  const { status, jobs } = await frontEnd.call('builds.get', { id });
  const job = platform === undefined ? undefined : findJob(id, jobs, platform);
  const ended = status !== 'running' ? status : job && isEnd(job.status) ? job.status : undefined;
  if (ended !== undefined) {
    const subject = platform === undefined ? `Build ${id}` : `The job for ${platform} of build ${id}`;
    throw fail('input.invalid', `${subject} has already ended: ${wordOf(ended)}.`, '');
  }
  await frontEnd.showWait(
    `Cancelling ${id}`,
    frontEnd.call('builds.cancel', { id, ...(platform === undefined ? {} : { platform }) }),
  );
  frontEnd.printResult({ cancelled: id, ...(platform === undefined ? {} : { platform }) }, () => [
    platform === undefined ? `Cancelled build ${id}.` : `Cancelling ${platform} of build ${id}.`,
  ]);
  return 0;
}

/** @throws Failure `build.unknown` */
function findJob(id: string, jobs: readonly Job[], platform: Platform): Job {
  const job = jobs.find((each) => each.platform === platform);
  if (!job) {
    const platforms = jobs.map((each) => each.platform).join(', ');
    throw fail('build.unknown', `Build ${id} has no job for ${platform}.`, `Its platforms are ${platforms}.`);
  }
  return job;
}

/**
 * Prints the logs of a build, of one job or of all, each line of several with its platform. With `follow`, goes on until the
 * build has ended, whatever process builds it.
 */
export async function printLogs(
  frontEnd: TerminalFrontEnd,
  { build: given, platform, follow }: Extract<Command, { kind: 'logs' }>,
): Promise<number> {
  const id = given ?? (await newestBuild(frontEnd));
  let build = await frontEnd.call('builds.get', { id });
  const platforms = platform ? [findJob(id, build.jobs, platform).platform] : build.jobs.map((job) => job.platform);
  const logs = platforms.map((name) => new PrintedLog(frontEnd, id, name, platforms.length > 1 ? `[${name}] ` : ''));
  for (;;) {
    // whether it has ended is known before the logs are read, so that they are complete
    const hasEnded = build.status !== 'running';
    for (const log of logs) {
      await log.printNew(build.jobs.find((job) => job.platform === log.platform)?.steps ?? []);
    }
    if (!follow || hasEnded) {
      return 0;
    }
    await setTimeout(pollMs, undefined, { signal: frontEnd.options.interrupted, ref: true }).catch(() =>
      frontEnd.options.interrupted.throwIfAborted(),
    );
    build = await frontEnd.call('builds.get', { id });
  }
}

/** Says on a terminal which build is meant. @throws Failure `build.unknown` */
export async function newestBuild(frontEnd: TerminalFrontEnd): Promise<string> {
  const [newest] = (await frontEnd.call('builds.list', { limit: 1 })).entries;
  if (!newest) {
    throw fail('build.unknown', 'There are no builds yet.', '');
  }
  const { id, reference, status, createdAt } = newest;
  if (isTerminal(frontEnd.options.errors)) {
    frontEnd.printNotes(
      `Build ${id}: ${cleanLine(reference)}, ${wordOf(status)}, ${formatAgo(new Date(createdAt), new Date())}`,
    );
  }
  return id;
}

/** Prints the graph of the steps of a build. */
export async function printGraph(
  frontEnd: TerminalFrontEnd,
  { build: given }: Extract<Command, { kind: 'graph' }>,
): Promise<number> {
  const id = given ?? (await newestBuild(frontEnd));
  const { jobs } = await frontEnd.call('builds.get', { id });
  const { steps: planned } = await frontEnd.call('builds.source', { id });
  const steps = graphSteps(planned, jobs);
  frontEnd.printResult(steps, () => mermaidLines(steps));
  return 0;
}

/** The log of a job, printed as it grows. */
class PrintedLog {
  readonly platform: Platform;
  readonly #frontEnd: TerminalFrontEnd;
  readonly #id: string;
  readonly #prefix: string;
  readonly #labels = new StepLabels();
  #printedLines = 0;

  constructor(frontEnd: TerminalFrontEnd, id: string, platform: Platform, prefix: string) {
    this.#frontEnd = frontEnd;
    this.#id = id;
    this.platform = platform;
    this.#prefix = prefix;
  }

  /** @param steps of the job, for the labels of the lines */
  async printNew(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      this.#labels.add(step);
    }
    const { platform } = this;
    // a page may hold fewer lines than requested; only an empty page means the end of the log on disk
    for (let received = 1; received > 0; this.#printedLines += received) {
      const from = this.#printedLines;
      const input = { id: this.#id, platform, from, count: logPageLines };
      const { total: _, ...range } = await this.#frontEnd.call('builds.log', input);
      received = range.lines.length;
      if (this.#frontEnd.options.json && (received > 0 || from === 0)) {
        this.#frontEnd.printJson({ platform, from, ...range });
      } else if (received > 0) {
        this.#frontEnd.print(
          ...range.lines.map(
            (line, index) =>
              this.#prefix + this.#labels.labelled(from + index, cleanLine(line), range.stepIds?.[index]),
          ),
        );
      }
    }
  }
}
