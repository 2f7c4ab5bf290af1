import { type Check, type CheckStep, type FixId, type Stage, stageSchema } from '../../shared/check.ts';
import { type Connection, parseDestination } from '../../shared/connection.ts';
import type { AppEvent } from '../../shared/contract.ts';
import { formatBytes, formatList } from '../../shared/format.ts';
import type { Node, NodeStatus } from '../../shared/node.ts';
import { fail } from '../../shared/problem.ts';
import { type Trouble, type Troubled, type TroubleName, troubles } from './fixture-problems.ts';

/** How checks and fixes go in the fixture. */
export interface CheckScene {
  /** What checks stop at; without it a node that is down stops at its port, and others pass. */
  readonly failAt?: TroubleName | undefined;
  /** They stop at the jump host, where there is one. */
  readonly atHop?: boolean | undefined;
  /** What checks warn of. */
  readonly warnAt?: readonly TroubleName[] | undefined;
  /** A check goes on for ever at this stage, until it is cancelled. */
  readonly holdAt?: Stage | undefined;
  readonly fix?: 'works' | 'fails' | 'holds' | undefined;
}

export const stages: readonly Stage[] = stageSchema.options;
const hopStages = stages.slice(0, 4);

/** How long a stage takes in the fixture, in milliseconds: long enough to see that rungs come one by one. */
const stageMs = 4;

/** What stages find, of an engine of either kind. */
function saidOf(stage: Stage, hop: string | undefined, { connection, user, host, port, node }: Subject): string {
  const isDocker = node?.engine === 'docker';
  const own = isDocker ? '/var/run/docker.sock' : '/run/user/1000/podman/podman.sock';
  switch (stage) {
    case 'name':
      return hop === undefined && /^[\d.]+$/.test(host) ? 'an address already' : '203.0.113.17, 203.0.113.18';
    case 'port':
      return hop === undefined ? `${/^[\d.]+$/.test(host) ? host : '203.0.113.17'}:${port}` : '203.0.113.9:22';
    case 'host-key':
      return 'ED25519 SHA256:3Zt0hQ0mRr0mVb1Ck3Tn0yYwWq1uPp7kLx9sD2fG4hJ, known';
    case 'sign-in':
      return hop === undefined && user === 'pi' ? 'by the key file ~/.ssh/id_farm' : 'by the agent’s key anna@laptop';
    case 'socket':
      return connection.uri === 'local:' ? '/run/user/1000/barnraiser-4gZ1/podman.sock, started by its command' : own;
    case 'engine':
      return node
        ? `${node.engine} ${node.version}, ${node.rootless ? 'rootless' : 'as root'}`
        : 'podman 5.7.1, as root';
    case 'platforms':
      return node?.platform ?? 'linux/amd64';
    case 'emulation':
      return node && node.emulated.length > 0 ? formatList(node.emulated) : 'none';
    case 'disk':
      return node ? `${formatBytes(node.disk.free)} of ${formatBytes(node.disk.total)} free` : 'not known';
    case 'forwarding':
      return 'stream-local';
    case 'return':
      return '127.0.0.1:40123 leads back';
  }
}
const tookMs: Readonly<Record<Stage, number>> = {
  name: 3,
  port: 14,
  'host-key': 46,
  'sign-in': 212,
  socket: 31,
  engine: 58,
  platforms: 1,
  emulation: 44,
  disk: 12,
  forwarding: 19,
  return: 27,
};

/** What is checked. */
interface Subject {
  readonly connection: Connection;
  /** It is an engine of this computer. */
  readonly isHere: boolean;
  readonly user: string;
  readonly host: string;
  readonly port: number;
  readonly node: Node | undefined;
}

/** Checks and fixes that go as a scene says, telling of themselves on the way. */
export class FixtureChecks {
  readonly #emit: (event: AppEvent) => void;
  readonly #scene: CheckScene;
  readonly #cancelled = new Set<string>();
  /** Ends the wait of a check that is held. */
  readonly #release = new Map<string, () => void>();
  #isMended = false;

  constructor(emit: (event: AppEvent) => void, scene: CheckScene = {}) {
    this.#emit = emit;
    this.#scene = scene;
  }

  /** @param status what the node is found to be where nothing stops the check. */
  async check(connection: Connection, status: NodeStatus | undefined): Promise<Check> {
    const { name } = connection;
    this.#cancelled.delete(name);
    const { warnAt = [], holdAt, atHop = false } = this.#scene;
    const failAt = this.#scene.failAt ?? (status?.state === 'down' ? 'port-silent' : undefined);
    const subject = subjectOf(connection, status);
    let rungs = rungsOf(subject);
    const isHopInTheWay = atHop && rungs.some(({ hop }) => hop !== undefined);
    const troubleAt = (names: readonly TroubleName[], { stage, hop }: CheckStep): Trouble | undefined =>
      this.#isMended || (hop !== undefined) !== isHopInTheWay
        ? undefined
        : names.map((each) => troubles[each](troubled(subject, hop))).find((each) => each.stage === stage);
    let check: Check = { connection: name, startedAt: new Date().toISOString(), status: 'running', steps: [...rungs] };
    const tell = (change: Partial<Check>): void => {
      check = { ...check, ...change, steps: [...rungs] };
      this.#emit({ event: 'check.changed', check });
    };
    let took = 0;
    for (const [index, place] of rungs.entries()) {
      const { stage, hop } = place;
      const set = (rung: Partial<CheckStep>): void => {
        rungs = rungs.map((each, at) => (at === index ? { ...each, ...rung } : each));
      };
      set({ state: 'running' });
      tell({});
      await new Promise<void>((settle) => {
        this.#release.set(name, settle);
        if (hop !== undefined || stage !== holdAt) {
          setTimeout(settle, stageMs);
        }
      });
      if (this.#cancelled.has(name)) {
        set({ state: 'waiting' });
        tell({ status: 'cancelled', tookMs: took });
        return check;
      }
      took += tookMs[stage];
      const failed = failAt && troubleAt([failAt], place);
      const warned = troubleAt(warnAt, place);
      if (failed?.problem) {
        set({ state: 'failed', tookMs: tookMs[stage], ...failed });
        this.#emit({ event: 'node.changed', status: { state: 'down', connection: name, problem: failed.problem } });
        tell({ status: 'failed', tookMs: took });
        return check;
      }
      set(
        warned
          ? { state: 'warned', tookMs: tookMs[stage], ...warned }
          : { state: 'passed', tookMs: tookMs[stage], said: saidOf(stage, hop, subject) },
      );
      tell({});
    }
    if (status?.state === 'up') {
      this.#emit({ event: 'node.changed', status });
    }
    tell({ status: 'passed', tookMs: took });
    return check;
  }

  cancel(name: string): void {
    this.#cancelled.add(name);
    this.#release.get(name)?.();
  }

  async fix(name: string, fix: FixId): Promise<{ said: string }> {
    switch (this.#scene.fix) {
      case 'fails':
        throw fail(
          'connection.fix',
          `Node ${name} could not do it: Failed to connect to bus: No medium found.`,
          'Sign in there as this user once, or have somebody with the right do it.',
          'Failed to connect to bus: No medium found',
        );
      case 'holds':
        return new Promise(() => {});
      default:
        this.#isMended = true;
        return {
          said:
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
        isHere: false,
        user: destination.user ?? 'anna',
        host: destination.host,
        port: destination.port ?? 22,
        node,
      }
    : { connection, isHere: true, user: 'anna', host: 'laptop', port: 22, node };
}

/** As the problem of a stage names it. */
function troubled({ connection: { name }, user, host, port }: Subject, hop: string | undefined): Troubled {
  return hop === undefined
    ? { name, user, host, port }
    : { name: `${name}: jump host ${hop}`, user: 'anna', host: hop, port: 22 };
}

/** The rungs of a connection before anything is tried. One whose host says it goes through a jump host has a leg more. */
function rungsOf({ isHere, host }: Subject): CheckStep[] {
  const rung = (stage: Stage, hop?: string): CheckStep => ({
    stage,
    ...(hop === undefined ? {} : { hop }),
    state: 'waiting',
    fixes: [],
  });
  if (isHere) {
    return stages.slice(4, 9).map((stage) => rung(stage));
  }
  const hops = host.includes('eu.example.com') ? [jumpHost] : [];
  return [...hops.flatMap((hop) => hopStages.map((stage) => rung(stage, hop))), ...stages.map((stage) => rung(stage))];
}
