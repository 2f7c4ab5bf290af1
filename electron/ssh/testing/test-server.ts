import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import ssh2, { type AuthenticationType, type Connection, type KeyboardAuthContext, type Prompt } from 'ssh2';

/** A key pair for tests. */
export interface TestKey {
  /** The private half, as the text of a key file. */
  readonly text: string;
  /** The public half, in wire format. */
  readonly wire: Buffer;
  /** The public half, in the format of known_hosts. */
  readonly line: string;
}

/**
 * Generates a key pair, encrypted where there is a passphrase. If the public half of an ed25519 key begins with a zero
 * (one key in 256), ssh2 1.17.0 leaves it out, and nothing can read the key, not even OpenSSH. Such a key is generated
 * again.
 */
export function makeKey(kind: 'ed25519' | 'ecdsa' = 'ed25519', passphrase?: string): TestKey {
  const encryption = passphrase === undefined ? undefined : { passphrase, cipher: 'aes256-ctr', rounds: 1 };
  const pair =
    kind === 'ecdsa'
      ? ssh2.utils.generateKeyPairSync(kind, { bits: 256, ...encryption })
      : ssh2.utils.generateKeyPairSync(kind, encryption);
  if (ssh2.utils.parseKey(pair.private, passphrase) instanceof Error) {
    return makeKey(kind, passphrase);
  }
  const [type = '', encoded = ''] = pair.public.split(' ');
  return { text: pair.private, wire: Buffer.from(encoded, 'base64'), line: `${type} ${encoded}` };
}

export interface TestServerOptions {
  readonly hostKeys: readonly TestKey[];
  /** The keys that may sign in, for any user. */
  readonly userKeys: readonly TestKey[];
  /** The password of any user. Without it, the server does not offer the password method. */
  readonly password?: string;
  /** The prompts of keyboard-interactive and their correct answers, by round. */
  readonly rounds?: readonly PromptRound[];
  /**
   * The methods that are all required, in this order (sshd's AuthenticationMethods). Without it, any one method is
   * enough.
   */
  readonly requiredMethods?: readonly AuthenticationType[];
  readonly streamLocal?: boolean;
  /** `silent`: a connection is neither made nor refused, as when a firewall drops its packets. */
  readonly tcpForwarding?: boolean | 'silent';
  readonly commands?: boolean;
  /** The login shell, which runs commands by its option -c, with its environment. Without it: sh. */
  readonly shell?: {
    readonly path: string;
    readonly args?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  };
  /** The command that is run instead of those that are asked for (sshd's ForceCommand). */
  readonly forcedCommand?: string;
  /** Whether the server says that it signs in users (SSH_MSG_SERVICE_ACCEPT). Yes by default. */
  readonly answersServiceRequest?: boolean;
  /** How many sessions a connection may have at once (sshd's MaxSessions). */
  readonly maxSessions?: number;
}

export interface PromptRound {
  readonly title?: string;
  readonly instructions?: string;
  readonly prompts: Prompt[];
  readonly answers: readonly string[];
}

/**
 * An SSH server in this process that speaks the real protocol. Like sshd, it supports sign-in with keys, passwords and
 * prompts, stream-local forwarding, commands and reverse port forwarding. It records what clients do.
 */
export class TestServer {
  readonly port: number;
  /** The authentication methods that clients have tried, in their order. */
  readonly triedMethods: string[] = [];
  /** The keys that clients have offered or signed with, in their order and in wire format. */
  readonly offeredKeys: Buffer[] = [];
  /** The most channels that were open at once. */
  peakChannels = 0;
  /** How many sessions were refused because of `maxSessions`. */
  refusedSessions = 0;
  readonly #server: NetServer;
  readonly #sockets: Set<Socket>;
  #channels = 0;

  private constructor(server: NetServer, sockets: Set<Socket>, port: number) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = port;
  }

  static async start(options: TestServerOptions): Promise<TestServer> {
    const sockets = new Set<Socket>();
    const ssh = new ssh2.Server({ hostKeys: options.hostKeys.map((key) => key.text) });
    // a listener of its own, so that a test can break connections below the protocol
    const listener = createServer((socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.on('error', () => {});
      ssh.injectSocket(socket);
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const server = new TestServer(listener, sockets, portOf(listener));
    ssh.on('connection', (connection: Connection) => server.#serve(connection, options));
    return server;
  }

  /** Resets all connections, as a broken network does. */
  cut(): void {
    for (const socket of this.#sockets) {
      socket.resetAndDestroy();
    }
  }

  /** Stops reading and answering without closing the connections. */
  freeze(): void {
    for (const socket of this.#sockets) {
      socket.pause();
      socket.removeAllListeners('data');
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(connection: Connection, options: TestServerOptions): void {
    const forwards = new Map<number, NetServer>();
    connection.on('error', () => {});
    connection.on('close', () => {
      for (const forward of forwards.values()) {
        forward.close();
      }
    });
    if (options.answersServiceRequest === false) {
      Reflect.set(Reflect.get(connection, '_protocol'), 'serviceAccept', () => undefined);
    }
    let remaining = [...(options.requiredMethods ?? [])];
    const accepted = (): AuthenticationType[] =>
      options.requiredMethods
        ? remaining.slice(0, 1)
        : [
            'publickey',
            ...(options.rounds ? (['keyboard-interactive'] as const) : []),
            ...(options.password === undefined ? [] : (['password'] as const)),
          ];
    connection.on('authentication', (context) => {
      this.triedMethods.push(context.method);
      const refuse = () => context.reject(accepted());
      const signIn = () => {
        remaining = remaining.slice(1);
        if (remaining.length > 0) {
          context.reject(accepted(), true);
        } else {
          context.accept();
        }
      };
      if (!accepted().some((method) => method === context.method)) {
        refuse();
        return;
      }
      switch (context.method) {
        case 'password':
          (context.password === options.password ? signIn : refuse)();
          return;
        case 'keyboard-interactive':
          prompt(context, options.rounds ?? [], signIn, refuse);
          return;
        case 'publickey':
          break;
        default:
          refuse();
          return;
      }
      const { key, signature, blob } = context;
      this.offeredKeys.push(key.data);
      const userKey = options.userKeys.find((known) => known.wire.equals(key.data));
      const parsed = userKey && ssh2.utils.parseKey(userKey.line);
      if (!parsed || parsed instanceof Error) {
        refuse();
      } else if (!signature) {
        context.accept();
      } else {
        (blob && parsed.verify(blob, signature, context.hashAlgo) ? signIn : refuse)();
      }
    });
    connection.on('openssh.streamlocal', (accept, reject, { socketPath }) => {
      if (options.streamLocal === false) {
        reject();
        return;
      }
      const target = connect({ path: socketPath, allowHalfOpen: true });
      target.once('error', reject);
      target.once('connect', () => {
        target.off('error', reject);
        const channel = accept();
        this.#count(channel);
        pipeline(target, channel, target, () => target.destroy());
      });
    });
    connection.on('tcpip', (accept, reject, { destIP, destPort }) => {
      if (options.tcpForwarding === 'silent') {
        return;
      }
      if (options.tcpForwarding === false) {
        reject();
        return;
      }
      const target = connect({ host: destIP, port: destPort, allowHalfOpen: true });
      target.once('error', reject);
      target.once('connect', () => {
        target.off('error', reject);
        const channel = accept();
        this.#count(channel);
        pipeline(target, channel, target, () => target.destroy());
      });
    });
    let sessions = 0;
    connection.on('session', (accept, reject) => {
      if (sessions === options.maxSessions) {
        this.refusedSessions++;
        reject();
        return;
      }
      sessions++;
      const session = accept();
      session.once('close', () => sessions--);
      session.on('exec', (acceptExec, rejectExec, { command }) => {
        if (options.commands === false) {
          rejectExec();
          return;
        }
        const channel = acceptExec();
        this.#count(channel);
        const { path, args = [], env } = options.shell ?? { path: 'sh' };
        const child = spawn(path, [...args, '-c', options.forcedCommand ?? command], {
          detached: true,
          ...(env ? { env: { ...process.env, ...env } } : {}),
        });
        child.on('error', () => {});
        child.stdin.on('error', () => {});
        channel.pipe(child.stdin);
        child.stdout.pipe(channel, { end: false });
        child.stderr.pipe(channel.stderr, { end: false });
        session.on('signal', (_accept, _reject, { name }) => {
          if (child.pid) {
            process.kill(-child.pid, `SIG${name}`);
          }
        });
        child.on('close', (code, signal) => {
          if (signal) {
            channel.exit(signal.replace('SIG', ''));
          } else {
            channel.exit(code ?? 0);
          }
          channel.end();
          // unread input of the command would delay the end of the channel
          channel.resume();
        });
      });
    });
    connection.on('request', (accept, reject, name, info) => {
      if (options.tcpForwarding === false || !('bindPort' in info)) {
        reject?.();
      } else if (name === 'cancel-tcpip-forward') {
        forwards.get(info.bindPort)?.close();
        forwards.delete(info.bindPort);
        accept?.();
      } else {
        const forward = createServer({ allowHalfOpen: true }, (socket) => {
          const from = socket.remotePort ?? 0;
          connection.forwardOut(info.bindAddr, portOf(forward), '127.0.0.1', from, (error, channel) => {
            if (error) {
              socket.destroy();
              return;
            }
            pipeline(socket, channel, socket, () => socket.destroy());
          });
        });
        forward.once('error', () => reject?.());
        forward.listen(info.bindPort, info.bindAddr, () => {
          forwards.set(portOf(forward), forward);
          accept?.(portOf(forward));
        });
      }
    });
  }

  #count(channel: NodeJS.EventEmitter): void {
    this.#channels++;
    this.peakChannels = Math.max(this.peakChannels, this.#channels);
    channel.once('close', () => this.#channels--);
  }
}

function prompt(
  context: KeyboardAuthContext,
  [round, ...rest]: readonly PromptRound[],
  signIn: () => void,
  refuse: () => void,
): void {
  if (!round) {
    signIn();
    return;
  }
  context.prompt(round.prompts, round.title ?? '', round.instructions ?? '', (answers) => {
    if (round.answers.every((answer, index) => answer === answers[index])) {
      prompt(context, rest, signIn, refuse);
    } else {
      refuse();
    }
  });
}

export function portOf(server: NetServer): number {
  const address: AddressInfo | string | null = server.address();
  if (typeof address !== 'object' || address === null) {
    throw new Error('The server does not listen on a port.');
  }
  return address.port;
}
