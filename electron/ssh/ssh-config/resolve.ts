/** The SSH configuration, read and evaluated as OpenSSH does. */
import { fail } from '../../../shared/problem.ts';
import { localUser as currentUser } from '../../system/local-user.ts';
import { evaluate } from './evaluate.ts';
import { type PrintedOption, printOptions } from './print-options.ts';
import { commandTokens, type ProxyCommand } from './proxy-command.ts';
import type { JumpHost } from './proxy-jump.ts';
import { type ConfigFile, configFiles, readConfig } from './read.ts';
import { expandPath, fileTokens } from './tokens.ts';

/** The options of a host that matter for a connection. Paths are absolute. */
export interface ResolvedHost {
  readonly originalHost: string;
  readonly host: string;
  readonly user: string;
  readonly port: number;
  /** The key files. Undefined where there are none, so that the default ones are tried; empty for `none`. */
  readonly identities?: readonly string[];
  /** The files of certificates for these keys. */
  readonly certificateFiles: readonly string[];
  readonly identitiesOnly: boolean;
  /** The agent's socket. Undefined means the default agents, an empty string none. */
  readonly agentSocket?: string;
  /** The jump hosts, in the order of the connection. */
  readonly jumps: readonly JumpHost[];
  /** The command that ssh would run to connect. */
  readonly proxyCommand?: ProxyCommand;
  readonly hostKeyAlias?: string;
  /** Further files with host keys. */
  readonly knownHostsFiles: readonly string[];
  readonly connectTimeoutSeconds?: number;
  readonly serverAliveSeconds?: number;
  readonly serverAliveCountMax?: number;
  /** Whether host names are hashed where their keys are saved. */
  readonly hashKnownHosts: boolean;
  /** The authentication methods that may be tried. */
  readonly allowed: { readonly publicKey: boolean; readonly keyboardInteractive: boolean; readonly password: boolean };
  /** How often a password may be entered incorrectly. */
  readonly passwordPrompts: number;
  /** What was ignored in the configuration, and why. */
  readonly notes: readonly string[];
  /** The options as `ssh -G` prints them. */
  readonly printed: readonly PrintedOption[];
}

export interface ResolveOptions {
  readonly user?: string;
  readonly port?: number;
  /** Jump hosts that replace those of the configuration, as with `ssh -J`. */
  readonly jumps?: readonly JumpHost[];
  /** The files to read. By default those of {@link configFiles}. */
  readonly files?: readonly ConfigFile[];
  readonly home?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Resolves the options that matter for a connection to a host, as `ssh -G` does. @throws Failure `ssh.config` */
export async function resolveHost(host: string, options: ResolveOptions = {}): Promise<ResolvedHost> {
  const { env = process.env } = options;
  const { name: localUser, home: ownHome } = currentUser(env);
  const { home = ownHome } = options;
  const files = options.files ?? configFiles(env.BARNRAISER_SSH_CONFIG, home);
  const lists = await readConfig(files, { home });
  const { options: hostOptions, host: address, notes } = evaluate(lists, { ...options, host, localUser, env });
  const { user = localUser, port = 22, proxyCommand, jumps } = hostOptions;
  const [last] = jumps?.hops.slice(-1) ?? [];
  // Source: OpenSSH, ssh.c, "jumphost loop"
  if (last && last.host === address && (last.port ?? 22) === port && (last.user ?? user) === user) {
    throw fail(
      'ssh.config',
      `ProxyJump connects to ${host} through ${host} itself.`,
      'Exclude the jump host from the Host or Match section of the ProxyJump, as in `Host * !bastion`, or set `ProxyJump none` for it above.',
    );
  }
  const hostKeyAlias = hostOptions.hostKeyAlias?.toLowerCase();
  const tokenSource = { host: address, originalHost: host, hostKeyAlias, user, port, localUser, home };
  const tokens = fileTokens(tokenSource);
  const expand = (keyword: string) => (path: string) => expandPath(path, keyword, tokens, env);
  const identities = hostOptions.identityFiles.filter(isSet).map(expand('IdentityFile'));
  const knownHostsFiles = (hostOptions.userKnownHostsFiles ?? []).filter(isSet).map(expand('UserKnownHostsFile'));
  const agentSocket = agentSocketOf(hostOptions.identityAgent, expand('IdentityAgent'), env);
  const { connectTimeout, serverAliveInterval, serverAliveCountMax } = hostOptions;
  return {
    originalHost: host,
    host: address,
    user,
    port,
    ...(hostOptions.identityFiles.length > 0 ? { identities } : {}),
    certificateFiles: hostOptions.certificateFiles.filter(isSet).map(expand('CertificateFile')),
    identitiesOnly: hostOptions.identitiesOnly ?? false,
    ...(agentSocket === undefined ? {} : { agentSocket }),
    jumps: jumps?.hops ?? [],
    ...(proxyCommand === undefined || !isSet(proxyCommand.text)
      ? {}
      : {
          proxyCommand: {
            ...proxyCommand,
            tokens: commandTokens(tokenSource),
            passesDescriptor: hostOptions.proxyUseFdpass ?? false,
          },
        }),
    ...(hostKeyAlias === undefined ? {} : { hostKeyAlias }),
    knownHostsFiles,
    ...(connectTimeout ? { connectTimeoutSeconds: connectTimeout } : {}),
    ...(serverAliveInterval
      ? { serverAliveSeconds: serverAliveInterval, serverAliveCountMax: serverAliveCountMax ?? 3 }
      : {}),
    hashKnownHosts: hostOptions.hashKnownHosts ?? false,
    allowed: {
      publicKey: hostOptions.pubkeyAuthentication !== 'no',
      keyboardInteractive: hostOptions.kbdInteractiveAuthentication ?? true,
      password: hostOptions.passwordAuthentication ?? true,
    },
    passwordPrompts: hostOptions.numberOfPasswordPrompts ?? 3,
    notes,
    printed: printOptions(hostOptions, { originalHost: host, host: address, user, port, hostKeyAlias }, expand),
  };
}

function isSet(value: string): boolean {
  return value.toLowerCase() !== 'none';
}

/** Source: ssh_config(5), IdentityAgent. */
function agentSocketOf(
  identityAgent: string | undefined,
  expand: (path: string) => string,
  env: NodeJS.ProcessEnv,
): string | undefined {
  if (identityAgent === undefined || identityAgent === 'SSH_AUTH_SOCK') {
    return env.SSH_AUTH_SOCK;
  }
  if (identityAgent === 'none') {
    return '';
  }
  return /^\$(?!\{)/.test(identityAgent) ? (env[identityAgent.slice(1)] ?? '') : expand(identityAgent);
}
