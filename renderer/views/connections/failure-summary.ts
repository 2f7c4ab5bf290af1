import type { Check } from '../../../shared/check.ts';
import type { NodeStatus } from '../../../shared/node.ts';
import type { ProblemCode } from '../../../shared/problem.ts';
import { findFailedStep } from '../../stores/checks.ts';
import { summarizeFailure } from './check-steps.ts';

const summaries: Partial<Readonly<Record<ProblemCode, string>>> = {
  'ssh.unreachable': 'Host unreachable',
  'ssh.timeout': 'Host unreachable',
  'ssh.lost': 'Connection lost',
  'ssh.host-key-unknown': 'Host key rejected',
  'ssh.host-key-changed': 'Host key rejected',
  'ssh.host-key-revoked': 'Host key rejected',
  'ssh.known-hosts': 'known_hosts unreadable',
  'ssh.config': 'SSH configuration error',
  'ssh.identity': 'Sign-in failed',
  'ssh.authentication': 'Sign-in failed',
  'ssh.cancelled': 'Sign-in failed',
  'ssh.channel': 'Socket unavailable',
  'ssh.forwarding-refused': 'Socket unavailable',
  'tcp.unreachable': 'Host unreachable',
  'tcp.timeout': 'Host unreachable',
  'tcp.lost': 'Connection lost',
  'tcp.unencrypted': 'Not encrypted',
  'tls.files': 'TLS files unusable',
  'tls.certificate': 'Certificate not trusted',
  'tls.client-certificate': 'Client certificate refused',
  'tls.handshake': 'TLS failed',
  'container.context': 'docker context unusable',
  'container.missing': 'Container not running',
  'container.exec': 'Container unusable',
  'pod.kubectl': 'kubectl unavailable',
  'pod.exec': 'Pod unusable',
  'engine.no-socket': 'Socket unavailable',
  'engine.unreachable': 'Socket unavailable',
};

/**
 * Summarizes in a few words why a node cannot be used: the step at which its check failed, else the problem of its last probe.
 * @returns undefined if nothing failed
 */
export function failureSummary(check: Check | undefined, status: NodeStatus | undefined): string | undefined {
  const failed = check && findFailedStep(check.steps);
  if (failed) {
    return summarizeFailure(failed);
  }
  return status?.state === 'down' ? (summaries[status.problem.code] ?? 'Engine error') : undefined;
}
