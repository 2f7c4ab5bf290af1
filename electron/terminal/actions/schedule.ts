import { formatAgo, formatBytes, formatDuration } from '../../../shared/format.ts';
import { Failure, fail } from '../../../shared/problem.ts';
import { pruneText } from '../../../shared/prune-text.ts';
import type { Timer, TimerRun } from '../../../shared/timer.ts';
import { wordOf } from '../../../shared/words.ts';
import type { Command } from '../command.ts';
import { scheduleName } from '../commands/automation.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { formatTable } from '../output/columns.ts';
import { cleanLine } from '../output/text.ts';
import { descriptorOf } from '../text-input.ts';
import { forEachName } from './for-each-name.ts';
import { inOrder, resolveBuild, ShownBuilds } from './later-build.ts';

/** @texts What the status of a run is called. */
const statusTexts: Readonly<Record<TimerRun['status'], string>> = {
  running: 'running',
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  unchanged: 'not built, nothing changed',
  missed: 'missed, nothing was running',
  skipped: 'left out',
};

export async function addSchedule(
  frontEnd: TerminalFrontEnd,
  {
    build,
    cron,
    timeZone,
    missed,
    onlyIfChanged,
    onlyIfBaseNewer,
    isPaused,
    replaces,
    ...given
  }: Extract<Command, { kind: 'schedule.add' }>,
): Promise<number> {
  // a time that is not valid is reported before the project is read
  await frontEnd.call('timers.times', { cron, timeZone });
  const resolved = await resolveBuild(frontEnd, build);
  if (!resolved) {
    return 1;
  }
  const { proxyVariables: _, pushCredentials: __, input: ___, ...request } = resolved.request;
  const piped = request.secrets?.find(
    ({ source }) => source.kind === 'file' && descriptorOf(source.path) !== undefined,
  );
  if (piped) {
    throw fail(
      'timer.secret',
      `The secret ${piped.id} comes from a pipe, which can be read only once.`,
      'Keep it in a file that only you can read, and use that.',
    );
  }
  const name = given.name ?? scheduleName(request.context);
  const exists = replaces && (await frontEnd.call('timers.list', {})).some((timer) => timer.name === name);
  const timer = await frontEnd
    .call('timers.save', {
      timer: {
        name,
        cron,
        timeZone,
        missed,
        isPaused,
        task: { kind: 'build', request, onlyIfChanged, onlyIfBaseNewer },
      },
      ...(exists ? { replaces: name } : {}),
    })
    .catch((error: unknown) => {
      throw error instanceof Failure && error.problem.code === 'timer.exists'
        ? fail('timer.exists', error.problem.message, 'Choose another with --name, or replace it with --replace.')
        : error;
    });
  const { times } = await frontEnd.call('timers.times', { cron, timeZone });
  frontEnd.printResult({ ...timer, times }, () => [
    `${exists ? 'Replaced' : 'Added'} the schedule ${name} of ${request.reference}.${isPaused ? ' It is paused.' : ''}`,
    'Next times:',
    ...times.map((time) => `  ${formatTime(time, timeZone)}`),
    'They are built while the app is open, or while `barnraiser schedule daemon` runs.',
  ]);
  return 0;
}

export async function listSchedules(frontEnd: TerminalFrontEnd): Promise<number> {
  const timers = await frontEnd.call('timers.list', {});
  frontEnd.printResult(timers, () =>
    timers.length === 0
      ? ['No schedules yet. Add one: barnraiser schedule add --cron @daily -t api:nightly ./api']
      : tableOf(timers),
  );
  return 0;
}

export async function removeSchedules(frontEnd: TerminalFrontEnd, names: readonly string[]): Promise<number> {
  return forEachName(frontEnd, names, async (name) => {
    await frontEnd.call('timers.remove', { name });
    frontEnd.printResult({ removed: name }, () => [`Removed the schedule ${name}. Its builds are kept.`]);
  });
}

export async function pauseSchedules(
  frontEnd: TerminalFrontEnd,
  { names, isPaused }: Extract<Command, { kind: 'schedule.pause' }>,
): Promise<number> {
  return forEachName(frontEnd, names, async (name) => {
    const timer = await frontEnd.call('timers.pause', { name, isPaused });
    frontEnd.printResult(timer, () => [
      isPaused
        ? `Paused ${name}. Resume it: barnraiser schedule resume ${name}`
        : `Resumed ${name}. It runs next ${timer.next === undefined ? 'never' : formatTime(timer.next, timer.timeZone)}.`,
    ]);
  });
}

export async function printTimes(
  frontEnd: TerminalFrontEnd,
  { cron, timeZone }: Extract<Command, { kind: 'schedule.times' }>,
): Promise<number> {
  const { times } = await frontEnd.call('timers.times', { cron, timeZone });
  frontEnd.printResult({ times }, () => times.map((time) => formatTime(time, timeZone)));
  return 0;
}

/** Runs a schedule now and shows its build. An interruption cancels it. */
export async function runSchedule(frontEnd: TerminalFrontEnd, name: string): Promise<number> {
  const builds = new ShownBuilds(frontEnd, { isOwn: (trigger) => trigger.kind === 'timer' && trigger.name === name });
  const events = inOrder((event) => builds.handle(event));
  const unsubscribe = frontEnd.subscribe(events.add);
  try {
    const { run } = await frontEnd.start('timers.run', { name });
    await events.idle();
    return showRun(frontEnd, name, run);
  } finally {
    unsubscribe();
    await events.idle();
    builds.close();
  }
}

function showRun(frontEnd: TerminalFrontEnd, name: string, run: TimerRun | undefined): number {
  if (run?.build === undefined && run?.problem) {
    frontEnd.reportProblem(run.problem);
  } else if (run && !frontEnd.options.json && run.status === 'unchanged') {
    frontEnd.print(`${name}: nothing has changed since the last build, so nothing was built.`);
  } else if (run?.freedBytes !== undefined && !frontEnd.options.json) {
    frontEnd.print(`${name}: freed ${formatBytes(run.freedBytes)}.`);
  }
  if (frontEnd.options.json) {
    frontEnd.printJson({ name, run });
  }
  switch (run?.status) {
    case 'done':
    case 'unchanged':
      return 0;
    case 'cancelled':
      return 130;
    default:
      return 1;
  }
}

/** Runs schedules until it is interrupted, with a line for each start and each end. */
export async function runSchedules(frontEnd: TerminalFrontEnd): Promise<number> {
  const { json } = frontEnd.options;
  const unsubscribe = frontEnd.subscribe((event) => {
    if (json) {
      if (event.event === 'timer.finished' || event.event === 'timers.changed') {
        frontEnd.printJson(event);
      }
    } else if (event.event === 'timer.finished') {
      frontEnd.print(`${timeNow()}  ${event.name}  ${runText(event.run)}`);
    } else if (event.event === 'build.started' && event.build.request.trigger?.kind === 'timer') {
      frontEnd.print(`${timeNow()}  ${event.build.request.trigger.name}  started build ${event.build.id}`);
    }
  });
  try {
    const [timers, { frontEnd: kind }] = await Promise.all([
      frontEnd.call('timers.list', {}),
      frontEnd.call('app.info', {}),
    ]);
    if (!json) {
      frontEnd.print(...(timers.length === 0 ? ['No schedules yet. Those that are added run, too.'] : tableOf(timers)));
    }
    frontEnd.printNotes(
      kind === 'terminal'
        ? 'Schedules run until Ctrl+C is pressed.'
        : 'The app is open and runs the schedules. Press Ctrl+C to stop watching it.',
    );
    await frontEnd.start('timers.serve', {});
    return 0;
  } finally {
    unsubscribe();
  }
}

function tableOf(timers: readonly Timer[]): string[] {
  const now = new Date();
  return formatTable(
    [{ title: 'SCHEDULE' }, { title: 'WHEN' }, { title: 'WHAT' }, { title: 'NEXT' }, { title: 'LAST' }],
    timers.map(({ name, cron, timeZone, task, next, last, isPaused }) => [
      name,
      timeZone === undefined ? cron : `${cron} (${timeZone})`,
      taskText(task),
      isPaused ? wordOf('paused') : next === undefined ? wordOf('never') : formatTime(next, timeZone),
      last ? `${statusTexts[last.status]} ${formatAgo(new Date(last.at), now)}` : '',
    ]),
  );
}

function taskText(task: Timer['task']): string {
  switch (task.kind) {
    case 'build':
      return cleanLine(task.request.reference);
    case 'prune':
      return pruneText(task);
  }
}

function runText({ status, durationMs, build, problem, freedBytes }: TimerRun): string {
  const took = durationMs === undefined ? '' : ` in ${formatDuration(durationMs)}`;
  const where = build === undefined ? (freedBytes ? `, ${formatBytes(freedBytes)} freed` : '') : ` (build ${build})`;
  return `${statusTexts[status]}${took}${where}${problem ? `: ${cleanLine(problem.message)}` : ''}`;
}

function timeNow(): string {
  return formatTime(new Date().toISOString(), undefined);
}

/** With the zone, since it need not be that of the reader. */
function formatTime(time: string, timeZone: string | undefined): string {
  const format = new Intl.DateTimeFormat('sv-SE', {
    dateStyle: 'short',
    timeStyle: 'short',
    ...(timeZone === undefined ? {} : { timeZone }),
  });
  return timeZone === undefined ? format.format(new Date(time)) : `${format.format(new Date(time))} ${timeZone}`;
}
