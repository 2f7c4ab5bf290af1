import { type Check, type CheckStep, type FixId, type Stage, sshStages } from '../../shared/check.ts';
import { type Connection, parseDestination } from '../../shared/connection.ts';
import type { AppEvent } from '../../shared/contract.ts';
import { formatBytes, formatList } from '../../shared/format.ts';
import { engineNames, type Node, type NodeStatus } from '../../shared/node.ts';
import { fail } from '../../shared/problem.ts';
import { fixtureNow } from './fixture-clock.ts';
import { type FixtureProblemName, fixtureProblems, type ProblemHost, type ProblemStep } from './fixture-problems.ts';

/** How checks and fixes end in the fixture. */
export interface CheckScene {
  /** The problem that checks fail with. Without it, a node that is down fails at its port and others pass. */
  readonly failAt?: FixtureProblemName | undefined;
  /** Whether checks fail at the jump host, if there is one. */
  readonly atHop?: boolean | undefined;
  /** The problems that checks warn about. */
  readonly warnAt?: readonly FixtureProblemName[] | undefined;
  /** The stage at which checks wait until they are cancelled. */
  readonly holdAt?: Stage | undefined;
  readonly fix?: 'works' | 'fails' | 'holds' | undefined;
}

/** The fixture has connections over SSH and to sockets only. */
export const stages = sshStages;
const hopStages = stages.slice(0, 4);

/** How long a stage takes in the fixture, in milliseconds: long enough to see the steps change one by one. */
const stageMs = 4;

/** The finding of a stage that passes. */
function findingOf(stage: Stage, hop: string | undefined, { connection, user, host, port, node }: Subject): string {
  const isDocker = node?.engine === 'docker';
  const own = isDocker ? '/var/run/docker.sock' : '/run/user/1000/podman/podman.sock';
  switch (stage) {
    case 'name':
      return hop === undefined && /^[\d.]+$/.test(host) ? 'IP address' : '203.0.113.17, 203.0.113.18';
    case 'port':
      return hop === undefined ? `${/^[\d.]+$/.test(host) ? host : '203.0.113.17'}:${port}` : '203.0.113.9:22';
    case 'host-key':
      return 'ED25519 SHA256:3Zt0hQ0mRr0mVb1Ck3Tn0yYwWq1uPp7kLx9sD2fG4hJ, known';
    case 'sign-in':
      return hop === undefined && user === 'pi'
        ? 'with the key file ~/.ssh/id_farm'
        : 'with the agent’s key anna@laptop';
    case 'socket':
      return connection.uri === 'local:' ? '/run/user/1000/barnraiser-4gZ1/podman.sock, started on demand' : own;
    case 'engine':
      return node
        ? `${engineNames[node.engine]} ${node.version}, ${node.rootless ? 'rootless' : 'rootful'}`
        : 'podman 5.7.1, rootful';
    case 'platforms':
      return node?.platform ?? 'linux/amd64';
    case 'emulation':
      return node && node.emulated.length > 0 ? formatList(node.emulated) : 'none';
    case 'disk':
      return node?.disk ? `${formatBytes(node.disk.free)} of ${formatBytes(node.disk.total)} free` : 'unknown';
    case 'forwarding':
      return 'stream-local';
    case 'reverse-forwarding':
      return '127.0.0.1:40123 on the node';
    default:
      return 'passed';
  }
}
const tookMs: Readonly<Record<Stage, number>> = {
  name: 3,
  port: 14,
  tls: 21,
  'client-certificate': 9,
  'host-key': 46,
  'sign-in': 212,
  socket: 31,
  'container-engine': 34,
  container: 120,
  kubectl: 90,
  pod: 480,
  engine: 58,
  platforms: 1,
  emulation: 44,
  disk: 12,
  forwarding: 19,
  'reverse-forwarding': 27,
};

/** The engine that is checked. */
interface Subject {
  readonly connection: Connection;
  /** Whether it is an engine of this computer. */
  readonly isLocal: boolean;
  readonly user: string;
  readonly host: string;
  readonly port: number;
  readonly node: Node | undefined;
}

/** Checks and fixes that end as the scene says and emit events on the way. */
export class FixtureChecks {
  readonly #emit: (event: AppEvent) => void;
  readonly #scene: CheckScene;
  readonly #cancelled = new Set<string>();
  /** Ends the wait of a check's current stage. */
  readonly #endWait = new Map<string, () => void>();
  #isFixed = false;

  constructor(emit: (event: AppEvent) => void, scene: CheckScene = {}) {
    this.#emit = emit;
    this.#scene = scene;
  }

  /** @param status the node's status if the check passes. */
  async check(connection: Connection, status: NodeStatus | undefined): Promise<Check> {
    const { name } = connection;
    this.#cancelled.delete(name);
    const { warnAt = [], holdAt, atHop = false } = this.#scene;
    const failAt = this.#scene.failAt ?? (status?.state === 'down' ? 'port-silent' : undefined);
    const subject = subjectOf(connection, status);
    let steps = stepsOf(subject);
    const isAtHop = atHop && steps.some(({ hop }) => hop !== undefined);
    const problemAt = (names: readonly FixtureProblemName[], { stage, hop }: CheckStep): ProblemStep | undefined =>
      this.#isFixed || (hop !== undefined) !== isAtHop
        ? undefined
        : names
            .map((name) => fixtureProblems[name](problemHost(subject, hop)))
            .find((problem) => problem.stage === stage);
    let check: Check = {
      connection: name,
      startedAt: new Date(fixtureNow()).toISOString(),
      status: 'running',
      steps: [...steps],
    };
    const emitChange = (change: Partial<Check>): void => {
      check = { ...check, ...change, steps: [...steps] };
      this.#emit({ event: 'check.changed', check });
    };
    let elapsedMs = 0;
    for (const [index, step] of steps.entries()) {
      const { stage, hop } = step;
      const set = (change: Partial<CheckStep>): void => {
        steps = steps.map((other, at) => (at === index ? { ...other, ...change } : other));
      };
      set({ state: 'running' });
      emitChange({});
      await new Promise<void>((resolve) => {
        this.#endWait.set(name, resolve);
        if (hop !== undefined || stage !== holdAt) {
          setTimeout(resolve, stageMs);
        }
      });
      if (this.#cancelled.has(name)) {
        set({ state: 'waiting' });
        emitChange({ status: 'cancelled', tookMs: elapsedMs });
        return check;
      }
      elapsedMs += tookMs[stage];
      const failed = failAt && problemAt([failAt], step);
      const warned = problemAt(warnAt, step);
      if (failed?.problem) {
        set({ state: 'failed', tookMs: tookMs[stage], ...failed });
        this.#emit({ event: 'node.changed', status: { state: 'down', connection: name, problem: failed.problem } });
        emitChange({ status: 'failed', tookMs: elapsedMs });
        return check;
      }
      set(
        warned
          ? { state: 'warned', tookMs: tookMs[stage], ...warned }
          : { state: 'passed', tookMs: tookMs[stage], finding: findingOf(stage, hop, subject) },
      );
      emitChange({});
    }
    if (status?.state === 'up') {
      this.#emit({ event: 'node.changed', status });
    }
    emitChange({ status: 'passed', tookMs: elapsedMs });
    return check;
  }

  cancel(name: string): void {
    this.#cancelled.add(name);
    this.#endWait.get(name)?.();
  }

  async fix(name: string, fix: FixId): Promise<{ output: string }> {
    switch (this.#scene.fix) {
      case 'fails':
        throw fail(
          'connection.fix',
          `Node ${name}: \`systemctl --user enable --now podman.socket\` failed with exit code 1.`,
          'Read its output. If it needs more rights, run it on the node yourself.',
          'Failed to connect to bus: No medium found',
        );
      case 'holds':
        return new Promise(() => {});
      default:
        this.#isFixed = true;
        return {
          output:
            fix === 'enable-socket'
              ? 'Created symlink /home/pi/.config/systemd/user/sockets.target.wants/podman.socket → /usr/lib/systemd/user/podman.socket.\n'
              : '',
        };
    }
  }
}

const jumpHost = 'bastion.example.com';

function subjectOf(connection: Connection, status: NodeStatus | undefined): Subject {
  const destination = parseDestination(connection.uri);
  const node = status?.state === 'up' ? status.node : undefined;
  return typeof destination !== 'string' && destination.kind === 'ssh'
    ? {
        connection,
        isLocal: false,
        user: destination.user ?? 'anna',
        host: destination.host,
        port: destination.port ?? 22,
        node,
      }
    : { connection, isLocal: true, user: 'anna', host: 'laptop', port: 22, node };
}

/** The host as problems name it. */
function problemHost({ connection: { name }, user, host, port }: Subject, hop: string | undefined): ProblemHost {
  return hop === undefined
    ? { name, user, host, port }
    : { name: `${name}: jump host ${hop}`, user: 'anna', host: hop, port: 22 };
}

/** The steps of a check before it starts. Hosts in eu.example.com are behind a jump host. */
function stepsOf({ isLocal, host }: Subject): CheckStep[] {
  const step = (stage: Stage, hop?: string): CheckStep => ({
    stage,
    ...(hop === undefined ? {} : { hop }),
    state: 'waiting',
    fixes: [],
  });
  if (isLocal) {
    return stages.slice(4, 9).map((stage) => step(stage));
  }
  const hops = host.includes('eu.example.com') ? [jumpHost] : [];
  return [...hops.flatMap((hop) => hopStages.map((stage) => step(stage, hop))), ...stages.map((stage) => step(stage))];
}
