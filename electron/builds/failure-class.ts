import type { Phase } from '../../shared/build.ts';
import { Failure, type ProblemCode } from '../../shared/problem.ts';

/**
 * What a failed job says about its node:
 * - `lost`: the node can build nothing now. It gets no more jobs of the build.
 * - `node`: the node could not do this job. It gets no more jobs of the platform.
 * - `build`: another node would fail, too, or the failure is here. The job is not built elsewhere.
 */
export type FailureClass = 'lost' | 'node' | 'build';

/** Where a job fails: while its node is connected, or in a phase of its own. */
export type FailedPhase = 'connect' | 'context' | 'building' | 'transferring';

export interface FailureRow {
  readonly kind: Exclude<FailureClass, 'build'>;
  /** The phases in which it is the node's failure. Default: all. */
  readonly phases?: readonly FailedPhase[];
  /**
   * What looks like the node's failure may be that of the build, or of a registry: after as many nodes with the same code, it is.
   * Default: it never is.
   */
  readonly nodes?: number;
  /** It says nothing of the node's health: it never counts, or, if it may be the build's, only when another node has succeeded. */
  readonly counts?: 'never' | 'proven';
}

const lost: FailureRow = { kind: 'lost' };
/** A changed or removed connection, and what a node does not have, are no failures of it. */
const notCounted = { counts: 'never' } as const;
const doubtful = { kind: 'node', counts: 'proven' } as const;
/** Codes that mean a failure here in other phases: keys and passwords are also asked for build secrets. */
const whileConnecting: FailureRow = { kind: 'lost', phases: ['connect'] };

/**
 * Every failure for which a job is built on another node. All others are failures of the build, of this computer or of a person's
 * wish: a step that fails, a base image that does not exist, a full data folder, a cancelled build. The table for people is
 * docs/FAILOVER.md.
 */
const rows: Partial<Readonly<Record<ProblemCode, FailureRow>>> = {
  'connection.changed': { ...lost, ...notCounted },
  'connection.removed': { ...lost, ...notCounted },
  'node.draining': { kind: 'node', ...notCounted },
  'ssh.unreachable': lost,
  'ssh.timeout': lost,
  'ssh.lost': lost,
  'ssh.channel': lost,
  'ssh.shell': lost,
  'ssh.host-key-unknown': lost,
  'ssh.host-key-changed': lost,
  'ssh.host-key-revoked': lost,
  'ssh.known-hosts': whileConnecting,
  'ssh.config': whileConnecting,
  'ssh.identity': whileConnecting,
  'ssh.authentication': whileConnecting,
  'ssh.cancelled': { ...whileConnecting, ...notCounted },
  'ssh.forwarding-refused': { kind: 'node' },
  'tcp.unreachable': lost,
  'tcp.timeout': lost,
  'tcp.lost': lost,
  'tcp.unencrypted': lost,
  'tls.files': whileConnecting,
  'tls.certificate': lost,
  'tls.client-certificate': lost,
  'tls.handshake': lost,
  'container.context': lost,
  'container.missing': lost,
  'container.exec': lost,
  'pod.kubectl': lost,
  'pod.exec': lost,
  'engine.no-socket': lost,
  'engine.unreachable': lost,
  'engine.runtime': { kind: 'node' },
  'engine.memory': { kind: 'node' },
  'engine.answer': { ...doubtful, nodes: 3 },
  'engine.refused': { ...doubtful, nodes: 2 },
  'engine.pull': { ...doubtful, nodes: 3 },
  'engine.unsupported': { kind: 'node', ...notCounted },
  'build.no-image': { ...doubtful, nodes: 2 },
  'image.corrupt': { ...doubtful, nodes: 2, phases: ['transferring'] },
  'image.incomplete': { ...doubtful, nodes: 2, phases: ['transferring'] },
  'image.platform': { ...doubtful, nodes: 2, phases: ['transferring'] },
};

/** A node whose disk is full offers to free it; a full disk here does not. A step may fill a disk of its own on each node. */
const nodeFull: FailureRow = { ...doubtful, nodes: 3 };

/** A failed step, which is built elsewhere only if the request asks for it. */
const failedStep: FailureRow = { kind: 'node', ...notCounted, nodes: 2 };

export interface FailedAttempt {
  readonly error: unknown;
  readonly phase: FailedPhase;
}

/** @param retryElsewhere the request asks for another node when a step fails */
export function failureRow({ error, phase }: FailedAttempt, retryElsewhere = false): FailureRow | undefined {
  if (!(error instanceof Failure)) {
    return undefined;
  }
  const { code, actions } = error.problem;
  if (code === 'disk.full') {
    return actions?.some(({ id }) => id === 'free-disk') ? nodeFull : undefined;
  }
  if (code === 'build.failed') {
    return retryElsewhere ? failedStep : undefined;
  }
  // what is in the image comes from the Containerfile
  if (actions?.some(({ id }) => id === 'allow-platform-mismatch')) {
    return undefined;
  }
  const row = rows[code];
  return row && (row.phases?.includes(phase) ?? true) ? row : undefined;
}

export function failureClass(attempt: FailedAttempt, retryElsewhere = false): FailureClass {
  return failureRow(attempt, retryElsewhere)?.kind ?? 'build';
}

/** The phase of a job in which it has failed. */
export function failedPhaseOf(status: Phase): FailedPhase {
  return status === 'context' || status === 'building' || status === 'transferring' ? status : 'connect';
}
