import type { Writable } from 'node:stream';
import type { Build, Job } from '../../../shared/build.ts';
import { type FailureGroup, groupFailures } from '../../../shared/failures.ts';
import { formatBytes, formatClock, formatCount, formatList, formatSent, formatSource } from '../../../shared/format.ts';
import { foundInTexts } from '../../../shared/found-in.ts';
import { parseReference } from '../../../shared/image.ts';
import { movesOf } from '../../../shared/moves.ts';
import type { Problem } from '../../../shared/problem.ts';
import type { Push } from '../../../shared/push.ts';
import { currentStep, failedStepOf } from '../../../shared/step.ts';
import { groupWarnings, type ReportedFinding, type WarningGroup, withoutReported } from '../../../shared/warnings.ts';
import { wordOf } from '../../../shared/words.ts';
import { formatTable } from './columns.ts';
import { buildOutputLines } from './output-lines.ts';
import { type Paint, paintFor } from './paint.ts';
import { explainLines } from './problem.ts';
import { actionHint } from './problem-actions.ts';
import { pushedLine } from './push-lines.ts';
import { cleanLine, cleanPainted, shortDigest } from './text.ts';

/** The summary shows the last lines of a failed job's log. */
const maxLogLines = 10;

export interface SummaryOptions {
  /** Print a table of the platforms. Not needed below a live grid. Default: true. */
  readonly table?: boolean;
  /** Say what can be done with the image, for a person at a terminal. Default: false. */
  readonly next?: boolean;
  /** What was reported of the Containerfile before the build. */
  readonly reported?: readonly ReportedFinding[];
  readonly paint?: Paint;
}

/** Prints the result of a build: the platforms, skipped nodes, failures with their fixes, and the image. */
export function printSummary(stream: Writable, build: Build, options: SummaryOptions = {}): void {
  const { table = true, next = false, reported = [], paint = paintFor(stream) } = options;
  const groups = groupFailures(build.jobs.filter(({ status }) => status === 'failed'));
  const parts = [
    table && build.jobs.length > 0 ? jobTable(build.jobs) : [],
    build.schedule.leftOut.flatMap(({ node, problem }) => skippedNodeLines(node, problem, paint)),
    build.jobs.flatMap((job) => moveLines(job, paint)),
    ...groups.map((group) => failureLines(group, build.jobs, paint)),
    (build.push?.notDirect ?? []).flatMap(({ node, problem }) => notDirectLines(node, problem, paint)),
    withoutReported(groupWarnings(build.jobs), reported).flatMap((group) =>
      warningLines(group, build.jobs.length, paint),
    ),
    build.jobs.flatMap(({ mismatch }) => (mismatch ? [`${paint('yellow', 'warning:')} ${cleanLine(mismatch)}`] : [])),
    ...(build.problem && groups.length === 0 ? [problemLines(build.problem)] : []),
    missingLines(build, paint),
    [
      outcomeLine(build, paint),
      ...[build.push, ...(build.furtherPushes ?? [])].flatMap((push) => pushResult(build, push, paint)),
      ...(build.outputs ?? []).flatMap((output) => buildOutputLines(output, paint)),
      ...retryLines(build),
      ...explainLines(stream, problemsOf(build, groups), paint),
      ...(next ? pushLines(build) : []),
    ],
  ];
  const text = parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
  // a blank line separates the summary from the grid
  stream.write(`${table ? '' : '\n'}${cleanPainted(text)}\n`);
}

/** The problems that a build ends with. */
function problemsOf({ problem, push }: Build, groups: readonly FailureGroup[]): Problem[] {
  const failed = groups.length > 0 ? groups.map((group) => group.problem) : [problem];
  return [...failed, push?.status === 'failed' ? push.problem : undefined].filter((each) => each !== undefined);
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
      job.foundIn ? '' : wordOf(job.mode),
      job.foundIn
        ? foundInTexts[job.foundIn]
        : job.reusedFrom
          ? wordOf('reused')
          : wordOf(job.skipped ? 'unchanged' : job.status),
      job.durationMs === undefined ? '' : formatClock(job.durationMs),
      formatSent(job),
      formatBytes(job.bytesReceived),
      shortDigest(job.digest ?? ''),
    ]),
  );
}

function skippedNodeLines(node: string, problem: Problem, paint: Paint): string[] {
  const [message = '', ...fixes] = problemLines(problem);
  return [`${paint('yellow', 'skipped:')} ${node}: ${message.trimStart()}`, ...fixes];
}

/** Why a node did not push its images itself. */
function notDirectLines(node: string, problem: Problem, paint: Paint): string[] {
  return [
    `${paint('yellow', 'warning:')} Node ${node} could not push to the registry. Its images went through this computer.`,
    ...problemLines(problem),
  ];
}

/** What engines warned of, with the platforms if not all did. Its explanation is in the log. */
function warningLines({ warning, platforms }: WarningGroup, jobs: number, paint: Paint): string[] {
  const { text, source, url } = warning;
  const position = source ? `${formatSource(source)}: ` : '';
  const names = platforms.length === jobs ? '' : ` (${platforms.join(', ')})`;
  return [
    `${paint('yellow', 'warning:')} ${cleanLine(`${position}${text}${names}`)}`,
    ...(url === undefined ? [] : [`  ${cleanLine(url)}`]),
  ];
}

/** From which node to which a job moved, and why. */
function moveLines(job: Job, paint: Paint): string[] {
  return movesOf(job).map((move) => `${paint('yellow', 'warning:')} ${job.platform} ${cleanLine(move)}`);
}

/** One failure, with the last log lines of its first platform. */
function failureLines({ platforms, problem, line }: FailureGroup, all: readonly Job[], paint: Paint): string[] {
  const jobs = all.filter(({ platform }) => platforms.includes(platform));
  const names = jobs.map(({ platform, node }) => `${platform} on ${node}`).join(', ');
  const [first] = jobs;
  const step = first && (failedStepOf(first) ?? (jobs.length === 1 ? currentStep(first) : undefined));
  const { source } = problem;
  const inFile = source ? ` (${formatSource(source)})` : line === undefined ? '' : ` (line ${line})`;
  const at = step ? ` at step ${step.index}/${step.total}${inFile}: ${cleanLine(step.name)}` : inFile;
  return [
    `${paint('red', 'failed:')} ${names}${at}`,
    ...(first?.lastLines ?? []).slice(-maxLogLines).map((line) => paint('dim', `  | ${cleanLine(line)}`)),
    ...problemLines(problem),
  ];
}

function problemLines({ message, fix, actions = [] }: Problem): string[] {
  return [message, fix, ...actions.map(actionHint)].filter((text) => text !== '').map((text) => `  ${cleanLine(text)}`);
}

/** The optional platforms that a build is done without, and why. */
function missingLines({ missing = [], jobs, schedule: { unassigned } }: Build, paint: Paint): string[] {
  return missing.map((platform) => {
    const failed = [...jobs, ...unassigned].find((each) => each.platform === platform);
    const reason = failed?.problem?.message ?? 'It was not built.';
    return `${paint('yellow', 'without:')} ${platform} (optional): ${cleanLine(reason)}`;
  });
}

/** How to go on from an incomplete build. */
function retryLines({ id, status, jobs, missing = [], push }: Build): string[] {
  const done = jobs.filter((job) => job.status === 'done').length;
  if (status === 'interrupted') {
    return [`What is finished is kept. Go on: barnraiser resume ${id}`];
  }
  if (status === 'done' && missing.length > 0) {
    return [`Build what is missing: barnraiser retry ${id}`];
  }
  if (status === 'running' || status === 'done' || done === 0 || (done === jobs.length && !push?.direct)) {
    return [];
  }
  return done === jobs.length
    ? [`The images are in the registry, without a list. Push the list: barnraiser retry ${id}`]
    : [`What is done is kept. Build only the rest: barnraiser retry ${id}`];
}

/** What became of the push of a finished build. One that was cancelled with its build needs no line. */
function pushResult({ status, reference }: Build, push: Push | undefined, paint: Paint): string[] {
  if (status !== 'done' || !push) {
    return [];
  }
  const { destination, problem, digest = '', tags = [] } = push;
  if (problem) {
    const outcome =
      push.status === 'failed' ? `${paint('red', 'Could not push')} ${destination}.` : paint('yellow', problem.message);
    const again = `Push it again: barnraiser push ${reference}${destination === reference ? '' : ` ${destination}`}`;
    const isReleased = problem.code === 'image.released';
    return [outcome, ...(push.status === 'failed' ? problemLines(problem) : []), ...(isReleased ? [] : [again])];
  }
  return [`${pushedLine(push)} ${digest}`, ...tags.map((tag) => `Tagged ${tag.reference} ${tag.digest}`)];
}

/** How to go on from a finished build. */
function pushLines({ status, reference, push }: Build): string[] {
  const parsed = parseReference(reference);
  if (push || status !== 'done' || typeof parsed === 'string') {
    return [];
  }
  const destination = parsed.registry === undefined ? ` registry.example.com/team/${reference}` : '';
  return [`Push it: barnraiser push ${reference}${destination}`];
}

/** ` without linux/arm64 (optional)`; empty if nothing is missing. */
function withoutText(missing: readonly string[]): string {
  return missing.length === 0 ? '' : ` without ${formatList(missing)} (optional)`;
}

function outcomeLine(
  { status, jobs, missing = [], list, foundDigest, reference, push, durationMs = 0 }: Build,
  paint: Paint,
): string {
  const time = formatClock(durationMs);
  const nothing = push?.direct ? `${push.destination} was not changed.` : `No image was stored as ${reference}.`;
  switch (status) {
    case 'done': {
      const done = jobs.filter((job) => job.status === 'done');
      const found = done.filter((job) => job.foundIn).length;
      const image = list
        ? `${reference} ${list.digest}`
        : `${reference}${foundDigest ? ` ${foundDigest}` : ''}, which is not stored here`;
      return found > 0 && found === done.length
        ? `${paint('green', 'Nothing to build')}: found ${formatCount(found, 'platform')} of ${image}`
        : `${paint('green', 'Built')} ${formatCount(done.length - found, 'platform')}${found > 0 ? `, found ${found},` : ''}${withoutText(missing)} in ${time}: ${image}`;
    }
    case 'failed': {
      const failed = jobs.filter((job) => job.status === 'failed').length;
      const share = failed > 0 ? ` (${failed} of ${formatCount(jobs.length, 'platform')})` : '';
      return `${paint('red', 'Failed')} after ${time}${share}. ${nothing}`;
    }
    case 'cancelled':
      return `${paint('yellow', 'Cancelled')} after ${time}. ${nothing}`;
    case 'interrupted':
      return `${paint('yellow', 'Interrupted')}: Barnraiser was closed before the build ended. ${list ? `${reference} ${list.digest}` : nothing}`;
    case 'running':
      return `${reference} is still building.`;
  }
}
