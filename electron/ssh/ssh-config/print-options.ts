import type { HostOptions } from './options.ts';
import { formatJumps } from './proxy-jump.ts';

/** A line of the output of `ssh -G`. */
export interface PrintedOption {
  readonly key: string;
  readonly value: string;
}

export interface PrintedHost {
  readonly originalHost: string;
  readonly host: string;
  readonly user: string;
  readonly port: number;
  readonly hostKeyAlias: string | undefined;
}

/** The identity files that ssh tries by default. Source: OpenSSH 9.2, readconf.c, fill_default_options(). */
const defaultIdentities = 'rsa ecdsa ecdsa_sk ed25519 ed25519_sk xmss dsa'
  .split(' ')
  .map((type) => `~/.ssh/id_${type}`);

/** For this option, `ssh -G` prints true and false in place of yes and no. */
const pubkeyAuthenticationValues: Readonly<Record<string, string>> = { yes: 'true', no: 'false' };

/**
 * Prints the options in the form and order of `ssh -G`. The agent and the known hosts files are expanded, identity
 * files are not.
 */
export function printOptions(
  options: HostOptions,
  host: PrintedHost,
  expand: (keyword: string) => (path: string) => string,
): PrintedOption[] {
  const line = (key: string, value: string | number | undefined): PrintedOption[] =>
    value === undefined ? [] : [{ key, value: String(value) }];
  const knownHosts = options.userKnownHostsFiles ?? ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'];
  const jumps = options.jumps?.hops.length ? options.jumps : undefined;
  return [
    ...line('host', host.originalHost),
    ...line('user', host.user),
    ...line('hostname', host.host),
    ...line('port', host.port),
    ...line('hashknownhosts', options.hashKnownHosts ? 'yes' : 'no'),
    ...line('identitiesonly', options.identitiesOnly ? 'yes' : 'no'),
    ...line('kbdinteractiveauthentication', (options.kbdInteractiveAuthentication ?? true) ? 'yes' : 'no'),
    ...line('passwordauthentication', (options.passwordAuthentication ?? true) ? 'yes' : 'no'),
    ...line(
      'pubkeyauthentication',
      pubkeyAuthenticationValues[options.pubkeyAuthentication ?? 'yes'] ?? options.pubkeyAuthentication,
    ),
    ...line('numberofpasswordprompts', options.numberOfPasswordPrompts ?? 3),
    ...line('serveralivecountmax', options.serverAliveCountMax ?? 3),
    ...line('serveraliveinterval', options.serverAliveInterval ?? 0),
    ...line('hostkeyalias', host.hostKeyAlias),
    ...line('identityagent', options.identityAgent && expand('IdentityAgent')(options.identityAgent)),
    ...(options.identityFiles.length > 0 ? options.identityFiles : defaultIdentities).flatMap((path) =>
      line('identityfile', path),
    ),
    ...options.certificateFiles.flatMap((path) => line('certificatefile', path)),
    ...line('userknownhostsfile', knownHosts.map(expand('UserKnownHostsFile')).join(' ')),
    ...line('connecttimeout', options.connectTimeout ?? 'none'),
    ...(jumps
      ? line('proxyjump', formatJumps(jumps.text, jumps.hops))
      : options.proxyCommand?.text.toLowerCase() === 'none'
        ? []
        : line('proxycommand', options.proxyCommand?.text)),
  ];
}
