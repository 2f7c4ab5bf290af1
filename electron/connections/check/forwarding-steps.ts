import type { Fix } from '../../../shared/check.ts';
import { fail, problemOf } from '../../../shared/problem.ts';
import { isDocker } from '../../engines/transport/socket.ts';
import type { SshTransport } from '../../engines/transport/ssh-transport.ts';
import type { Session } from '../../ssh/session.ts';
import type { EngineCheck } from './engine-check.ts';
import { remediesNamedBy } from './suggested-fixes.ts';

export const forwardingRemedies: Fix[] = [
  { label: 'See what its sshd allows', command: 'sudo sshd -T | grep -i forwarding', where: 'node' },
];

/** The socket is reached one way or the other by now; is it the better one? */
export async function forwarding(
  session: Session,
  transport: SshTransport,
  { ladder, name }: EngineCheck,
): Promise<void> {
  const place = { stage: 'forwarding' } as const;
  ladder.begin(place);
  if (transport.by === 'stream-local') {
    (await session.openStreamLocal(transport.socketPath)).destroy();
    ladder.pass(place, 'stream-local');
    return;
  }
  const command = `${isDocker(transport.socketPath) ? 'docker' : 'podman'} system dial-stdio`;
  const { problem } = fail(
    'ssh.forwarding-refused',
    `Node ${name} forwards no connections to ${transport.socketPath}, so that each takes a command there.`,
    'It works, and is slower: see that neither `AllowStreamLocalForwarding` nor `AllowTcpForwarding` is `no` in its sshd_config.',
  );
  ladder.warn(place, { said: `through \`${command}\``, problem, fixes: [...forwardingRemedies] });
}

/** Really opens a port that leads back, and closes it. */
export async function returning(session: Session, { ladder, name, signal }: EngineCheck): Promise<void> {
  const place = { stage: 'return' } as const;
  ladder.begin(place);
  try {
    const tunnel = await session.listen(0, (stream) => stream.destroy());
    await tunnel.close();
    ladder.pass(place, `127.0.0.1:${tunnel.port} leads back`);
  } catch (error) {
    const { code, fix, detail } = problemOf(error);
    if (signal.aborted || code !== 'ssh.forwarding-refused') {
      throw error;
    }
    const message = `Node ${name} lets no port be forwarded back, so that images come back whole, which is slower.`;
    const { problem } = fail(code, message, fix, detail);
    const fixes = [...remediesNamedBy(problem), ...forwardingRemedies];
    ladder.warn(place, { said: 'images come back whole', problem, fixes });
  }
}
