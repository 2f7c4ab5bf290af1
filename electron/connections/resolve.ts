import type { CallOutput, CallRequest } from '../../shared/contract.ts';
import { fail } from '../../shared/problem.ts';
import { type Hop, parseHop } from '../ssh/ssh-config/jump.ts';
import { configFiles } from '../ssh/ssh-config/read.ts';
import { resolveHost } from '../ssh/ssh-config/resolve.ts';

/** Answers `connections.resolve`. @throws Failure `input.invalid`, `ssh.config` */
export async function resolveConnection({
  host,
  sshConfig,
}: CallRequest<'connections.resolve'>): Promise<CallOutput<'connections.resolve'>> {
  const destination = hopOf(host);
  if (!destination) {
    throw fail('input.invalid', `"${host}" names no host.`, 'Write HOST, USER@HOST or ssh://USER@HOST:PORT.');
  }
  const { lines, notes } = await resolveHost(destination.host, {
    ...(destination.user === undefined ? {} : { user: destination.user }),
    ...(destination.port === undefined ? {} : { port: destination.port }),
    ...(sshConfig === undefined ? {} : { files: configFiles(sshConfig) }),
  });
  return { lines: [...lines], notes: [...notes] };
}

/** As ssh reads its argument: only a URI has a port, so that an IPv6 address needs no brackets. */
function hopOf(text: string): Hop | undefined {
  if (text.startsWith('ssh://')) {
    return parseHop(text);
  }
  const at = text.lastIndexOf('@');
  const host = text.slice(at + 1);
  return host === '' || at === 0 ? undefined : { host, ...(at > 0 ? { user: text.slice(0, at) } : {}) };
}
