import type { Duplex } from 'node:stream';
import type { Client, NextAuthHandler, ServerHostKeyAlgorithm } from 'ssh2';
import type { AuthenticationOptions } from './authentication/authentication.ts';
import type { MethodSequence } from './authentication/method-sequence.ts';
import type { SecretRequest } from './authentication/secret-request.ts';
import { adaptSignIn, type Refusal } from './authentication/sign-in-requests.ts';
import { EmptyAgent } from './authentication/single-key-agent.ts';
import type { ConnectOptions, ConnectTiming, UnknownHostKey } from './connect-options.ts';
import {
  authenticationRefused,
  authenticationTimeout,
  authorityNotes,
  closedDuringHostKeyDecision,
  closedDuringPrompt,
  handshakeTimeout,
  hostKeyRefused,
  passwordExpired,
  unreachable,
} from './connect-problems.ts';
import { joinWrites } from './join-writes.ts';
import { hostKeyRecord, type Peer } from './peer.ts';
import { fingerprint, keyTypeOf } from './public-key.ts';

/** Runs the handshake, the check of the host key and the sign-in on an open stream. Each has its own time limit. */
export class ConnectAttempt {
  readonly #options: ConnectOptions;
  readonly #timing: ConnectTiming;
  /** Aborts at the end of the attempt, which withdraws open questions. */
  readonly #over = new AbortController();
  #stage: 'handshake' | 'host-key-decision' | 'authentication' | 'over' = 'handshake';
  /** The secret that a person is being asked for. */
  #openRequest: SecretRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #acceptedKey: Buffer | undefined;
  /** Gives ssh2 the next method. */
  #next: NextAuthHandler | undefined;
  #finish: (error?: unknown) => void = () => undefined;

  constructor(options: ConnectOptions, timing: ConnectTiming) {
    this.#options = options;
    this.#timing = timing;
  }

  /** Aborts when the attempt ends or is cancelled. */
  get signal(): AbortSignal {
    const { signal } = this.#options;
    return signal ? AbortSignal.any([signal, this.#over.signal]) : this.#over.signal;
  }

  /** Asks for a secret as the options do, and stops the time limit of the sign-in meanwhile. */
  get askSecret(): AuthenticationOptions['askSecret'] {
    const { askSecret } = this.#options;
    return (
      askSecret &&
      (async (request) => {
        clearTimeout(this.#timer);
        this.#openRequest = request;
        try {
          return await askSecret(request, this.#over.signal);
        } finally {
          this.#openRequest = undefined;
          if (this.#stage === 'authentication') {
            this.#startTimer(this.#timing.authenticateMs, authenticationTimeout);
          }
        }
      })
    );
  }

  /** Resolves when the client is signed in. Otherwise destroys the stream and rejects. Works only once. */
  run(client: Client, stream: Duplex, authentication: MethodSequence): Promise<void> {
    const options = this.#options;
    return new Promise<void>((resolve, reject) => {
      const onAbort = () => this.#finish(options.signal?.reason);
      this.#finish = (error) => {
        if (this.#stage === 'over') {
          return;
        }
        this.#stage = 'over';
        clearTimeout(this.#timer);
        options.signal?.removeEventListener('abort', onAbort);
        this.#over.abort();
        void authentication.finish(error === undefined);
        if (error === undefined) {
          // ssh2 keeps the last method, perhaps with a password, until the connection ends or another method replaces
          // it
          this.#next?.({ type: 'agent', username: options.user, agent: new EmptyAgent() });
          resolve();
        } else {
          reject(error);
          stream.destroy();
        }
      };
      options.signal?.addEventListener('abort', onAbort);
      authentication.cancelled.addEventListener('abort', () => this.#finish(authentication.cancelled.reason));
      this.#startTimer(this.#timing.connectMs, handshakeTimeout);
      this.#listen(client, authentication);
      try {
        this.#connect(client, stream, authentication);
      } catch (error) {
        this.#finish(error);
      }
    });
  }

  #startTimer(timeoutMs: number, toError: (peer: Peer, timeoutMs: number) => Error): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#finish(toError(this.#options, timeoutMs)), timeoutMs);
  }

  #listen(client: Client, authentication: MethodSequence): void {
    const options = this.#options;
    const closedDuringSignIn = (detail: string) =>
      this.#openRequest
        ? closedDuringPrompt(options, this.#openRequest, detail)
        : authenticationRefused(options, authentication, detail);
    client.on('handshake', () => {
      // ssh2 emits this again after each key exchange, also during a prompt and long after the sign-in
      if (this.#stage === 'handshake') {
        this.#stage = 'authentication';
        this.#startTimer(this.#timing.authenticateMs, authenticationTimeout);
      }
    });
    client.on('ready', () => {
      options.onProgress?.({ kind: 'signed-in', by: authentication.tried().at(-1) ?? 'no authentication' });
      this.#finish();
    });
    client.on('error', (error) => {
      // ssh2 goes on to the next method by itself when an agent refuses to sign or a key cannot sign
      if (error.level === 'agent' || error.level === 'client-authentication') {
        return;
      }
      this.#finish(
        this.#stage === 'host-key-decision'
          ? closedDuringHostKeyDecision(options)
          : this.#openRequest || (this.#stage === 'authentication' && error.level !== 'client-socket')
            ? closedDuringSignIn(error.message)
            : unreachable(options, error),
      );
    });
    client.on('close', () => {
      const detail = 'The server closed the connection.';
      this.#finish(
        this.#stage === 'host-key-decision'
          ? closedDuringHostKeyDecision(options)
          : this.#stage === 'authentication'
            ? closedDuringSignIn(detail)
            : unreachable(options, new Error(detail)),
      );
    });
    client.on('change password', (prompt) => this.#finish(passwordExpired(options, prompt)));
  }

  #connect(client: Client, stream: Duplex, authentication: MethodSequence): void {
    const { host, port } = hostKeyRecord(this.#options);
    let takeRefusal = (): Refusal | undefined => undefined;
    client.connect({
      sock: joinWrites(stream),
      username: this.#options.user,
      algorithms: { serverHostKey: preferKeyTypes(this.#options.knownHosts.keyTypes(host, port)) },
      hostVerifier: (key: Buffer, verify: (isAccepted: boolean) => void) => this.#verifyHostKey(key, verify),
      authHandler: (_methodsLeft, _partial, next) => {
        this.#next = next;
        const { methodsLeft, partial } = takeRefusal() ?? { methodsLeft: null, partial: false };
        const offered = authentication.next(methodsLeft, partial).then((method) => {
          if (this.#stage !== 'authentication') {
            return;
          }
          if (method === false) {
            this.#finish(authenticationRefused(this.#options, authentication));
          } else {
            next(method);
          }
        });
        offered.catch(this.#finish);
      },
      // ssh2 has one timeout for everything, which would also run while a person decides
      readyTimeout: 0,
      // ssh2 only sends the keep-alive requests. Its own check would call the connection lost while replies wait behind
      // a slow upload.
      keepaliveInterval: this.#timing.keepAliveIntervalMs,
      keepaliveCountMax: Number.POSITIVE_INFINITY,
      // servers other than OpenSSH know OpenSSH's extensions too, and report those that they do not know
      strictVendor: false,
    });
    takeRefusal = adaptSignIn(client);
  }

  #verifyHostKey(key: Buffer, verify: (isAccepted: boolean) => void): void {
    if (this.#acceptedKey) {
      // a long session exchanges keys again; the host must still be the same
      verify(key.equals(this.#acceptedKey));
      return;
    }
    const options = this.#options;
    const recordedAs = hostKeyRecord(options);
    const shown = { keyType: keyTypeOf(key), fingerprint: fingerprint(key) };
    const accept = (how: 'known' | 'accepted') => {
      this.#acceptedKey = key;
      options.onProgress?.({ kind: 'host-key', ...shown, how });
      verify(true);
    };
    const refuse = (error: unknown) => {
      this.#finish(error);
      verify(false);
    };
    const check = options.knownHosts.check(recordedAs.host, recordedAs.port, key);
    if (check.kind === 'known') {
      accept('known');
      return;
    }
    const problem = hostKeyRefused(options, check);
    if (check.kind !== 'unknown') {
      refuse(problem);
      return;
    }
    clearTimeout(this.#timer);
    this.#stage = 'host-key-decision';
    const { name, host, port, hashKnownHosts: hashName = false } = options;
    const unknownKey: UnknownHostKey = {
      name,
      host,
      port,
      recordedAs,
      ...shown,
      key,
      notes: authorityNotes(check),
      hashName,
    };
    options.decideHostKey(unknownKey, this.#over.signal).then((isTrusted) => {
      if (this.#stage !== 'host-key-decision') {
        return;
      }
      if (isTrusted) {
        this.#stage = 'handshake';
        this.#startTimer(this.#timing.connectMs, handshakeTimeout);
        accept('accepted');
      } else {
        refuse(problem);
      }
    }, refuse);
  }
}

/** The signature algorithms of each key type, best first. RFC 8332 added two for RSA keys. */
const algorithmsOf: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
};

/**
 * ssh2's default algorithms with those of the recorded keys first, so that a host with several keys shows a recorded
 * one.
 */
function preferKeyTypes(keyTypes: readonly string[]) {
  const first = keyTypes.flatMap((type) => algorithmsOf[type] ?? []);
  // ssh2 applies these in the order of the properties: an algorithm has to be removed before it can be prepended
  return { remove: first, prepend: first, append: [] };
}
