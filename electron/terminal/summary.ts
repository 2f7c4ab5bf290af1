import type { Writable } from 'node:stream';
import { type Build, type Job, lastStepOf } from '../../shared/build.ts';
import { formatBytes, formatClock, formatCount } from '../../shared/format.ts';
import type { Problem } from '../../shared/problem.ts';
import { cleanLine, shortDigest } from './format.ts';
import { type Paint, paintFor } from './paint.ts';
import { formatTable } from './table.ts';

/** How much of a failed job's log is shown. */
const shownLines = 10;

export interface SummaryOptions {
  /** Whether to print the table of platforms; not where the grid stays on the screen. */
  readonly table?: boolean;
  readonly paint?: Paint;
}

/** Prints how a build ended: its platforms, who was left out, what failed and what to do about it, and the image. */
export function printSummary(stream: Writable, build: Build, options: SummaryOptions = {}): void {
  const { table = true, paint = paintFor(stream) } = options;
  const parts = [
    table && build.jobs.length > 0 ? tableOf(build.jobs) : [],
    build.schedule.leftOut.flatMap(({ node, problem }) => leftOut(node, problem, paint)),
    ...failures(build).map((jobs) => failure(jobs, paint)),
    ...(build.problem && failures(build).length === 0 ? [problemLines(build.problem)] : []),
    [outcome(build, paint)],
  ];
  const text = parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
  // below a grid, a blank line first
  stream.write(`${table ? '' : '\n'}${text}\n`);
}

function tableOf(jobs: readonly Job[]): string[] {
  return formatTable(
    [
      { title: 'PLATFORM' },
      { title: 'NODE' },
      { title: 'MODE' },
      { title: 'STATUS' },
      { title: 'TIME', align: 'right' },
      { title: 'SENT', align: 'right' },
      { title: 'RECEIVED', align: 'right' },
      { title: 'DIGEST' },
    ],
    jobs.map((job) => [
      job.platform,
      job.node,
      job.mode,
      job.status,
      job.durationMs === undefined ? '' : formatClock(job.durationMs),
      formatBytes(job.bytesSent),
      formatBytes(job.bytesReceived),
      shortDigest(job.digest ?? ''),
    ]),
  );
}

function leftOut(node: string, problem: Problem, paint: Paint): string[] {
  return [`${paint('yellow', 'left out:')} ${node}: ${cleanLine(problem.message)}`, `  ${cleanLine(problem.fix)}`];
}

/** Failed jobs, those together that failed for the same reason, as all do whose context cannot be read. */
function failures({ jobs }: Build): Job[][] {
  const byMessage = new Map<string, Job[]>();
  for (const job of jobs.filter(({ status }) => status === 'failed')) {
    const message = job.problem?.message ?? '';
    byMessage.set(message, [...(byMessage.get(message) ?? []), job]);
  }
  return [...byMessage.values()];
}

function failure(jobs: readonly Job[], paint: Paint): string[] {
  const who = jobs.map(({ platform, node }) => `${platform} on ${node}`).join(', ');
  const [first] = jobs;
  const step = jobs.length === 1 && first ? lastStepOf(first) : undefined;
  const at = step ? ` at step ${step.index}/${step.total}: ${cleanLine(step.text)}` : '';
  const lines = jobs.length === 1 ? (first?.lastLines ?? []) : [];
  return [
    `${paint('red', 'failed:')} ${who}${at}`,
    ...lines.slice(-shownLines).map((line) => paint('dim', `  | ${cleanLine(line)}`)),
    ...(first?.problem ? problemLines(first.problem) : []),
    ...jobs.flatMap(({ lost }) => lost.map(({ node, problem }) => `  before, ${node}: ${cleanLine(problem.message)}`)),
  ];
}

function problemLines({ message, fix }: Problem): string[] {
  return [`  ${cleanLine(message)}`, ...(fix ? [`  ${cleanLine(fix)}`] : [])];
}

function outcome({ status, jobs, list, reference, durationMs = 0 }: Build, paint: Paint): string {
  const time = formatClock(durationMs);
  switch (status) {
    case 'done':
      return `${paint('green', 'Built')} ${formatCount(jobs.length, 'platform')} in ${time}: ${reference} ${list?.digest ?? ''}`;
    case 'failed': {
      const failed = jobs.filter((job) => job.status === 'failed').length;
      const how = failed > 0 ? `: ${failed} of ${formatCount(jobs.length, 'platform')}` : '';
      return `${paint('red', 'Failed')} after ${time}${how}. Nothing was stored as ${reference}.`;
    }
    case 'cancelled':
      return `${paint('yellow', 'Cancelled')} after ${time}. Nothing was stored as ${reference}.`;
    case 'running':
      return `${reference} is still being built.`;
  }
}
