import type { Destination } from '../../../shared/connection.ts';
import type { NodeStatus } from '../../../shared/node.ts';
import type { ProblemCode } from '../../../shared/problem.ts';

/** What has to go well between here and an engine, in this order. A local socket needs only the last two. */
export type Stage = 'reach' | 'host-key' | 'sign-in' | 'socket' | 'engine';

/** `open`: nobody got that far, or nobody has tried yet. */
export type StageState = 'passed' | 'failed' | 'open';

export interface Rung {
  readonly stage: Stage;
  readonly state: StageState;
  /** The stage in words, as it went: `Host answers`, `Host not reached`, `Host`. */
  readonly word: string;
}

const words: Readonly<Record<Stage, Readonly<Record<StageState, string>>>> = {
  reach: { passed: 'Host answers', failed: 'Host not reached', open: 'Host' },
  'host-key': { passed: 'Host key known', failed: 'Host key refused', open: 'Host key' },
  'sign-in': { passed: 'Signed in', failed: 'Not signed in', open: 'Sign-in' },
  socket: { passed: 'Socket open', failed: 'Socket not open', open: 'Socket' },
  engine: { passed: 'Engine answers', failed: 'Engine refused', open: 'Engine' },
};

const failedAt: Partial<Readonly<Record<ProblemCode, Stage>>> = {
  'ssh.unreachable': 'reach',
  'ssh.timeout': 'reach',
  'ssh.lost': 'reach',
  'ssh.host-key-unknown': 'host-key',
  'ssh.host-key-changed': 'host-key',
  'ssh.host-key-revoked': 'host-key',
  'ssh.known-hosts': 'host-key',
  'ssh.identity': 'sign-in',
  'ssh.authentication': 'sign-in',
  'ssh.channel': 'socket',
  'ssh.forwarding-refused': 'socket',
  'engine.no-socket': 'socket',
  'engine.unreachable': 'socket',
  'engine.unsupported': 'engine',
  'engine.refused': 'engine',
  'engine.answer': 'engine',
};

/** A key or a known_hosts file that cannot be read says nothing about the machine: nobody went there. */
const beforeTheWay: ReadonlySet<ProblemCode> = new Set(['ssh.identity', 'ssh.known-hosts']);

/** How far the last probe of a connection came, a rung a stage. */
export function ladderOf(kind: Destination['kind'], status: NodeStatus | undefined): readonly Rung[] {
  const stages: readonly Stage[] =
    kind === 'unix' ? ['socket', 'engine'] : ['reach', 'host-key', 'sign-in', 'socket', 'engine'];
  const failed = status?.state === 'down' ? stages.indexOf(failedAt[status.problem.code] ?? 'engine') : -1;
  const isUntried = status?.state === 'down' && beforeTheWay.has(status.problem.code);
  return stages.map((stage, index) => {
    const state: StageState =
      status?.state === 'up'
        ? 'passed'
        : index === failed
          ? 'failed'
          : index < failed && !isUntried
            ? 'passed'
            : 'open';
    return { stage, state, word: words[stage][state] };
  });
}

/** In two or three words what stands in the way of a node that is down: `Host not reached`. */
export function obstacleOf(kind: Destination['kind'], status: NodeStatus | undefined): string | undefined {
  return ladderOf(kind, status).find(({ state }) => state === 'failed')?.word;
}
