import type { AppEvent, CallInput, CallName, CallOutput, CallRequest } from '../../shared/contract.ts';
import { fail } from '../../shared/problem.ts';
import type { Timer } from '../../shared/timer.ts';
import type { Watch } from '../../shared/watch.ts';
import { fixtureNow } from './fixture-clock.ts';

type AutomationCall = Extract<CallName, `timers.${string}` | `watches.${string}`>;
type Handlers = {
  readonly [N in AutomationCall]: (request: CallRequest<N>) => CallOutput<N> | Promise<CallOutput<N>>;
};

type State = 'empty' | 'busy' | 'failed' | 'done' | 'huge' | 'question';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Timers and watches of the fixture app. */
export function createAutomation(state: State, emit: (event: AppEvent) => void): Handlers {
  let timers = timersOf(state, fixtureNow());
  let watches = watchesOf(state, fixtureNow());

  const changed = (): void => emit({ event: 'timers.changed', timers });
  const find = (name: string): Timer => {
    const timer = timers.find((each) => each.name === name);
    if (!timer) {
      throw fail('timer.unknown', `There is no schedule ${name}.`, 'Check its name.');
    }
    return timer;
  };
  const replace = (name: string, change: Partial<Timer>): Timer => {
    const timer = { ...find(name), ...change };
    timers = timers.map((each) => (each.name === name ? timer : each));
    changed();
    return timer;
  };

  return {
    'timers.list': () => timers,
    'timers.times': ({ cron }) => {
      if (cron.trim().split(/\s+/).length !== 5 && !cron.startsWith('@')) {
        throw fail('timer.time', `"${cron}" is not a cron expression.`, 'Use five fields, or @daily.');
      }
      return { times: [1, 2, 3, 4, 5].map((day) => new Date(fixtureNow() + day * 24 * hourMs).toISOString()) };
    },
    'timers.save': ({ timer, replaces }) => {
      const saved: Timer = {
        ...timer,
        createdAt: new Date(fixtureNow()).toISOString(),
        next: new Date(fixtureNow() + 8 * hourMs).toISOString(),
      };
      timers =
        replaces === undefined ? [...timers, saved] : timers.map((each) => (each.name === replaces ? saved : each));
      changed();
      return saved;
    },
    'timers.pause': ({ name, isPaused }) => replace(name, { isPaused }),
    'timers.remove': ({ name }) => {
      find(name);
      timers = timers.filter((each) => each.name !== name);
      changed();
      return {};
    },
    'timers.run': ({ name }) => {
      replace(name, { last: { at: new Date(fixtureNow()).toISOString(), status: 'running' } });
      return {};
    },
    'timers.serve': () => ({}),
    'watches.list': () => watches,
    'watches.start': ({ context, reference, farm }) => {
      const watch: Watch = {
        id: `watch-${watches.length + 1}`,
        request: { ...requestOf('api'), context, reference, ...(farm === undefined ? {} : { farm }) },
        state: 'building',
        entries: 214,
        builds: 1,
        createdAt: new Date(fixtureNow()).toISOString(),
      };
      watches = [...watches, watch];
      emit({ event: 'watch.changed', watch });
      return watch;
    },
    'watches.hold': () => ({}),
    'watches.stop': ({ id }) => {
      const watch = watches.find((each) => each.id === id);
      if (!watch) {
        throw fail('watch.unknown', `There is no watch ${id}.`, 'It has ended. Start it again.');
      }
      watches = watches.filter((each) => each !== watch);
      emit({ event: 'watch.changed', watch: { ...watch, state: 'ended' } });
      return {};
    },
  };
}

function timersOf(state: State, now: number): Timer[] {
  if (state === 'empty') {
    return [];
  }
  const at = (offsetMs: number): string => new Date(now + offsetMs).toISOString();
  const task = (name: string): Timer['task'] => ({
    kind: 'build',
    onlyIfChanged: false,
    request: requestOf(name),
  });
  const nightly: Timer = {
    name: 'nightly',
    cron: '30 2 * * *',
    timeZone: 'Europe/Berlin',
    task: task('api'),
    missed: 'skip',
    isPaused: false,
    createdAt: at(-40 * 24 * hourMs),
    next: at(7 * hourMs),
    last:
      state === 'failed'
        ? {
            at: at(-17 * hourMs),
            status: 'failed',
            durationMs: 42_000,
            problem: fail('schedule.no-node', 'None of the nodes can be reached.', 'Check their connections.').problem,
          }
        : { at: at(-17 * hourMs), status: 'done', build: '20260228-023000-aa01', durationMs: 184_000 },
  };
  const weekly: Timer = {
    name: 'weekly-base',
    cron: '@weekly',
    task: task('gateway'),
    missed: 'run',
    isPaused: state === 'done',
    createdAt: at(-90 * 24 * hourMs),
    ...(state === 'done' ? {} : { next: at(60 * hourMs) }),
    last: { at: at(-3 * 24 * hourMs), status: 'missed' },
  };
  const hourly: Timer = {
    name: 'hourly-web',
    cron: '0 * * * 1-5',
    task: { kind: 'build', onlyIfChanged: true, request: requestOf('web') },
    missed: 'skip',
    isPaused: false,
    createdAt: at(-2 * 24 * hourMs),
    next: at(25 * minuteMs),
    last: state === 'busy' ? { at: at(-minuteMs), status: 'running' } : { at: at(-35 * minuteMs), status: 'unchanged' },
  };
  const many = Array.from({ length: 60 }, (_, index): Timer => {
    const name = `service-${String(index + 1).padStart(2, '0')}`;
    return { ...nightly, name, task: task(name), cron: `${index} 3 * * *`, next: at((8 + index / 60) * hourMs) };
  });
  return [nightly, weekly, hourly, ...(state === 'huge' ? many : [])];
}

function requestOf(name: string): Extract<Timer['task'], { kind: 'build' }>['request'] {
  const input: CallInput<'builds.start'> = {
    context: `/home/anna/projects/${name}`,
    reference: `registry.example.com/team/${name}:nightly`,
    farm: 'home',
  };
  return {
    ...{ pins: {}, emulate: true, buildArgs: {}, labels: {}, noCache: false, pull: 'missing', retention: 'cache' },
    context: input.context,
    reference: input.reference,
    farm: 'home',
  };
}

function watchesOf(state: State, now: number): Watch[] {
  if (state === 'empty' || state === 'done') {
    return [];
  }
  const at = (offsetMs: number): string => new Date(now + offsetMs).toISOString();
  const api: Watch = {
    id: 'watch-1',
    request: { ...requestOf('api'), reference: 'registry.example.com/team/api:dev' },
    state: state === 'failed' ? 'waiting' : 'building',
    entries: 214,
    builds: 12,
    build: '20260301-100000-b001',
    outcome: state === 'failed' ? 'failed' : 'done',
    change: {
      at: at(-20_000),
      paths: ['src/server.ts', 'src/routes/users.ts', 'package.json'],
      count: 3,
      ...(state === 'failed' ? {} : { cancelled: '20260301-095900-b000' }),
    },
    createdAt: at(-2 * hourMs),
  };
  const web: Watch = {
    ...api,
    id: 'watch-2',
    request: { ...requestOf('web'), reference: 'web:dev' },
    state: 'waiting',
    entries: 104_221,
    builds: 3,
    polling: {
      reason: 'The limit of watched folders is reached (fs.inotify.max_user_watches is 8192).',
      everyMs: 4_200,
    },
    outcome: 'done',
    change: { at: at(-9 * minuteMs), paths: ['public/index.html'], count: 1 },
  };
  const gateway: Watch = {
    id: 'watch-3',
    request: { ...requestOf('gateway'), reference: 'gateway:dev' },
    state: 'missing',
    entries: 31,
    builds: 1,
    outcome: 'done',
    problem: fail(
      'context.missing',
      'The folder /home/anna/projects/gateway does not exist.',
      'Choose the project folder that contains the Containerfile.',
    ).problem,
    createdAt: at(-30 * minuteMs),
  };
  return state === 'failed' ? [api, gateway] : [api, web];
}
