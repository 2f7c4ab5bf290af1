import { printJumps } from './jump.ts';
import type { Options } from './options.ts';

/** A line of `ssh -G`. */
export interface Line {
  readonly key: string;
  readonly value: string;
}

export interface Printed {
  readonly originalHost: string;
  readonly host: string;
  readonly user: string;
  readonly port: number;
  readonly hostKeyAlias: string | undefined;
}

/** Those that ssh tries when none is named. Source: OpenSSH 9.2, readconf.c, fill_default_options(). */
const usualIdentities = 'rsa ecdsa ecdsa_sk ed25519 ed25519_sk xmss dsa'.split(' ').map((type) => `~/.ssh/id_${type}`);

/** ssh says yes and no of this one in other words. */
const printed: Readonly<Record<string, string>> = { yes: 'true', no: 'false' };

/**
 * What was resolved, in the words and the order of OpenSSH's `ssh -G`: identity files as they were written, the agent and
 * files of known hosts expanded.
 */
export function printLines(said: Options, to: Printed, expand: (keyword: string) => (path: string) => string): Line[] {
  const line = (key: string, value: string | number | undefined): Line[] =>
    value === undefined ? [] : [{ key, value: String(value) }];
  const knownHosts = said.userKnownHostsFiles ?? ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'];
  const jumps = said.jumps?.hops.length ? said.jumps : undefined;
  return [
    ...line('host', to.originalHost),
    ...line('user', to.user),
    ...line('hostname', to.host),
    ...line('port', to.port),
    ...line('hashknownhosts', said.hashKnownHosts ? 'yes' : 'no'),
    ...line('identitiesonly', said.identitiesOnly ? 'yes' : 'no'),
    ...line('kbdinteractiveauthentication', (said.kbdInteractiveAuthentication ?? true) ? 'yes' : 'no'),
    ...line('passwordauthentication', (said.passwordAuthentication ?? true) ? 'yes' : 'no'),
    ...line('pubkeyauthentication', printed[said.pubkeyAuthentication ?? 'yes'] ?? said.pubkeyAuthentication),
    ...line('numberofpasswordprompts', said.numberOfPasswordPrompts ?? 3),
    ...line('serveralivecountmax', said.serverAliveCountMax ?? 3),
    ...line('serveraliveinterval', said.serverAliveInterval ?? 0),
    ...line('hostkeyalias', to.hostKeyAlias),
    ...line('identityagent', said.identityAgent && expand('IdentityAgent')(said.identityAgent)),
    ...(said.identityFiles.length > 0 ? said.identityFiles : usualIdentities).flatMap((path) =>
      line('identityfile', path),
    ),
    ...line('userknownhostsfile', knownHosts.map(expand('UserKnownHostsFile')).join(' ')),
    ...line('connecttimeout', said.connectTimeout ?? 'none'),
    ...(jumps
      ? line('proxyjump', printJumps(jumps.text, jumps.hops))
      : said.proxyCommand?.text.toLowerCase() === 'none'
        ? []
        : line('proxycommand', said.proxyCommand?.text)),
  ];
}
