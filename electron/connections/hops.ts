import { fail } from '../../shared/problem.ts';
import type { ProxyCommand } from '../ssh/ssh-config/proxy-command.ts';
import type { JumpHost } from '../ssh/ssh-config/proxy-jump.ts';
import { type ResolvedHost, resolveHost } from '../ssh/ssh-config/resolve.ts';

/** A longer route is treated as a circle of jump hosts. */
const maxHops = 16;

/**
 * Resolves the route to a destination: the hosts to connect to, each through the one before it. The last is the
 * destination. As with ssh, each jump host has its own part of the configuration, and the first one may have a
 * ProxyJump or ProxyCommand itself.
 * @param name the connection's, for problems
 * @throws Failure `ssh.config`
 */
export async function resolveHops(name: string, destination: JumpHost): Promise<readonly ResolvedHost[]> {
  const route: ResolvedHost[] = [];
  let hop: JumpHost | undefined = destination;
  let jumpsBefore: readonly JumpHost[] = [];
  while (hop) {
    const resolved: ResolvedHost = await resolveHost(hop.host, {
      ...(hop.user === undefined ? {} : { user: hop.user }),
      ...(hop.port === undefined ? {} : { port: hop.port }),
      ...(jumpsBefore.length > 0 ? { jumps: jumpsBefore } : {}),
    });
    route.unshift(resolved);
    if (route.length > maxHops) {
      throw fail(
        'ssh.config',
        `Node ${name}: its route has more than ${maxHops} jump hosts.`,
        `The ProxyJump settings of the SSH configuration may form a circle: see \`ssh -G ${destination.host}\`.`,
      );
    }
    const reason = resolved.proxyCommand && unsupportedReason(resolved.proxyCommand);
    if (reason !== undefined) {
      throw fail(
        'ssh.config',
        `Node ${name}: the SSH configuration connects to ${hop.host} with a ProxyCommand ${reason}.`,
        'Use `ProxyJump HOST`, or a ProxyCommand that connects its standard input and output to the host.',
      );
    }
    hop = resolved.jumps.at(-1);
    jumpsBefore = resolved.jumps.slice(0, -1);
  }
  return route;
}

/** Why a ProxyCommand cannot be used, as the end of a sentence. Undefined if it can be used. */
function unsupportedReason({ text, passesDescriptor }: ProxyCommand): string | undefined {
  if (passesDescriptor) {
    return 'that passes a file descriptor (ProxyUseFdpass), which Barnraiser does not support';
  }
  // Source: OpenSSH, sshconnect.c, ssh_connect()
  return text === '-' ? 'that stands for standard input and output, which Barnraiser does not support' : undefined;
}
