import { setTimeout as delay } from 'node:timers/promises';
import { formatClock, formatCount } from '../../../shared/format.ts';
import type { NodeQueueState, Queue, QueueJob } from '../../../shared/queue.ts';
import { holdText, holdWords } from '../../../shared/queue-text.ts';
import { wordOf } from '../../../shared/words.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { formatTable } from '../output/columns.ts';
import { cut } from '../output/cut.ts';
import { isTerminal } from '../output/paint.ts';
import { cleanLine } from '../output/text.ts';
import { forEachName } from './for-each-name.ts';

/** How often a watched queue is read, in milliseconds. */
const pollMs = 500;

export async function showQueue(
  frontEnd: TerminalFrontEnd,
  { farm, watch }: Extract<Command, { kind: 'queue' }>,
): Promise<number> {
  const request = farm === undefined ? {} : { farm };
  const queue = await frontEnd.call('queue.get', request);
  if (!watch) {
    frontEnd.printResult(queue, () => queueLines(queue, Date.now()));
    return 0;
  }
  await watchQueue(frontEnd, queue, () => frontEnd.call('queue.get', request));
  return 0;
}

/** Shows the queue until the command is interrupted: in place on a terminal, else whenever something starts, ends or moves. */
async function watchQueue(frontEnd: TerminalFrontEnd, first: Queue, read: () => Promise<Queue>): Promise<never> {
  const { output, json, interrupted } = frontEnd.options;
  const show = !json && isTerminal(output) ? await drawing(output) : undefined;
  let last = '';
  for (let queue = first; ; queue = await read()) {
    const signature = JSON.stringify(queue, (key, value) =>
      key === 'startsAt' || key === 'endsAt' ? undefined : value,
    );
    if (show) {
      show(queueLines(queue, Date.now()));
    } else if (signature !== last) {
      frontEnd.printResult(queue, () => [...(last === '' ? [] : ['']), ...queueLines(queue, Date.now())]);
    }
    last = signature;
    await delay(pollMs, undefined, { signal: interrupted }).catch(() => interrupted.throwIfAborted());
  }
}

async function drawing(output: NodeJS.WritableStream): Promise<(lines: readonly string[]) => void> {
  const { createLogUpdate } = await import('log-update');
  const draw = createLogUpdate(output);
  const { columns = 80, rows = 24 } = output as { columns?: number; rows?: number };
  return (lines) => {
    const shown =
      lines.length < rows ? lines : [...lines.slice(0, rows - 2), `… and ${lines.length - rows + 2} more lines`];
    // the last column stays empty: some terminals start a new line when it is written
    draw(shown.map((line) => cut(line, columns - 1)).join('\n'));
  };
}

/** The queue as a table, with the nodes that are paused or drained. */
export function queueLines({ isPaused, builds, nodes }: Queue, now: number): string[] {
  const jobs = nodes.flatMap((node) => node.jobs.map((job, index) => ({ node, job, index })));
  const paused = builds.filter((build) => build.isPaused);
  const holds = nodes.flatMap(({ connections }) => connections.flatMap(({ hold }) => hold ?? []));
  const others = nodes.reduce((sum, node) => sum + (node.others ?? 0), 0);
  return [
    ...(isPaused ? ['The queue is paused: no further jobs start. Resume it: barnraiser queue resume'] : []),
    ...paused.map(({ id, reference }) => `Build ${id} (${cleanLine(reference)}) is paused.`),
    ...holds.map((hold) => `Node ${cleanLine(holdText(hold))}.`),
    ...(jobs.length === 0
      ? ['No jobs run or wait.']
      : formatTable(
          [
            { title: 'NODE' },
            { title: 'JOB' },
            { title: 'PLATFORM' },
            { title: 'REFERENCE' },
            { title: 'BUILD' },
            { title: 'PRIORITY' },
            { title: 'SINCE', align: 'right' },
            { title: 'STARTS IN', align: 'right' },
            { title: 'ENDS IN', align: 'right' },
          ],
          jobs.map(({ node, job, index }) => [
            job.node,
            jobCell(job, node, index),
            job.platform,
            cleanLine(job.reference),
            `${job.buildId}${job.ofOtherProcess ? ' *' : ''}`,
            wordOf(job.priority),
            formatClock(now - Date.parse(job.startedAt ?? job.since)),
            job.state === 'running' ? '' : inCell(job.startsAt, now),
            inCell(job.endsAt, now),
          ]),
        )),
    ...(jobs.some(({ job }) => job.ofOtherProcess) ? ['* of another Barnraiser process'] : []),
    ...(others > 0 ? [`${formatCount(others, 'job')} of other versions of Barnraiser`] : []),
  ];
}

/** @texts */
const waitWords: Readonly<Record<NonNullable<QueueJob['reason']>, string>> = {
  slot: 'waiting',
  'node-paused': 'node paused',
  'build-paused': 'paused',
  'queue-paused': 'queue paused',
};

function jobCell({ state, reason = 'slot' }: QueueJob, { jobs }: NodeQueueState, index: number): string {
  if (state === 'running') {
    return wordOf('running');
  }
  const ahead = jobs.slice(0, index).filter((job) => job.state === 'waiting').length;
  return reason === 'slot' ? `waiting ${ahead + 1}` : waitWords[reason];
}

function inCell(time: string | undefined, now: number): string {
  return time === undefined ? '?' : `~${formatClock(Math.max(0, Date.parse(time) - now))}`;
}

export async function moveBuild(
  frontEnd: TerminalFrontEnd,
  { id, to }: Extract<Command, { kind: 'queue.move' }>,
): Promise<number> {
  await frontEnd.call('queue.move', { id, to });
  const ends = { first: 'to the start of the queue', last: 'to the end of the queue' };
  frontEnd.printResult({ moved: id, to }, () => [
    `Moved build ${id} ${typeof to === 'object' ? `before build ${to.before}` : ends[to]}.`,
  ]);
  return 0;
}

export async function setPaused(
  frontEnd: TerminalFrontEnd,
  { kind, id }: Extract<Command, { kind: 'queue.pause' | 'queue.resume' }>,
): Promise<number> {
  const isPaused = kind === 'queue.pause';
  await frontEnd.call(kind, id === undefined ? {} : { id });
  const what = id === undefined ? 'the queue' : `build ${id}`;
  frontEnd.printResult(isPaused ? { paused: id ?? null } : { resumed: id ?? null }, () => [
    isPaused ? `Paused ${what}. Jobs that run go on.` : `Resumed ${what}.`,
  ]);
  return 0;
}

export async function holdNodes(
  frontEnd: TerminalFrontEnd,
  { names, state, reason }: Extract<Command, { kind: 'node.hold' }>,
): Promise<number> {
  return forEachName(frontEnd, names, async (name) => {
    const hold = await frontEnd.call('nodes.hold', { name, state, ...(reason === undefined ? {} : { reason }) });
    frontEnd.printResult(hold, () => [
      state === 'paused'
        ? `Paused ${name}. It starts no further jobs until it is resumed.`
        : `Draining ${name}. It takes no jobs until it is resumed; those that wait for it move to other nodes.`,
    ]);
  });
}

export async function resumeNodes(frontEnd: TerminalFrontEnd, names: readonly string[]): Promise<number> {
  return forEachName(frontEnd, names, async (name) => {
    await frontEnd.call('nodes.resume', { name });
    frontEnd.printResult({ resumed: name }, () => [`Resumed ${name}.`]);
  });
}

export async function listHolds(frontEnd: TerminalFrontEnd): Promise<number> {
  const holds = await frontEnd.call('nodes.holds', {});
  frontEnd.printResult(holds, () =>
    holds.length === 0
      ? ['No node is paused or drained. To see all nodes, run barnraiser status.']
      : formatTable(
          [{ title: 'NODE' }, { title: 'STATE' }, { title: 'SINCE' }, { title: 'BY' }, { title: 'REASON' }],
          holds.map(({ node, state, at, by = '', reason = '' }) => [
            node,
            holdWords[state].toLowerCase(),
            at.slice(0, 16).replace('T', ' '),
            cleanLine(by),
            cleanLine(reason),
          ]),
        ),
  );
  return 0;
}
