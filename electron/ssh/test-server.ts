import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import ssh2, { type Connection } from 'ssh2';

/** A key pair for tests: the private half as a file's text, the public half in wire format and as known_hosts writes it. */
export interface TestKey {
  readonly text: string;
  readonly wire: Buffer;
  readonly line: string;
}

export function makeKey(kind: 'ed25519' | 'ecdsa' = 'ed25519'): TestKey {
  const pair =
    kind === 'ecdsa' ? ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }) : ssh2.utils.generateKeyPairSync(kind);
  const [type = '', encoded = ''] = pair.public.split(' ');
  return { text: pair.private, wire: Buffer.from(encoded, 'base64'), line: `${type} ${encoded}` };
}

export interface TestServerOptions {
  readonly hostKeys: readonly TestKey[];
  /** The keys that may sign in, as any user. */
  readonly users: readonly TestKey[];
  readonly streamLocal?: boolean;
  readonly tcpForwarding?: boolean;
  readonly commands?: boolean;
}

/**
 * An SSH server in this process that speaks the real protocol and does what sshd does: sign in with keys, stream-local
 * forwarding, commands, ports forwarded back. It counts what it sees.
 */
export class TestServer {
  readonly port: number;
  /** Keys that were offered, in their order, by fingerprintable wire format. */
  readonly offered: Buffer[] = [];
  /** The most channels that were open at once. */
  peakChannels = 0;
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
    connection.on('authentication', (context) => {
      if (context.method !== 'publickey') {
        context.reject(['publickey']);
        return;
      }
      const { key, signature, blob } = context;
      if (!signature) {
        this.offered.push(key.data);
      }
      const user = options.users.find((known) => known.wire.equals(key.data));
      const parsed = user && ssh2.utils.parseKey(user.line);
      if (!parsed || parsed instanceof Error) {
        context.reject(['publickey']);
      } else if (signature && blob && !parsed.verify(blob, signature, context.hashAlgo)) {
        context.reject();
      } else {
        context.accept();
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
    connection.on('session', (accept) => {
      const session = accept();
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

export function portOf(server: NetServer): number {
  const address: AddressInfo | string | null = server.address();
  if (typeof address !== 'object' || address === null) {
    throw new Error('The server listens on no port.');
  }
  return address.port;
}
