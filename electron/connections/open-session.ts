import type { Duplex } from 'node:stream';
import { Failure, fail } from '../../shared/problem.ts';
import { type QuestionSource, questionSourceName } from '../../shared/question.ts';
import type { AskSecret } from '../ssh/authentication/secret-request.ts';
import { type ConnectProgress, defaultTiming, type UnknownHostKey } from '../ssh/connect-options.ts';
import type { KnownHosts } from '../ssh/known-hosts/known-hosts.ts';
import { openSession, type Session } from '../ssh/session.ts';
import type { JumpHost } from '../ssh/ssh-config/proxy-jump.ts';
import type { ResolvedHost } from '../ssh/ssh-config/resolve.ts';
import { resolveHops } from './hops.ts';
import { type AllowCommand, explainFailure, startProxyCommand } from './proxy-command.ts';

/** How a session decides on host keys and commands, and obtains secrets. */
export interface AuthCallbacks {
  /**
   * Loads the known host keys, including those in `moreFiles`. Called for each hop, because a person may have edited a
   * file.
   */
  readonly loadKnownHosts: (moreFiles: readonly string[]) => Promise<KnownHosts>;
  /**
   * Called for a host key that is in no known_hosts file. Resolves with whether to trust it, and saves it if it is to
   * be kept. The signal aborts when the answer is no longer needed.
   */
  readonly decideHostKey: (key: UnknownHostKey & QuestionSource, signal: AbortSignal) => Promise<boolean>;
  /** Called before a ProxyCommand is run. If it is missing, no ProxyCommand is run. */
  readonly allowCommand?: AllowCommand;
  /**
   * Called for passphrases, passwords and prompts of servers. If it is missing, methods that need them are not tried.
   */
  readonly askSecret?: AskSecret;
}

export interface NodeSessionOptions extends AuthCallbacks {
  readonly signal?: AbortSignal;
  /** Called as the connection to each hop advances. */
  readonly onProgress?: (progress: ConnectProgress, hop: HopAddress) => void;
}

/** One host of a route. `jump` is the jump host's name in the SSH configuration; missing for the destination. */
export interface HopAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly jump?: string;
}

/**
 * Opens a session to a host, through the jump hosts of the SSH configuration if there are any. Each hop has its host
 * key verified and is signed in to with its own part of the configuration. Closing the session closes the sessions of
 * all hops; if one of them is lost, all are.
 * @throws Failure `ssh.*`, which names the hop
 */
export async function openNodeSession(
  name: string,
  destination: JumpHost & { readonly identity?: string },
  options: NodeSessionOptions,
): Promise<Session> {
  const route = await resolveHops(name, destination);
  let session: Session | undefined;
  // a jump host may take minutes to reach the next hop; closing its session ends that wait
  const onAbort = () => void session?.close();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  for (const [index, host] of route.entries()) {
    const isLast = index === route.length - 1;
    const hop: Hop = {
      host,
      source: { connection: name, ...(isLast ? {} : { hop: host.originalHost }) },
      ...(isLast && destination.identity !== undefined ? { identity: destination.identity } : {}),
    };
    try {
      const before = route[index - 1];
      const jump = session && before && { session, name: before.originalHost };
      session = await openHop(hop, jump, options);
    } catch (error) {
      options.signal?.removeEventListener('abort', onAbort);
      await session?.close();
      throw options.signal?.aborted ? options.signal.reason : error;
    }
  }
  options.signal?.removeEventListener('abort', onAbort);
  if (!session) {
    throw new Error('the route has no hosts');
  }
  return session;
}

interface Hop {
  readonly host: ResolvedHost;
  readonly source: QuestionSource;
  readonly identity?: string;
}

/** The session through which the next hop is reached, and the jump host's name in the SSH configuration. */
interface Jump {
  readonly session: Session;
  readonly name: string;
}

/**
 * How long a ProxyCommand may take to connect, in milliseconds. It may start slowly, or open a web page to sign in at.
 */
const commandTimeoutMs = 60_000;

async function openHop(
  { host, source, identity }: Hop,
  jump: Jump | undefined,
  options: NodeSessionOptions,
): Promise<Session> {
  const { loadKnownHosts, decideHostKey, allowCommand, askSecret, signal, onProgress } = options;
  const { agentSocket, identities, identitiesOnly, certificateFiles, hostKeyAlias } = host;
  const { connectTimeoutSeconds, serverAliveSeconds, serverAliveCountMax } = host;
  // problems begin with "Node NAME"
  const name = questionSourceName(source);
  const address = {
    host: host.host,
    port: host.port,
    user: host.user,
    ...(source.hop === undefined ? {} : { jump: source.hop }),
  };
  const knownHosts = await loadKnownHosts(host.knownHostsFiles);
  const notify = (progress: ConnectProgress) => onProgress?.(progress, address);
  const command = jump
    ? undefined
    : await startProxyCommand(source, host, { allowCommand, signal, onProgress: notify });
  const opening = openSession({
    name,
    host: host.host,
    port: host.port,
    user: host.user,
    identitiesOnly,
    certificateFiles,
    knownHosts,
    hashKnownHosts: host.hashKnownHosts,
    decideHostKey: (key, keySignal) => decideHostKey({ ...key, ...source }, keySignal),
    allowed: host.allowed,
    passwordPrompts: host.passwordPrompts,
    ...(askSecret === undefined
      ? {}
      : { askSecret: (request, requestSignal) => askSecret({ ...request, ...source }, requestSignal) }),
    ...(hostKeyAlias === undefined ? {} : { hostKeyAlias }),
    ...(agentSocket === undefined ? {} : { agentSocket }),
    ...(identities === undefined ? {} : { identities }),
    ...(identity === undefined ? {} : { identity }),
    ...(signal === undefined ? {} : { signal }),
    ...(command ? { stream: command.stream } : {}),
    ...(jump ? { jumpSession: jump.session, stream: await connectThrough(jump, name, host, notify) } : {}),
    onProgress: notify,
    timing: {
      ...(command ? { connectMs: commandTimeoutMs } : {}),
      ...(connectTimeoutSeconds === undefined ? {} : { connectMs: connectTimeoutSeconds * 1000 }),
      ...(serverAliveSeconds === undefined ? {} : { keepAliveIntervalMs: serverAliveSeconds * 1000 }),
      ...(serverAliveCountMax === undefined ? {} : { maxKeepAliveMisses: serverAliveCountMax }),
    },
  });
  return command ? explainFailure(opening, command) : opening;
}

/** Opens a TCP connection to a host from its jump host, which itself would wait for minutes. */
async function connectThrough(
  jump: Jump,
  name: string,
  { host, port, connectTimeoutSeconds = defaultTiming.connectMs / 1000 }: ResolvedHost,
  onProgress: (progress: ConnectProgress) => void,
): Promise<Duplex> {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const problem = fail(
      'ssh.timeout',
      `Node ${name}: jump host ${jump.name} did not reach it at ${address} within ${connectTimeoutSeconds} s.`,
      'Check that the machine is switched on and that no firewall blocks the port.',
    );
    timer = setTimeout(() => reject(problem), connectTimeoutSeconds * 1000);
  });
  const opening = jump.session.openTcp(host, port);
  try {
    const stream = await Promise.race([opening, timeout]);
    onProgress({ kind: 'connected', address });
    return stream;
  } catch (error) {
    opening.then(
      (late) => late.destroy(),
      () => undefined,
    );
    if (!(error instanceof Failure) || error.problem.code !== 'ssh.unreachable') {
      throw error;
    }
    const { fix, detail } = error.problem;
    const message = `Node ${name}: jump host ${jump.name} could not reach it at ${address}.`;
    throw fail('ssh.unreachable', message, fix, detail, error);
  } finally {
    clearTimeout(timer);
  }
}
