import { homedir, userInfo } from 'node:os';
import { fail } from '../../../shared/problem.ts';
import { evaluate } from './evaluate.ts';
import type { Hop } from './jump.ts';
import { type Line, printLines } from './print.ts';
import { commandTokens, type ProxyCommand } from './proxy-command.ts';
import { type ConfigFile, configFiles, readConfig } from './read.ts';
import { expandPath, fileTokens } from './tokens.ts';

/** What the SSH configuration says about one host. Paths are whole. */
export interface ResolvedHost {
  readonly originalHost: string;
  readonly host: string;
  readonly user: string;
  readonly port: number;
  /** The key files that it names; undefined where it names none, so that the usual ones are tried; empty for `none`. */
  readonly identities?: readonly string[];
  readonly identitiesOnly: boolean;
  /** The agent's socket; empty for none, undefined for the usual one. */
  readonly agentSocket?: string;
  /** The hosts to go through, in this order. */
  readonly jumps: readonly Hop[];
  /** What ssh would run to get there. */
  readonly proxyCommand?: ProxyCommand;
  readonly hostKeyAlias?: string;
  /** Where else host keys are recorded. */
  readonly knownHostsFiles: readonly string[];
  readonly connectSeconds?: number;
  readonly aliveSeconds?: number;
  readonly aliveMisses?: number;
  /** Names of hosts are hashed where their keys are saved. */
  readonly hashKnownHosts: boolean;
  /** The ways to sign in that may be tried. */
  readonly allowed: { readonly publicKey: boolean; readonly keyboardInteractive: boolean; readonly password: boolean };
  /** How often a password may be asked for. */
  readonly passwordPrompts: number;
  /** What was left out of the configuration, and why. */
  readonly notes: readonly string[];
  /** As `ssh -G` prints it. */
  readonly lines: readonly Line[];
}

export interface ResolveOptions {
  readonly user?: string;
  readonly port?: number;
  /** The hosts to go through, in place of the configuration's, as `ssh -J` has them. */
  readonly jumps?: readonly Hop[];
  /** The files to read; those of {@link configFiles} where not given. */
  readonly files?: readonly ConfigFile[];
  readonly home?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Resolves a host as `ssh -G` does, for the options that matter to a connection. @throws Failure `ssh.config` */
export async function resolveHost(host: string, options: ResolveOptions = {}): Promise<ResolvedHost> {
  const { home = homedir(), env = process.env } = options;
  const files = options.files ?? configFiles(env.BARNRAISER_SSH_CONFIG, home);
  const localUser = userInfo().username;
  const lists = await readConfig(files, { home });
  const { options: said, host: address, notes } = evaluate(lists, { ...options, host, localUser, env });
  const { user = localUser, port = 22, proxyCommand, jumps } = said;
  const [last] = jumps?.hops.slice(-1) ?? [];
  // Source: OpenSSH, ssh.c, "jumphost loop"
  if (last && last.host === address && (last.port ?? 22) === port && (last.user ?? user) === user) {
    throw fail(
      'ssh.config',
      `ProxyJump leads to ${host} through ${host} itself.`,
      'Leave the jump host out of the Host or Match that says so, as in `Host * !bastion`, or give it `ProxyJump none` before.',
    );
  }
  const hostKeyAlias = said.hostKeyAlias?.toLowerCase();
  const destination = { host: address, originalHost: host, hostKeyAlias, user, port, localUser, home };
  const tokens = fileTokens(destination);
  const expand = (keyword: string) => (path: string) => expandPath(path, keyword, tokens, env);
  const identities = said.identityFiles.filter(isNotNone).map(expand('IdentityFile'));
  const knownHostsFiles = (said.userKnownHostsFiles ?? []).filter(isNotNone).map(expand('UserKnownHostsFile'));
  const agentSocket = agentOf(said.identityAgent, expand('IdentityAgent'), env);
  const { connectTimeout, serverAliveInterval, serverAliveCountMax } = said;
  return {
    originalHost: host,
    host: address,
    user,
    port,
    ...(said.identityFiles.length > 0 ? { identities } : {}),
    identitiesOnly: said.identitiesOnly ?? false,
    ...(agentSocket === undefined ? {} : { agentSocket }),
    jumps: jumps?.hops ?? [],
    ...(proxyCommand === undefined || !isNotNone(proxyCommand.text)
      ? {}
      : {
          proxyCommand: {
            ...proxyCommand,
            tokens: commandTokens(destination),
            passesDescriptor: said.proxyUseFdpass ?? false,
          },
        }),
    ...(hostKeyAlias === undefined ? {} : { hostKeyAlias }),
    knownHostsFiles,
    ...(connectTimeout ? { connectSeconds: connectTimeout } : {}),
    ...(serverAliveInterval ? { aliveSeconds: serverAliveInterval, aliveMisses: serverAliveCountMax ?? 3 } : {}),
    hashKnownHosts: said.hashKnownHosts ?? false,
    allowed: {
      publicKey: said.pubkeyAuthentication !== 'no',
      keyboardInteractive: said.kbdInteractiveAuthentication ?? true,
      password: said.passwordAuthentication ?? true,
    },
    passwordPrompts: said.numberOfPasswordPrompts ?? 3,
    notes,
    lines: printLines(said, { originalHost: host, host: address, user, port, hostKeyAlias }, expand),
  };
}

function isNotNone(value: string): boolean {
  return value.toLowerCase() !== 'none';
}

/** Source: ssh_config(5), IdentityAgent. */
function agentOf(
  said: string | undefined,
  expand: (path: string) => string,
  env: NodeJS.ProcessEnv,
): string | undefined {
  if (said === undefined || said === 'SSH_AUTH_SOCK') {
    return env.SSH_AUTH_SOCK;
  }
  if (said === 'none') {
    return '';
  }
  return /^\$(?!\{)/.test(said) ? (env[said.slice(1)] ?? '') : expand(said);
}
