import { once, setMaxListeners } from 'node:events';
import { constants } from 'node:os';
import type { Duplex } from 'node:stream';
import pLimit from 'p-limit';
import type { Client, ClientChannel } from 'ssh2';
import { Failure, fail } from '../../shared/problem.ts';
import { ChannelStream } from './channel-stream.ts';
import { keepOutput } from './command-output.ts';
import { type Connected, type ConnectOptions, connectClient, defaultTiming, type Timing } from './connect.ts';
import { type Tunnel, Tunnels } from './tunnel.ts';

export interface SessionOptions extends ConnectOptions {
  /** The session that `via` leads through. It is closed with this one, and when this one is lost. */
  readonly through?: Session;
}

export interface CommandOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** How a command ended. `code` is 128 + the signal's number where a signal killed it, as shells say it. */
export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One SSH connection to a node. All that we want of the node goes through it, on channels. */
export interface Session {
  readonly name: string;
  /** Aborts, with a `Failure` `ssh.lost` as its reason, when the line breaks or falls silent; not when we close. */
  readonly lost: AbortSignal;
  /** A stream to a unix socket of the node. Fails with `ssh.forwarding-refused`, or `ssh.channel` where sshd gives no reason. */
  openStreamLocal(path: string): Promise<Duplex>;
  /** A TCP connection that the node makes for us. Fails with `ssh.unreachable`, which says why the node could not. */
  openTcp(host: string, port: number): Promise<Duplex>;
  /** A command of the node as a stream: what is written is its stdin, what is read its stdout. */
  openCommand(command: string): Promise<Duplex>;
  /** Runs a command in a POSIX shell, whatever the user's login shell is. Keeps at most 1 MiB of stdout and of stderr. */
  run(command: string, options?: CommandOptions): Promise<CommandOutcome>;
  /** Opens a port on the node's 127.0.0.1 that leads back to us; the node chooses one where `port` is taken or 0. */
  listen(port: number, onStream: (stream: Duplex) => void): Promise<Tunnel>;
  close(): Promise<void>;
}

/**
 * sshd allows 10 sessions per connection by default (MaxSessions) and some people share theirs with us. What is beyond our
 * part waits until a channel closes.
 */
const maxChannels = 8;

/** How long a node may take to say goodbye. */
const closeMs = 1_000;

/** Connects as {@link connectClient} does, with its failures. */
export async function openSession(options: SessionOptions): Promise<Session> {
  return new SshSession(
    options.name,
    await connectClient(options),
    { ...defaultTiming, ...options.timing },
    options.through,
  );
}

class SshSession implements Session {
  readonly name: string;
  readonly #client: Client;
  readonly #line: Duplex;
  readonly #lost = new AbortController();
  readonly #places = pLimit(maxChannels);
  readonly #streams = new Set<ChannelStream>();
  readonly #tunnels: Tunnels;
  readonly #pulse: NodeJS.Timeout;
  readonly #through: Session | undefined;
  #closed = false;

  constructor(name: string, { client, line }: Connected, timing: Timing, through?: Session) {
    this.name = name;
    this.#through = through;
    this.#client = client;
    this.#line = line;
    this.#tunnels = new Tunnels(name, client, (channel) => this.#stream(channel, true));
    // every request under way listens to it
    setMaxListeners(0, this.#lost.signal);
    through?.lost.addEventListener('abort', () => this.#lose(saysWhy(through.lost.reason)), { once: true });
    client.on('error', (error) => this.#lose(error.message));
    client.on('close', () => this.#lose('The connection was closed by the other side.'));

    let silence = 0;
    line.on('data', () => {
      silence = 0;
    });
    this.#pulse = setInterval(() => {
      if (++silence > timing.keepAliveMisses) {
        this.#lose(`Nothing was heard of it for ${(timing.keepAliveMs * silence) / 1000} s.`);
      }
    }, timing.keepAliveMs).unref();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  openStreamLocal(path: string): Promise<Duplex> {
    return this.#openStream(
      (callback) => this.#client.openssh_forwardOutStreamLocal(path, callback),
      (error) => {
        // RFC 4254, 5.1: 1 is "administratively prohibited", 3 "unknown channel type"
        const refused = 'reason' in error && (error.reason === 1 || error.reason === 3);
        return fail(
          refused ? 'ssh.forwarding-refused' : 'ssh.channel',
          `Node ${this.name} did not connect us to its socket ${path}.`,
          'Check that the socket is there and yours to use, and that `AllowStreamLocalForwarding` is not `no` in its sshd_config.',
          error.message,
          error,
        );
      },
    );
  }

  openTcp(host: string, port: number): Promise<Duplex> {
    return this.#openStream(
      (callback) => this.#client.forwardOut('127.0.0.1', 0, host, port, callback),
      (error) =>
        fail(
          'ssh.unreachable',
          `Node ${this.name} did not connect us to ${host.includes(':') ? `[${host}]` : host}:${port}.`,
          'Check that an SSH server listens there, and that `AllowTcpForwarding` is not `no` in the sshd_config on the way.',
          error.message,
          error,
        ),
    );
  }

  openCommand(command: string): Promise<Duplex> {
    return this.#openStream(
      (callback) => this.#client.exec(command, callback),
      (error) => this.#refusedCommand(command, error),
    );
  }

  run(command: string, { signal, timeoutMs }: CommandOptions = {}): Promise<CommandOutcome> {
    return this.#inPlace(async (done) => {
      signal?.throwIfAborted();
      const outcome = await this.#open(
        // its stdin is empty by the redirection: ssh2 sends no signals any more on a channel that has ended
        (callback) => this.#client.exec(`sh -c ${quote(command)} </dev/null`, callback),
        (channel) => this.#collect(channel, command, signal, timeoutMs),
        (error) => this.#refusedCommand(command, error),
      );
      done(await outcome.end);
    });
  }

  async listen(port: number, onStream: (stream: Duplex) => void): Promise<Tunnel> {
    try {
      return await this.#tunnels.open(port, onStream);
    } catch (error) {
      throw this.#gone() ?? error;
    }
  }

  async close(): Promise<void> {
    if (this.#closed || this.lost.aborted) {
      return;
    }
    this.#closed = true;
    clearInterval(this.#pulse);
    for (const stream of this.#streams) {
      stream.destroy();
    }
    const closed = once(this.#line, 'close', { signal: AbortSignal.timeout(closeMs) });
    this.#client.end();
    await closed.catch(() => this.#line.destroy());
    await this.#through?.close();
  }

  #lose(detail: string): void {
    if (this.#closed || this.lost.aborted) {
      return;
    }
    clearInterval(this.#pulse);
    const failure = fail(
      'ssh.lost',
      `Node ${this.name}: the SSH connection was lost.`,
      'Check that the node is up and that the network holds, then try again.',
      detail,
    );
    this.#lost.abort(failure);
    // ssh2 ends their streams as if all had arrived; with an error nobody takes a part for the whole
    for (const stream of this.#streams) {
      stream.destroy(failure);
    }
    this.#line.destroy();
    void this.#through?.close();
  }

  /** Why nothing can be opened any more, if so. */
  #gone(): Failure | undefined {
    if (this.lost.reason instanceof Failure) {
      return this.lost.reason;
    }
    return this.#closed
      ? fail('ssh.lost', `Node ${this.name}: the SSH connection is closed already.`, 'Connect again.')
      : undefined;
  }

  #refusedCommand(command: string, error: Error): Failure {
    return fail(
      'ssh.channel',
      `Node ${this.name} did not run \`${brief(command)}\`.`,
      "Check that its sshd allows commands for this user, and that the user's login shell exists.",
      error.message,
      error,
    );
  }

  /** Runs a task when fewer than the allowed channels are open. It gives its answer early and ends when its channel is closed. */
  #inPlace<T>(task: (done: (answer: T) => void) => Promise<void>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#places(() => task(resolve)).catch(reject);
    });
  }

  #openStream(open: Opener, problem: (error: Error) => Failure): Promise<Duplex> {
    return this.#inPlace(async (done) => {
      const stream = await this.#open(open, (channel) => this.#stream(channel, false), problem);
      done(stream);
      await stream.released;
    });
  }

  /** `use` listens to the channel at once: a short command's output and end may be in the same packet as its start. */
  #open<T>(open: Opener, use: (channel: ClientChannel) => T, problem: (error: Error) => Failure): Promise<T> {
    return new Promise((resolve, reject) => {
      const refuse = (error: Error) => reject(this.#gone() ?? problem(error));
      try {
        open((error, channel) => (error ? refuse(error) : resolve(use(channel))));
      } catch (error) {
        refuse(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  #stream(channel: ClientChannel, allowHalfOpen: boolean): ChannelStream {
    const stream = new ChannelStream(channel, { allowHalfOpen });
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
    return stream;
  }

  #collect(
    channel: ClientChannel,
    command: string,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
  ): { readonly end: Promise<CommandOutcome> } {
    const end = new Promise<CommandOutcome>((resolve, reject) => {
      const stdout = keepOutput(channel);
      const stderr = keepOutput(channel.stderr);
      let code: number | undefined;
      const stop = (reason: unknown) => {
        reject(reason);
        // closing alone leaves the command running until it writes; for root, sshd passes no signal on (no privilege separation)
        channel.signal('TERM');
        channel.close();
      };
      const onAbort = () => stop(signal?.reason);
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => {
              const said = `Node ${this.name} was not done with \`${brief(command)}\` after ${timeoutMs / 1000} s.`;
              stop(fail('ssh.timeout', said, 'The machine may be overloaded: try again later.'));
            }, timeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      channel.on('exit', (status: number | null, killedBy?: string) => {
        code = status ?? 128 + (signalNumber(killedBy) ?? 0);
      });
      channel.on('close', () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        const gone = this.#gone();
        if (gone) {
          reject(gone);
        } else if (code === undefined) {
          reject(this.#refusedCommand(command, new Error('The channel was closed without an exit status.')));
        } else {
          resolve({ code, stdout: stdout(), stderr: stderr() });
        }
      });
      if (signal?.aborted) {
        onAbort();
      }
    });
    // wrapped, so that whoever opens the channel does not wait for the end too
    return { end };
  }
}

type Opener = (callback: (error: Error | undefined, channel: ClientChannel) => void) => unknown;

function saysWhy(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A command on one short line, for sentences. */
function brief(command: string): string {
  const line = command.trim().replace(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

function signalNumber(name: string | undefined): number | undefined {
  return Object.entries(constants.signals).find(([known]) => known === name)?.[1];
}
