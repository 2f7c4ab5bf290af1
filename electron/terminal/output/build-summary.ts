import type { Writable } from 'node:stream';
import type { Build, Job } from '../../../shared/build.ts';
import { formatBytes, formatClock, formatCount } from '../../../shared/format.ts';
import type { Problem } from '../../../shared/problem.ts';
import { currentStep } from '../../../shared/step.ts';
import { type Paint, paintFor } from './paint.ts';
import { cleanLine, formatTable, shortDigest } from './text.ts';

/** The summary shows the last lines of a failed job's log. */
const maxLogLines = 10;

export interface SummaryOptions {
  /** Print a table of the platforms. Not needed below a live grid. Default: true. */
  readonly table?: boolean;
  readonly paint?: Paint;
}

/** Prints the result of a build: the platforms, skipped nodes, failures with their fixes, and the image. */
export function printSummary(stream: Writable, build: Build, options: SummaryOptions = {}): void {
  const { table = true, paint = paintFor(stream) } = options;
  const parts = [
    table && build.jobs.length > 0 ? jobTable(build.jobs) : [],
    build.schedule.leftOut.flatMap(({ node, problem }) => skippedNodeLines(node, problem, paint)),
    ...groupFailures(build).map((jobs) => failureLines(jobs, paint)),
    ...(build.problem && groupFailures(build).length === 0 ? [problemLines(build.problem)] : []),
    [outcomeLine(build, paint), ...retryLines(build)],
  ];
  const text = parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
  // a blank line separates the summary from the grid
  stream.write(`${table ? '' : '\n'}${text}\n`);
}

function jobTable(jobs: readonly Job[]): string[] {
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
      job.reusedFrom ? 'reused' : job.status,
      job.durationMs === undefined ? '' : formatClock(job.durationMs),
      formatBytes(job.bytesSent),
      formatBytes(job.bytesReceived),
      shortDigest(job.digest ?? ''),
    ]),
  );
}

function skippedNodeLines(node: string, problem: Problem, paint: Paint): string[] {
  return [`${paint('yellow', 'skipped:')} ${node}: ${cleanLine(problem.message)}`, `  ${cleanLine(problem.fix)}`];
}

/** Failed jobs, grouped by message: an unreadable context, for example, fails all jobs in the same way. */
function groupFailures({ jobs }: Build): Job[][] {
  const byMessage = new Map<string, Job[]>();
  for (const job of jobs.filter(({ status }) => status === 'failed')) {
    const message = job.problem?.message ?? '';
    byMessage.set(message, [...(byMessage.get(message) ?? []), job]);
  }
  return [...byMessage.values()];
}

/** @param jobs jobs with the same problem */
function failureLines(jobs: readonly Job[], paint: Paint): string[] {
  const names = jobs.map(({ platform, node }) => `${platform} on ${node}`).join(', ');
  const [first] = jobs;
  const step = jobs.length === 1 && first ? currentStep(first) : undefined;
  const at = step ? ` at step ${step.index}/${step.total}: ${cleanLine(step.name)}` : '';
  const lines = jobs.length === 1 ? (first?.lastLines ?? []) : [];
  return [
    `${paint('red', 'failed:')} ${names}${at}`,
    ...lines.slice(-maxLogLines).map((line) => paint('dim', `  | ${cleanLine(line)}`)),
    ...(first?.problem ? problemLines(first.problem) : []),
    ...jobs.flatMap(({ lost }) =>
      lost.map(({ node, problem }) => `  earlier attempt on ${node}: ${cleanLine(problem.message)}`),
    ),
  ];
}

function problemLines({ message, fix }: Problem): string[] {
  return [`  ${cleanLine(message)}`, ...(fix ? [`  ${cleanLine(fix)}`] : [])];
}

/** How to go on from an incomplete build. */
function retryLines({ id, status, jobs }: Build): string[] {
  const done = jobs.filter((job) => job.status === 'done').length;
  return status === 'running' || done === 0 || done === jobs.length
    ? []
    : [`What is done is kept. Build only the rest: barnraiser retry ${id}`];
}

function outcomeLine({ status, jobs, list, reference, durationMs = 0 }: Build, paint: Paint): string {
  const time = formatClock(durationMs);
  switch (status) {
    case 'done':
      return `${paint('green', 'Built')} ${formatCount(jobs.length, 'platform')} in ${time}: ${reference} ${list?.digest ?? ''}`;
    case 'failed': {
      const failed = jobs.filter((job) => job.status === 'failed').length;
      const share = failed > 0 ? ` (${failed} of ${formatCount(jobs.length, 'platform')})` : '';
      return `${paint('red', 'Failed')} after ${time}${share}. No image was stored as ${reference}.`;
    }
    case 'cancelled':
      return `${paint('yellow', 'Cancelled')} after ${time}. No image was stored as ${reference}.`;
    case 'running':
      return `${reference} is still building.`;
  }
}
