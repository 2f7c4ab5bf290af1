import { fail } from '../../shared/problem.ts';
import type { Hop } from '../ssh/ssh-config/jump.ts';
import type { ProxyCommand } from '../ssh/ssh-config/proxy-command.ts';
import { type ResolvedHost, resolveHost } from '../ssh/ssh-config/resolve.ts';

/** More is no way to anywhere but a circle of names. */
const maxHops = 16;

/**
 * The hosts to connect to one through another; the last is the destination. As with ssh, a jump host has a configuration of
 * its own, and where it is the first of the jumps, its own ProxyJump or ProxyCommand leads to it. Fails with `ssh.config`.
 * @param name the connection's, for sentences.
 */
export async function resolveHops(name: string, destination: Hop): Promise<readonly ResolvedHost[]> {
  const route: ResolvedHost[] = [];
  let hop: Hop | undefined = destination;
  let before: readonly Hop[] = [];
  while (hop) {
    const resolved: ResolvedHost = await resolveHost(hop.host, {
      ...(hop.user === undefined ? {} : { user: hop.user }),
      ...(hop.port === undefined ? {} : { port: hop.port }),
      ...(before.length > 0 ? { jumps: before } : {}),
    });
    route.unshift(resolved);
    if (route.length > maxHops) {
      throw fail(
        'ssh.config',
        `Node ${name}: the way there goes through more than ${maxHops} jump hosts.`,
        `ProxyJump of the SSH configuration may go in a circle: see \`barnraiser connection resolve ${destination.host}\`.`,
      );
    }
    const unfit = resolved.proxyCommand && unfitness(resolved.proxyCommand);
    if (unfit !== undefined) {
      throw fail(
        'ssh.config',
        `Node ${name}: the SSH configuration reaches ${hop.host} by a ProxyCommand ${unfit}.`,
        'Write `ProxyJump HOST` for it, or a ProxyCommand whose input and output lead to the host.',
      );
    }
    hop = resolved.jumps.at(-1);
    before = resolved.jumps.slice(0, -1);
  }
  return route;
}

/** Why a ProxyCommand can be no way to a host, in words that follow its name. */
function unfitness({ text, passesDescriptor }: ProxyCommand): string | undefined {
  if (passesDescriptor) {
    return 'that hands over a connection (ProxyUseFdpass), which Barnraiser cannot take';
  }
  // Source: OpenSSH, sshconnect.c, ssh_connect()
  return text === '-' ? 'that is its own standard input and output, which Barnraiser has for other things' : undefined;
}
