import type { Fix } from '../../../shared/check.ts';
import { fail, problemOf } from '../../../shared/problem.ts';
import { dialStdioCommand } from '../../engines/transport/engine-socket.ts';
import type { SshTransport } from '../../engines/transport/ssh-transport.ts';
import type { Session } from '../../ssh/session.ts';
import type { CheckContext } from './check-report.ts';
import { fixesNamedIn } from './suggested-fixes.ts';

export const forwardingFixes: Fix[] = [
  { label: "Show sshd's forwarding settings", command: 'sudo sshd -T | grep -i forwarding', where: 'node' },
];

/** Reports how the open transport reaches the socket: by stream-local forwarding, or by the slower command. */
export async function checkForwarding(
  session: Session,
  transport: SshTransport,
  { report, name }: CheckContext,
): Promise<void> {
  const step = { stage: 'forwarding' } as const;
  report.start(step);
  if (transport.method === 'stream-local') {
    (await session.openStreamLocal(transport.socketPath)).destroy();
    report.pass(step, 'stream-local');
    return;
  }
  const command = dialStdioCommand(transport.socketPath);
  const { problem } = fail(
    'ssh.forwarding-refused',
    `Node ${name} does not forward connections to ${transport.socketPath}, so each connection runs a command there.`,
    'This works, but is slower. Make sure that neither `AllowStreamLocalForwarding` nor `AllowTcpForwarding` is `no` in its sshd_config.',
  );
  report.warn(step, { finding: `via \`${command}\``, problem, fixes: [...forwardingFixes] });
}

/** Opens a reverse port forward and closes it again. */
export async function checkReverseForwarding(session: Session, { report, name, signal }: CheckContext): Promise<void> {
  const step = { stage: 'reverse-forwarding' } as const;
  report.start(step);
  try {
    const tunnel = await session.forwardPort(0, (stream) => stream.destroy());
    await tunnel.close();
    report.pass(step, `127.0.0.1:${tunnel.port} on the node`);
  } catch (error) {
    const { code, fix, detail } = problemOf(error);
    if (signal.aborted || code !== 'ssh.forwarding-refused') {
      throw error;
    }
    const message = `Node ${name} does not allow reverse port forwarding, so images are exported whole, which is slower.`;
    const { problem } = fail(code, message, fix, detail);
    const fixes = [...fixesNamedIn(problem), ...forwardingFixes];
    report.warn(step, { finding: 'images are exported whole', problem, fixes });
  }
}
