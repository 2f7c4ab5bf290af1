import type { CallOutput, CallRequest } from '../../shared/contract.ts';
import { fail } from '../../shared/problem.ts';
import { type JumpHost, parseJumpHost } from '../ssh/ssh-config/proxy-jump.ts';
import { configFiles } from '../ssh/ssh-config/read.ts';
import { resolveHost } from '../ssh/ssh-config/resolve.ts';

/**
 * Handles `connections.resolve`: what the SSH configuration sets for a host.
 * @throws Failure `input.invalid`, `ssh.config`
 */
export async function resolveConnection({
  host,
  sshConfig,
}: CallRequest<'connections.resolve'>): Promise<CallOutput<'connections.resolve'>> {
  const destination = parseHost(host);
  if (!destination) {
    throw fail('input.invalid', `"${host}" is not a valid host.`, 'Use HOST, USER@HOST or ssh://USER@HOST:PORT.');
  }
  const { printed, notes } = await resolveHost(destination.host, {
    ...(destination.user === undefined ? {} : { user: destination.user }),
    ...(destination.port === undefined ? {} : { port: destination.port }),
    ...(sshConfig === undefined ? {} : { files: configFiles(sshConfig) }),
  });
  return { lines: [...printed], notes: [...notes] };
}

/** Parses a host as ssh parses its argument: only a URI has a port, so an IPv6 address needs no brackets. */
function parseHost(text: string): JumpHost | undefined {
  if (text.startsWith('ssh://')) {
    return parseJumpHost(text);
  }
  const at = text.lastIndexOf('@');
  const host = text.slice(at + 1);
  return host === '' || at === 0 ? undefined : { host, ...(at > 0 ? { user: text.slice(0, at) } : {}) };
}
