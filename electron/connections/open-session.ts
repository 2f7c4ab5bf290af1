import type { Duplex } from 'node:stream';
import { Failure, fail } from '../../shared/problem.ts';
import type { AskSecret } from '../ssh/authentication/credential.ts';
import type { NewHostKey, Reached } from '../ssh/connect.ts';
import type { KnownHosts } from '../ssh/known-hosts.ts';
import { openSession, type Session } from '../ssh/session.ts';
import type { Hop } from '../ssh/ssh-config/jump.ts';
import type { ResolvedHost } from '../ssh/ssh-config/resolve.ts';
import { resolveHops } from './hops.ts';
import { type AllowCommand, explained, startCommand } from './proxy-command.ts';

/** How host keys are judged, and where secrets come from. */
export interface AuthCallbacks {
  /** The host keys that are known, with those of more files. Read anew each time: a person may have mended a file meanwhile. */
  readonly loadKnownHosts: (more: readonly string[]) => Promise<KnownHosts>;
  /**
   * Asked when no file knows a host's key. Whoever answers yes also saves it, with `rememberHostKey`. The signal aborts when nobody
   * waits for the answer any more.
   */
  readonly decideHostKey: (key: NewHostKey, signal: AbortSignal) => Promise<boolean>;
  /** Asked before a ProxyCommand is run. Without it, none is. */
  readonly allowCommand?: AllowCommand;
  /** Asked for passphrases, passwords and what servers want to know. Without it, none of them is tried. */
  readonly askSecret?: AskSecret;
}

export interface NodeSessionOptions extends AuthCallbacks {
  readonly signal?: AbortSignal;
  /** Told how far the way to each host of the route has come. */
  readonly onReached?: (reached: Reached, hop: HopAddress) => void;
}

/** One host of a route. `jump` is the jump host's name; missing for the destination. */
export interface HopAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly jump?: string;
}

/**
 * Connects to a host of the SSH configuration, where it says so through jump hosts, one in another. Each shows its host key
 * and is signed in to by its own part of the configuration. Closing the session closes all of them, and with any of them it
 * is lost. Fails with `ssh.*`, which names the hop.
 */
export async function openNodeSession(
  name: string,
  destination: Hop & { readonly identity?: string },
  options: NodeSessionOptions,
): Promise<Session> {
  const route = await resolveHops(name, destination);
  let session: Session | undefined;
  // a jump host that waits for the next may do so for minutes: with its session goes what it waits for
  const giveUp = () => void session?.close();
  options.signal?.addEventListener('abort', giveUp, { once: true });
  for (const [index, host] of route.entries()) {
    const isLast = index === route.length - 1;
    // sentences begin with "Node NAME"
    const hopName = isLast ? name : `${name}: jump host ${host.originalHost}`;
    try {
      const waypoint = {
        host: host.host,
        port: host.port,
        user: host.user,
        ...(isLast ? {} : { jump: host.originalHost }),
      };
      session = await openHop(hopName, host, session, isLast ? destination.identity : undefined, options, waypoint);
    } catch (error) {
      options.signal?.removeEventListener('abort', giveUp);
      await session?.close();
      throw options.signal?.aborted ? options.signal.reason : error;
    }
  }
  options.signal?.removeEventListener('abort', giveUp);
  if (!session) {
    throw new Error('a route has at least its destination');
  }
  return session;
}

/** How long a ProxyCommand may take to lead somewhere, in milliseconds: it may be slow to start, or open a page to sign in at. */
const commandMs = 60_000;

async function openHop(
  name: string,
  host: ResolvedHost,
  through: Session | undefined,
  identity: string | undefined,
  options: NodeSessionOptions,
  waypoint: HopAddress,
): Promise<Session> {
  const { loadKnownHosts, decideHostKey, allowCommand, askSecret, signal, onReached } = options;
  const { agentSocket, identities, identitiesOnly, hostKeyAlias, connectSeconds, aliveSeconds, aliveMisses } = host;
  const knownHosts = await loadKnownHosts(host.knownHostsFiles);
  const tell = (reached: Reached) => onReached?.(reached, waypoint);
  const command = through ? undefined : await startCommand(name, host, { allowCommand, signal, tell });
  const opening = openSession({
    name,
    host: host.host,
    port: host.port,
    user: host.user,
    identitiesOnly,
    knownHosts,
    hashKnownHosts: host.hashKnownHosts,
    decideHostKey,
    allowed: host.allowed,
    passwordPrompts: host.passwordPrompts,
    ...(askSecret === undefined ? {} : { askSecret }),
    ...(hostKeyAlias === undefined ? {} : { hostKeyAlias }),
    ...(agentSocket === undefined ? {} : { agentSocket }),
    ...(identities === undefined ? {} : { identities }),
    ...(identity === undefined ? {} : { identity }),
    ...(signal === undefined ? {} : { signal }),
    ...(command ? { via: command.stream } : {}),
    ...(through ? { through, via: await reach(name, host, through, tell) } : {}),
    onReached: tell,
    timing: {
      ...(command ? { connectMs: commandMs } : {}),
      ...(connectSeconds === undefined ? {} : { connectMs: connectSeconds * 1000 }),
      ...(aliveSeconds === undefined ? {} : { keepAliveMs: aliveSeconds * 1000 }),
      ...(aliveMisses === undefined ? {} : { keepAliveMisses: aliveMisses }),
    },
  });
  return command ? explained(opening, command) : opening;
}

async function reach(
  name: string,
  { host, port }: ResolvedHost,
  through: Session,
  tell: (reached: Reached) => void,
): Promise<Duplex> {
  try {
    const stream = await through.openTcp(host, port);
    tell({ kind: 'connected', address: `${host.includes(':') ? `[${host}]` : host}:${port}` });
    return stream;
  } catch (error) {
    if (!(error instanceof Failure) || error.problem.code !== 'ssh.unreachable') {
      throw error;
    }
    const { fix, detail } = error.problem;
    const from = through.name.replace(/^.*: (?=jump host )/, '');
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    throw fail('ssh.unreachable', `Node ${name}: ${from} could not reach it at ${address}.`, fix, detail, error);
  }
}
