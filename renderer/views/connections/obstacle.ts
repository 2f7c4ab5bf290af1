import type { Check } from '../../../shared/check.ts';
import type { NodeStatus } from '../../../shared/node.ts';
import type { ProblemCode } from '../../../shared/problem.ts';
import { failedRung } from '../../stores/checks.ts';
import { obstacleAt } from './check-steps.ts';

const words: Partial<Readonly<Record<ProblemCode, string>>> = {
  'ssh.unreachable': 'Host not reached',
  'ssh.timeout': 'Host not reached',
  'ssh.lost': 'Line lost',
  'ssh.host-key-unknown': 'Host key refused',
  'ssh.host-key-changed': 'Host key refused',
  'ssh.host-key-revoked': 'Host key refused',
  'ssh.known-hosts': 'Host keys unreadable',
  'ssh.config': 'SSH configuration',
  'ssh.identity': 'Not signed in',
  'ssh.authentication': 'Not signed in',
  'ssh.cancelled': 'Not signed in',
  'ssh.channel': 'Socket not open',
  'ssh.forwarding-refused': 'Socket not open',
  'engine.no-socket': 'Socket not open',
  'engine.unreachable': 'Socket not open',
};

/**
 * In two or three words what stands in the way of a node: what its check has stopped at, else why its last probe failed.
 * Undefined where nothing does.
 */
export function obstacleOf(check: Check | undefined, status: NodeStatus | undefined): string | undefined {
  const failed = check && failedRung(check.steps);
  if (failed) {
    return obstacleAt(failed);
  }
  return status?.state === 'down' ? (words[status.problem.code] ?? 'Engine refused') : undefined;
}
