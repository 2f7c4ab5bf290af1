import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2, { type Client, type ServerHostKeyAlgorithm } from 'ssh2';
import { type AuthenticationOptions, prepareAuthentication } from './auth.ts';
import {
  authenticationRefused,
  hostKeyRefused,
  hungUpWhileDeciding,
  noAuthentication,
  noHandshake,
  noTcp,
  type Peer,
  recordOf,
  unreachable,
} from './connect-problems.ts';
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
}

export interface ConnectOptions extends Peer, Omit<AuthenticationOptions, 'user' | 'home'> {
  readonly knownHosts: KnownHosts;
  /** Asked when no file knows the key. May take as long as a person needs; whoever answers yes also saves the key. */
  readonly decideHostKey: (key: NewHostKey) => Promise<boolean>;
  readonly signal?: AbortSignal;
  /** A stream that leads to the host, instead of a TCP connection of our own. */
  readonly via?: Duplex;
  readonly timing?: Partial<Timing>;
}

export interface Timing {
  /** For the TCP connection, and again for the handshake. */
  readonly connectMs: number;
  /** For proving who we are, which may wait for the touch of a hardware key. */
  readonly authenticateMs: number;
  /** How often to ask a silent node for a sign of life. */
  readonly keepAliveMs: number;
  /** How many of these may pass in silence. */
  readonly keepAliveMisses: number;
}

export const defaultTiming: Timing = {
  connectMs: 15_000,
  authenticateMs: 60_000,
  keepAliveMs: 5_000,
  keepAliveMisses: 3,
};

export interface Connected {
  readonly client: Client;
  /** What the client speaks over. */
  readonly line: Duplex;
}

/**
 * Connects, verifies the host's key and signs in. Fails with `ssh.unreachable`, `ssh.timeout`, `ssh.host-key-*`,
 * `ssh.identity` or `ssh.authentication`, and with the reason of the signal.
 */
export async function connectClient(options: ConnectOptions): Promise<Connected> {
  const timing = { ...defaultTiming, ...options.timing };
  options.signal?.throwIfAborted();
  const recordedAs = recordOf(options);
  const authentication = await prepareAuthentication(options);
  const line = options.via ?? (await dial(options, timing.connectMs));
  const client = new ssh2.Client();

  await new Promise<void>((resolve, reject) => {
    let stage: 'handshake' | 'decision' | 'authentication' | 'over' = 'handshake';
    let exhausted = false;
    let timer: NodeJS.Timeout | undefined;

    const finish = (error?: unknown) => {
      if (stage === 'over') {
        return;
      }
      stage = 'over';
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
      if (error === undefined) {
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

    options.signal?.addEventListener('abort', onAbort);
    startTimer(timing.connectMs, noHandshake);

    client.on('handshake', () => {
      // comes again with each change of keys, long after we are through
      if (stage !== 'over') {
        stage = 'authentication';
        startTimer(timing.authenticateMs, noAuthentication);
      }
    });
    client.on('ready', () => finish());
    client.on('error', (error) => {
      // an agent that refuses to sign, or a key that cannot, is one way less; ssh2 goes on to the next by itself
      if (error.level === 'agent' || (error.level === 'client-authentication' && !exhausted)) {
        return;
      }
      finish(
        stage === 'decision'
          ? hungUpWhileDeciding(options)
          : stage === 'authentication' && error.level !== 'client-socket'
            ? authenticationRefused(options, authentication, exhausted ? undefined : error.message)
            : unreachable(options, error),
      );
    });
    client.on('close', () =>
      finish(
        stage === 'decision'
          ? hungUpWhileDeciding(options)
          : stage === 'authentication'
            ? authenticationRefused(options, authentication, 'The server closed the connection.')
            : unreachable(options, new Error('The server closed the connection.')),
      ),
    );

    let trusted: Buffer | undefined;
    const verifyHostKey = (key: Buffer, verify: (permitted: boolean) => void) => {
      if (trusted) {
        // keys are changed in the middle of a long session; the host must still be the same
        verify(key.equals(trusted));
        return;
      }
      const trust = () => {
        trusted = key;
        verify(true);
      };
      const refuse = (error: unknown) => {
        finish(error);
        verify(false);
      };
      const check = options.knownHosts.check(recordedAs.host, recordedAs.port, key);
      if (check.kind === 'known') {
        trust();
        return;
      }
      const problem = hostKeyRefused(options, check);
      if (check.kind !== 'unknown') {
        refuse(problem);
        return;
      }
      clearTimeout(timer);
      stage = 'decision';
      const { name, host, port } = options;
      const shown = { name, host, port, recordedAs, keyType: keyTypeOf(key), fingerprint: fingerprint(key), key };
      options.decideHostKey(shown).then((yes) => {
        if (stage !== 'decision') {
          return;
        }
        if (yes) {
          stage = 'handshake';
          startTimer(timing.connectMs, noHandshake);
          trust();
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
        authHandler: (methodsLeft) => {
          const method = authentication.next(methodsLeft);
          exhausted = method === false;
          return method;
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

/** A TCP connection, without Nagle's delay: requests are small and wait for their answers. */
function dial(options: ConnectOptions, milliseconds: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const { host, port, signal } = options;
    // Node gives each address of a host 250 ms by default, too little for the other side of the world
    const socket = connectTcp({ host, port, noDelay: true, autoSelectFamilyAttemptTimeout: 2_500 });
    const give = (error: unknown) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => give(noTcp(options, milliseconds / 1000)), milliseconds);
    const onAbort = () => give(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (error) => give(unreachable(options, error)));
    socket.once('close', () => signal?.removeEventListener('abort', onAbort));
    socket.once('connect', () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve(socket);
    });
  });
}

/** The signatures that each type of key can be asked for, best first (RFC 8332 gave RSA keys two more). */
const algorithmsOf: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
};

/** ssh2's default algorithms, those of the recorded keys first: a host with several keys then shows one that is recorded. */
function preferred(keyTypes: readonly string[]) {
  const first = keyTypes.flatMap((type) => algorithmsOf[type] ?? []);
  // ssh2 takes these in their order: what is prepended must not be in the list any more
  return { remove: first, prepend: first, append: [] };
}
