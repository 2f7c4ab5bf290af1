import type { Duplex } from 'node:stream';
import ssh2, { type Client, type NextAuthHandler } from 'ssh2';
import { type AuthenticationOptions, prepareAuthentication } from './authentication/authentication.ts';
import type { AskSecret, Wanted } from './authentication/credential.ts';
import { SilentAgent } from './authentication/single-key-agent.ts';
import {
  authenticationRefused,
  authorityNotes,
  hostKeyRefused,
  hungUpWhileAsking,
  hungUpWhileDeciding,
  mustChangePassword,
  noAuthentication,
  noHandshake,
  type Peer,
  recordOf,
  unreachable,
} from './connect-problems.ts';
import { dial } from './dial.ts';
import { preferred } from './host-key-algorithms.ts';
import { fingerprint, type KnownHosts, keyTypeOf } from './known-hosts.ts';

/** A host key that nobody has decided about yet. `key` is in wire format. */
export interface NewHostKey {
  /** Who shows it, as in {@link Peer}. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Under what it is recorded: its address, or its HostKeyAlias, which stands without a port. */
  readonly recordedAs: { readonly host: string; readonly port: number };
  readonly keyType: string;
  readonly fingerprint: string;
  readonly key: Buffer;
  /** What else a person should know before deciding, as sentences. */
  readonly notes: readonly string[];
  /** The SSH configuration wants the names of hosts hashed where they are saved. */
  readonly hashed: boolean;
}

export interface ConnectOptions extends Peer, Omit<AuthenticationOptions, keyof Peer | 'home'> {
  readonly knownHosts: KnownHosts;
  /** The SSH configuration's HashKnownHosts. */
  readonly hashKnownHosts?: boolean;
  /**
   * Asked when no file knows the key. May take as long as a person needs; whoever answers yes also saves the key.
   * The signal aborts when nobody waits for the answer any more.
   */
  readonly decideHostKey: (key: NewHostKey, signal: AbortSignal) => Promise<boolean>;
  readonly signal?: AbortSignal;
  /** A stream that leads to the host, instead of a TCP connection of our own. */
  readonly via?: Duplex;
  readonly timing?: Partial<Timing>;
  /** Told how far it has come. */
  readonly onReached?: (reached: Reached) => void;
}

/** A stage that a connection has left behind. One that comes by a stream of another session has neither addresses nor a port. */
export type Reached =
  | { readonly kind: 'resolved'; readonly addresses: readonly string[] }
  | { readonly kind: 'connected'; readonly address: string }
  /** A ProxyCommand was started, which looks for the host in its own way. */
  | { readonly kind: 'started'; readonly command: string }
  /** Something speaks at its other end. */
  | { readonly kind: 'answered'; readonly command: string }
  /** `accepted`: nobody knew the key, and a person has trusted it just now. */
  | {
      readonly kind: 'host-key';
      readonly keyType: string;
      readonly fingerprint: string;
      readonly how: 'known' | 'accepted';
    }
  /** `by` names the last way that was tried: "the key file ~/.ssh/id_ed25519". */
  | { readonly kind: 'signed-in'; readonly by: string };

export interface Timing {
  /** For the TCP connection, and again for the handshake. */
  readonly connectMs: number;
  /** For proving who we are, which may wait for the touch of a hardware key; while a person is asked, it does not run. */
  readonly authenticateMs: number;
  /** How often to ask a silent node for a sign of life. */
  readonly keepAliveMs: number;
  /** How many of these may pass in silence. */
  readonly keepAliveMisses: number;
}

/** A dead peer is noticed within 14 s: its last word may come just after a sign of life was asked for, and then 3 pass in silence. */
export const defaultTiming: Timing = {
  connectMs: 15_000,
  authenticateMs: 60_000,
  keepAliveMs: 3_500,
  keepAliveMisses: 3,
};

export interface Connected {
  readonly client: Client;
  /** What the client speaks over. */
  readonly line: Duplex;
}

/**
 * Connects, verifies the host's key and signs in. Fails with `ssh.unreachable`, `ssh.timeout`, `ssh.host-key-*`,
 * `ssh.identity`, `ssh.authentication` or `ssh.cancelled`, and with the reason of the signal.
 */
export async function connectClient(options: ConnectOptions): Promise<Connected> {
  const timing = { ...defaultTiming, ...options.timing };
  options.signal?.throwIfAborted();
  const recordedAs = recordOf(options);
  /** Aborts when it is over, so that no question stays open that nobody waits for. */
  const over = new AbortController();
  let whileAsking = (_wanted: Wanted, ask: () => ReturnType<AskSecret>) => ask();
  const { askSecret } = options;
  const authentication = await prepareAuthentication({
    ...options,
    ...(askSecret ? { askSecret: (wanted) => whileAsking(wanted, () => askSecret(wanted, over.signal)) } : {}),
  });
  // it may have been given up while keys were read
  options.signal?.throwIfAborted();
  const { onReached } = options;
  const line =
    options.via ??
    (await dial(
      {
        ...options,
        onResolved: (addresses) => onReached?.({ kind: 'resolved', addresses }),
        onConnected: (address) => onReached?.({ kind: 'connected', address }),
      },
      timing.connectMs,
    ));
  const client = new ssh2.Client();

  await new Promise<void>((resolve, reject) => {
    let stage: 'handshake' | 'decision' | 'authentication' | 'over' = 'handshake';
    let asked: Wanted | undefined;
    let timer: NodeJS.Timeout | undefined;
    let tryNext: NextAuthHandler | undefined;

    const finish = (error?: unknown) => {
      if (stage === 'over') {
        return;
      }
      stage = 'over';
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
      over.abort();
      void authentication.end(error === undefined);
      if (error === undefined) {
        // ssh2 holds what was tried last, a password perhaps, until the connection ends or something else is tried
        tryNext?.({ type: 'agent', username: options.user, agent: new SilentAgent() });
        resolve();
      } else {
        reject(error);
        line.destroy();
      }
    };
    const onAbort = () => finish(options.signal?.reason);
    const startTimer = (milliseconds: number, problem: (peer: Peer, seconds: number) => Error) => {
      clearTimeout(timer);
      timer = setTimeout(() => finish(problem(options, milliseconds / 1000)), milliseconds);
    };
    /** The server has thrown us out while we were signing in. */
    const thrownOut = (said: string | undefined) =>
      asked ? hungUpWhileAsking(options, asked, said) : authenticationRefused(options, authentication, said);

    whileAsking = async (wanted, ask) => {
      clearTimeout(timer);
      asked = wanted;
      try {
        return await ask();
      } finally {
        asked = undefined;
        if (stage === 'authentication') {
          startTimer(timing.authenticateMs, noAuthentication);
        }
      }
    };

    options.signal?.addEventListener('abort', onAbort);
    authentication.refused.addEventListener('abort', () => finish(authentication.refused.reason));
    startTimer(timing.connectMs, noHandshake);

    client.on('handshake', () => {
      // comes again with each change of keys, while a person is asked or long after we are through
      if (stage === 'handshake') {
        stage = 'authentication';
        startTimer(timing.authenticateMs, noAuthentication);
      }
    });
    client.on('ready', () => {
      options.onReached?.({ kind: 'signed-in', by: authentication.tried().at(-1) ?? 'nothing at all' });
      finish();
    });
    client.on('error', (error) => {
      // an agent that refuses to sign, or a key that cannot, is one way less; ssh2 goes on to the next by itself
      if (error.level === 'agent' || error.level === 'client-authentication') {
        return;
      }
      finish(
        stage === 'decision'
          ? hungUpWhileDeciding(options)
          : asked || (stage === 'authentication' && error.level !== 'client-socket')
            ? thrownOut(error.message)
            : unreachable(options, error),
      );
    });
    client.on('close', () =>
      finish(
        stage === 'decision'
          ? hungUpWhileDeciding(options)
          : stage === 'authentication'
            ? thrownOut('The server closed the connection.')
            : unreachable(options, new Error('The server closed the connection.')),
      ),
    );

    client.on('change password', (prompt) => finish(mustChangePassword(options, prompt)));

    let trusted: Buffer | undefined;
    const verifyHostKey = (key: Buffer, verify: (permitted: boolean) => void) => {
      if (trusted) {
        // keys are changed in the middle of a long session; the host must still be the same
        verify(key.equals(trusted));
        return;
      }
      const shownKey = { keyType: keyTypeOf(key), fingerprint: fingerprint(key) };
      const trust = (how: 'known' | 'accepted') => {
        trusted = key;
        options.onReached?.({ kind: 'host-key', ...shownKey, how });
        verify(true);
      };
      const refuse = (error: unknown) => {
        finish(error);
        verify(false);
      };
      const check = options.knownHosts.check(recordedAs.host, recordedAs.port, key);
      if (check.kind === 'known') {
        trust('known');
        return;
      }
      const problem = hostKeyRefused(options, check);
      if (check.kind !== 'unknown') {
        refuse(problem);
        return;
      }
      clearTimeout(timer);
      stage = 'decision';
      const { name, host, port, hashKnownHosts: hashed = false } = options;
      const newKey = { name, host, port, recordedAs, ...shownKey, key, notes: authorityNotes(check), hashed };
      options.decideHostKey(newKey, over.signal).then((yes) => {
        if (stage !== 'decision') {
          return;
        }
        if (yes) {
          stage = 'handshake';
          startTimer(timing.connectMs, noHandshake);
          trust('accepted');
        } else {
          refuse(problem);
        }
      }, refuse);
    };

    try {
      client.connect({
        sock: line,
        username: options.user,
        algorithms: { serverHostKey: preferred(options.knownHosts.keyTypes(recordedAs.host, recordedAs.port)) },
        hostVerifier: verifyHostKey,
        authHandler: (methodsLeft, partial, next) => {
          tryNext = next;
          const tried = authentication.next(methodsLeft, partial).then((method) => {
            if (stage !== 'authentication') {
              return;
            }
            if (method === false) {
              finish(authenticationRefused(options, authentication));
            } else {
              next(method);
            }
          });
          tried.catch(finish);
        },
        // how long each stage may take is decided here, since ssh2's one timeout would run while a person decides
        readyTimeout: 0,
        // ssh2 only sends the pings: it would call the line lost while replies wait behind a slow upload
        keepaliveInterval: timing.keepAliveMs,
        keepaliveCountMax: Number.POSITIVE_INFINITY,
        // others than OpenSSH know its extensions too, and say so themselves where they do not
        strictVendor: false,
      });
    } catch (error) {
      finish(error);
    }
  });
  return { client, line };
}
