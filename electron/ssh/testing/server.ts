import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import ssh2, { type AuthenticationType, type Connection, type KeyboardAuthContext, type Prompt } from 'ssh2';

/** A key pair for tests: the private half as a file's text, the public half in wire format and as known_hosts writes it. */
export interface TestKey {
  readonly text: string;
  readonly wire: Buffer;
  readonly line: string;
}

/**
 * A fresh key pair, encrypted where a passphrase is given. ssh2 1.17.0 writes one ed25519 key in 256 without the zero that its
 * public half begins with, which nobody can read (OpenSSH neither): then another is made.
 */
export function makeKey(kind: 'ed25519' | 'ecdsa' = 'ed25519', passphrase?: string): TestKey {
  const lock = passphrase === undefined ? undefined : { passphrase, cipher: 'aes256-ctr', rounds: 1 };
  const pair =
    kind === 'ecdsa'
      ? ssh2.utils.generateKeyPairSync(kind, { bits: 256, ...lock })
      : ssh2.utils.generateKeyPairSync(kind, lock);
  if (ssh2.utils.parseKey(pair.private, passphrase) instanceof Error) {
    return makeKey(kind, passphrase);
  }
  const [type = '', encoded = ''] = pair.public.split(' ');
  return { text: pair.private, wire: Buffer.from(encoded, 'base64'), line: `${type} ${encoded}` };
}

export interface TestServerOptions {
  readonly hostKeys: readonly TestKey[];
  /** The keys that may sign in, as any user. */
  readonly users: readonly TestKey[];
  /** The password that lets in, as any user; without one, passwords are not accepted. */
  readonly password?: string;
  /** What it asks where the client lets it (keyboard-interactive), round by round, and what it wants to hear. */
  readonly rounds?: readonly Round[];
  /** The methods that are all wanted, in this order, as sshd's AuthenticationMethods; without them, any one is enough. */
  readonly inOrder?: readonly AuthenticationType[];
  readonly streamLocal?: boolean;
  readonly tcpForwarding?: boolean;
  readonly commands?: boolean;
  /** How many sessions a connection may have at once, as sshd's MaxSessions. */
  readonly maxSessions?: number;
}

export interface Round {
  readonly title?: string;
  readonly instructions?: string;
  readonly prompts: Prompt[];
  readonly answers: readonly string[];
}

/**
 * An SSH server in this process that speaks the real protocol and does what sshd does: sign in with keys, passwords and answers, stream-local
 * forwarding, commands, ports forwarded back. It counts what it sees.
 */
export class TestServer {
  readonly port: number;
  /** The methods that were tried, in their order. */
  readonly methods: string[] = [];
  /** Keys that were offered, in their order, by fingerprintable wire format. */
  readonly offered: Buffer[] = [];
  /** The most channels that were open at once. */
  peakChannels = 0;
  /** Sessions that were more than it allows. */
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
    // a listener of our own in front, so that a test can cut the line under the protocol
    const front = createServer((socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.on('error', () => {});
      ssh.injectSocket(socket);
    });
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
    const server = new TestServer(front, sockets, portOf(front));
    ssh.on('connection', (connection: Connection) => server.#serve(connection, options));
    return server;
  }

  /** Cuts every connection without a word, as a dead network does. */
  cut(): void {
    for (const socket of this.#sockets) {
      socket.resetAndDestroy();
    }
  }

  /** Stops reading and answering, and leaves the connections open. */
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
    let wanted = [...(options.inOrder ?? [])];
    const accepted = (): AuthenticationType[] =>
      options.inOrder
        ? wanted.slice(0, 1)
        : [
            'publickey',
            ...(options.rounds ? (['keyboard-interactive'] as const) : []),
            ...(options.password === undefined ? [] : (['password'] as const)),
          ];
    connection.on('authentication', (context) => {
      this.methods.push(context.method);
      const refuse = () => context.reject(accepted());
      const letIn = () => {
        wanted = wanted.slice(1);
        if (wanted.length > 0) {
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
          (context.password === options.password ? letIn : refuse)();
          return;
        case 'keyboard-interactive':
          ask(context, options.rounds ?? [], letIn, refuse);
          return;
        case 'publickey':
          break;
        default:
          refuse();
          return;
      }
      const { key, signature, blob } = context;
      if (!signature) {
        this.offered.push(key.data);
      }
      const user = options.users.find((known) => known.wire.equals(key.data));
      const parsed = user && ssh2.utils.parseKey(user.line);
      if (!parsed || parsed instanceof Error) {
        refuse();
      } else if (!signature) {
        context.accept();
      } else {
        (blob && parsed.verify(blob, signature, context.hashAlgo) ? letIn : refuse)();
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
        const child = spawn('sh', ['-c', command], { detached: true });
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
          // what the command has not read would hold back the end of the channel
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

function ask(
  context: KeyboardAuthContext,
  [round, ...rest]: readonly Round[],
  letIn: () => void,
  refuse: () => void,
): void {
  if (!round) {
    letIn();
    return;
  }
  context.prompt(round.prompts, round.title ?? '', round.instructions ?? '', (answers) => {
    if (round.answers.every((answer, index) => answer === answers[index])) {
      ask(context, rest, letIn, refuse);
    } else {
      refuse();
    }
  });
}

export function portOf(server: NetServer): number {
  const address: AddressInfo | string | null = server.address();
  if (typeof address !== 'object' || address === null) {
    throw new Error('The server listens on no port.');
  }
  return address.port;
}
