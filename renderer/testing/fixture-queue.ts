import type { Build } from '../../shared/build.ts';
import { isEnd } from '../../shared/build.ts';
import type { AppEvent } from '../../shared/contract.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import type {
  HoldState,
  NodeHold,
  Queue,
  QueuedBuild,
  QueueJob,
  QueueMove,
  QueuePriority,
} from '../../shared/queue.ts';
import { fixtureNow } from './fixture-clock.ts';

/** A build of another process, which waits. */
interface WaitingBuild {
  readonly id: string;
  readonly reference: string;
  readonly priority?: QueuePriority;
  /** Of each platform, which node builds it. */
  readonly jobs: readonly (readonly [platform: string, node: string])[];
}

const levels = { high: 0, normal: 1, low: 2 } as const;

/** How long jobs take, in milliseconds: each a little different. */
function estimateOf(id: string): number {
  return 40_000 + ([...id].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 9) * 25_000;
}

/** The queue of a fixture: the jobs of its running builds, and builds that wait for them. */
export class FixtureQueue {
  readonly #emit: (event: AppEvent) => void;
  #connections: readonly string[];
  #jobs: QueueJob[];
  #order: string[];
  readonly #paused = new Set<string>();
  readonly #moved = new Set<string>();
  #isPaused = false;
  holds: NodeHold[];

  constructor(
    emit: (event: AppEvent) => void,
    connections: readonly string[],
    builds: readonly Build[],
    state: 'empty' | 'busy' | 'huge' | 'failed' | 'done' | 'question',
  ) {
    this.#emit = emit;
    this.#connections = connections;
    const running = builds.flatMap((build) =>
      build.status === 'running'
        ? build.jobs.filter(({ status }) => !isEnd(status)).map((job) => ({ build, job }))
        : [],
    );
    const waiting = state === 'busy' ? waitingBuilds : state === 'huge' ? manyBuilds(connections) : [];
    this.#jobs = [
      ...running.map(({ build, job }): QueueJob => {
        const id = `${build.id} ${job.platform}`;
        const isRunning = job.status !== 'queued';
        return {
          ...{ id, buildId: build.id, reference: build.reference, platform: job.platform, node: job.node },
          ...{ priority: 'normal', since: build.createdAt, estimateMs: estimateOf(id) * 3 },
          ...(isRunning
            ? { state: 'running', startedAt: job.startedAt ?? build.createdAt }
            : { state: 'waiting', reason: 'slot' }),
        };
      }),
      ...waiting.flatMap(({ id: buildId, reference, priority = 'normal', jobs }, index) =>
        jobs.map(([platform, node]): QueueJob => {
          const id = `${buildId} ${platform}`;
          return {
            ...{
              id,
              buildId,
              reference,
              platform: platform as Platform,
              node,
              priority,
              state: 'waiting',
              reason: 'slot',
            },
            ...{ since: new Date(fixtureNow() - (60 - index) * 4_000).toISOString(), estimateMs: estimateOf(id) },
            ...(index % 3 === 1 ? { ofOtherProcess: true } : {}),
          };
        }),
      ),
    ];
    const byPriority = [...this.#jobs].sort((one, other) => levels[one.priority] - levels[other.priority]);
    this.#order = [...new Set(byPriority.map(({ buildId }) => buildId))];
    this.holds =
      state === 'busy'
        ? [
            {
              node: 'graviton',
              state: 'paused',
              reason: 'disk swap',
              by: 'anna',
              at: new Date(fixtureNow() - 900_000).toISOString(),
            },
          ]
        : [];
  }

  get(names?: readonly string[]): Queue {
    const lanes = this.#connections
      .filter((name) => !names || names.includes(name))
      .map((name) => {
        const hold = this.holds.find(({ node }) => node === name);
        const jobs = this.#jobsOf(name);
        return {
          id: `machine of ${name}`,
          connections: [{ name, ...(hold ? { hold } : {}) }],
          slots: Math.max(1, jobs.filter(({ state }) => state === 'running').length),
          jobs,
        };
      });
    const jobs = lanes.flatMap((lane) => lane.jobs);
    const builds = this.#order.flatMap((id): QueuedBuild[] => {
      const own = jobs.filter(({ buildId }) => buildId === id);
      const [first] = own;
      const ends = own.flatMap(({ endsAt }) => endsAt ?? []).sort();
      return first
        ? [
            {
              ...{ id, reference: first.reference, priority: first.priority, since: first.since },
              running: own.filter(({ state }) => state === 'running').length,
              waiting: own.filter(({ state }) => state === 'waiting').length,
              isPaused: this.#paused.has(id),
              isMoved: this.#moved.has(id),
              ...(ends.length === own.length ? { endsAt: ends.at(-1) } : {}),
              ...(first.ofOtherProcess ? { ofOtherProcess: true } : {}),
            },
          ]
        : [];
    });
    return { isPaused: this.#isPaused, builds, nodes: lanes };
  }

  move(id: string, to: QueueMove): void {
    this.#find(id);
    const others = this.#order.filter((other) => other !== id);
    const position = to === 'first' ? 0 : to === 'last' ? others.length : others.indexOf(to.before);
    others.splice(position, 0, id);
    this.#order = others;
    this.#moved.add(id);
    this.#changed();
  }

  setPaused(isPaused: boolean, id?: string): void {
    if (id === undefined) {
      this.#isPaused = isPaused;
    } else {
      this.#find(id);
      this.#paused[isPaused ? 'add' : 'delete'](id);
    }
    this.#changed();
  }

  hold(node: string, state: HoldState, reason?: string): NodeHold {
    const hold = { node, state, ...(reason ? { reason } : {}), by: 'anna', at: new Date(fixtureNow()).toISOString() };
    this.holds = [...this.holds.filter((other) => other.node !== node), hold];
    this.#emit({ event: 'holds.changed', holds: this.holds });
    this.#changed();
    return hold;
  }

  resume(node: string): void {
    this.holds = this.holds.filter((other) => other.node !== node);
    this.#emit({ event: 'holds.changed', holds: this.holds });
    this.#changed();
  }

  /** To be called when a build was cancelled. */
  remove(id: string): void {
    this.#jobs = this.#jobs.filter(({ buildId }) => buildId !== id);
    this.#changed();
  }

  /** The jobs of a node in their order, with estimates. */
  #jobsOf(name: string): QueueJob[] {
    const own = this.#jobs.filter(({ node }) => node === name);
    const running = own.filter(({ state }) => state === 'running');
    const waiting = own
      .filter(({ state }) => state === 'waiting')
      .sort((one, other) => this.#order.indexOf(one.buildId) - this.#order.indexOf(other.buildId));
    const now = fixtureNow();
    const free = Array.from({ length: Math.max(1, running.length) }, () => now);
    const endOf = ({ startedAt, estimateMs = 0 }: QueueJob): number =>
      Math.max(now + 5_000, Date.parse(startedAt ?? '') + estimateMs);
    running.forEach((job, index) => {
      free[index] = endOf(job);
    });
    return [
      ...running.map((job) => ({ ...job, endsAt: new Date(endOf(job)).toISOString() })),
      ...waiting.map((job): QueueJob => {
        const reason = this.#isPaused
          ? 'queue-paused'
          : this.#paused.has(job.buildId)
            ? 'build-paused'
            : this.holds.some(({ node }) => node === name)
              ? 'node-paused'
              : 'slot';
        if (reason !== 'slot') {
          return { ...job, reason };
        }
        const start = Math.min(...free);
        free[free.indexOf(start)] = start + (job.estimateMs ?? 0);
        const times = [start, start + (job.estimateMs ?? 0)].map((time) => new Date(time).toISOString());
        return { ...job, reason, startsAt: times[0], endsAt: times[1] };
      }),
    ];
  }

  #find(id: string): void {
    if (!this.#order.includes(id)) {
      throw fail('queue.unknown', `Build ${id} has no jobs in the queue.`, 'Choose another one.');
    }
  }

  #changed(): void {
    this.#emit({ event: 'queue.changed', queue: this.get() });
  }
}

const waitingBuilds: readonly WaitingBuild[] = [
  {
    id: '20260301-101501-1a2b3c4',
    reference: 'registry.example.com/team/web:2.1',
    jobs: [
      ['linux/amd64', 'big-amd'],
      ['linux/arm64', 'pi4'],
      ['linux/arm/v7', 'pi4'],
    ],
  },
  {
    id: '20260301-101522-5d6e7f8',
    reference: 'registry.example.com/team/worker:nightly',
    priority: 'low',
    jobs: [
      ['linux/amd64', 'big-amd'],
      ['linux/arm64', 'pi4'],
    ],
  },
  {
    id: '20260301-101540-9a8b7c6',
    reference: 'docs:3',
    priority: 'high',
    jobs: [['linux/amd64', 'big-amd']],
  },
  {
    id: '20260301-101552-0f1e2d3',
    reference: 'registry.example.com/team/billing-service:7.4',
    jobs: [
      ['linux/arm64', 'graviton'],
      ['linux/s390x', 'big-amd'],
    ],
  },
];

const manyPlatforms = [
  'amd64',
  'arm64',
  'arm/v7',
  's390x',
  'ppc64le',
  'riscv64',
  '386',
  'arm/v6',
  'mips64le',
  'loong64',
];

/** 50 builds of 10 platforms each. */
function manyBuilds(connections: readonly string[]): WaitingBuild[] {
  return Array.from({ length: 50 }, (_, build) => ({
    id: `20260301-1016${String(build).padStart(2, '0')}-abcdef0`,
    reference: `registry.example.com/team/service-${String(build + 1).padStart(2, '0')}:1.${build}`,
    priority: (['normal', 'high', 'low', 'normal', 'normal'] as const)[build % 5] ?? 'normal',
    jobs: manyPlatforms.map(
      (platform, index) => [`linux/${platform}`, connections[(build * 3 + index) % connections.length] ?? ''] as const,
    ),
  }));
}
