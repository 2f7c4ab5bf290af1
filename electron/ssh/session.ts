import { once, setMaxListeners } from 'node:events';
import { constants } from 'node:os';
import type { Duplex } from 'node:stream';
import pLimit from 'p-limit';
import type { Client, ClientChannel } from 'ssh2';
import { Failure, fail } from '../../shared/problem.ts';
import { keepOutput } from '../system/process-output.ts';
import { boundCommand, boundFilter } from './bound-command.ts';
import { ChannelStream } from './channel-stream.ts';
import { type Connected, type ConnectOptions, connectClient, defaultTiming, type Timing } from './connect.ts';
import { type Tunnel, Tunnels } from './reverse-port-forwards.ts';
import { type SessionCapacity, SessionLimit } from './session-limit.ts';
import { Usage } from './usage.ts';

export interface SessionOptions extends ConnectOptions {
  /** The session that `via` leads through. It is closed with this one, and when this one is lost. */
  readonly through?: Session;
}

export interface CommandOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export interface StreamOptions {
  /** Ends the command with the stream, whatever it does; it must have answered all that it was sent before. */
  readonly bound?: boolean;
  /** It serves what else uses the line, and is no use of the line by itself. */
  readonly service?: boolean;
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
  /** Room for commands, of which a server may allow fewer at once than we want. Streams to sockets need none. */
  readonly room: SessionCapacity;
  /** A stream to a unix socket of the node. Fails with `ssh.forwarding-refused`, or `ssh.channel` where sshd gives no reason. */
  openStreamLocal(path: string): Promise<Duplex>;
  /** A TCP connection that the node makes for us. Fails with `ssh.unreachable`, which says why the node could not. */
  openTcp(host: string, port: number): Promise<Duplex>;
  /** A command of the node as a stream: what is written is its stdin, what is read its stdout. */
  openCommand(command: string, options?: StreamOptions): Promise<Duplex>;
  /**
   * Runs a command in a POSIX shell, whatever the user's login shell is. Keeps at most 1 MiB of stdout and of stderr. The
   * command is ended when it is given up, and when the line breaks.
   */
  run(command: string, options?: CommandOptions): Promise<CommandOutcome>;
  /** Opens a port on the node's 127.0.0.1 that leads back to us; the node chooses one where `port` is taken or 0. */
  listen(port: number, onStream: (stream: Duplex) => void): Promise<Tunnel>;
  /** When the last channel or port was closed, as `performance.now()` says it; undefined while there is one. */
  idleSince(): number | undefined;
  /** Asks the node for a sign of life. Where it gives none in time the line is lost. */
  checkAlive(milliseconds: number): Promise<void>;
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
  /** Aborts when nothing can be opened any more, whatever the reason. */
  readonly #ended = new AbortController();
  readonly #places = pLimit(maxChannels);
  readonly #sessions = new SessionLimit(isRefusedSession);
  readonly #usage = new Usage();
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
    setMaxListeners(0, this.#lost.signal, this.#ended.signal);
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

  get room(): SessionCapacity {
    return this.#sessions;
  }

  idleSince(): number | undefined {
    return this.#usage.idleSince;
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

  openCommand(command: string, { bound = false, service = false }: StreamOptions = {}): Promise<Duplex> {
    return this.#openSession(
      () =>
        this.#openStream(
          (callback) => this.#client.exec(bound ? boundFilter(command) : command, callback),
          (error) => this.#refusedCommand(command, error),
          service,
        ),
      (stream) => stream.released,
    );
  }

  async run(command: string, { signal, timeoutMs }: CommandOptions = {}): Promise<CommandOutcome> {
    signal?.throwIfAborted();
    const running = await this.#openSession(
      () =>
        this.#inPlace(
          () =>
            this.#open(
              (callback) => this.#client.exec(boundCommand(command), callback),
              (channel) => this.#collect(channel, command, signal, timeoutMs),
              (error) => this.#refusedCommand(command, error),
            ),
          ({ released }) => released,
        ),
      ({ released }) => released,
      signal,
    );
    return running.end;
  }

  async listen(port: number, onStream: (stream: Duplex) => void): Promise<Tunnel> {
    const leave = this.#usage.enter();
    try {
      const tunnel = await this.#tunnels.open(port, onStream);
      return {
        port: tunnel.port,
        close: async () => {
          await tunnel.close();
          leave();
        },
      };
    } catch (error) {
      leave();
      throw this.#gone() ?? error;
    }
  }

  checkAlive(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#gone()) {
        resolve();
        return;
      }
      const done = () => {
        clearTimeout(timer);
        this.#line.off('data', done);
        this.lost.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#lose(`It gave no sign of life within ${milliseconds / 1000} s when it was asked for one.`);
        done();
      }, milliseconds);
      this.#line.on('data', done);
      this.lost.addEventListener('abort', done);
      try {
        // Any answer will do, and this question opens no channel: to close a port that was never opened. Answers may wait
        // behind much else that the node sends, so whatever comes counts.
        this.#client.unforwardIn('127.0.0.1', 1, done);
      } catch {
        // the connection is just being closed
        done();
      }
    });
  }

  async close(): Promise<void> {
    if (this.#closed || this.lost.aborted) {
      return;
    }
    this.#closed = true;
    this.#ended.abort();
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
    this.#ended.abort();
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

  /** Opens a channel with a command when the server has room for it. A wait that is no longer wanted ends with the signal. */
  async #openSession<T>(
    open: () => Promise<T>,
    released: (channel: T) => Promise<unknown>,
    signal?: AbortSignal,
  ): Promise<T> {
    const given = AbortSignal.any(signal ? [signal, this.#ended.signal] : [this.#ended.signal]);
    const leave = this.#usage.enter();
    try {
      return await this.#sessions.open(open, released, given);
    } catch (error) {
      throw signal?.aborted ? signal.reason : (this.#gone() ?? error);
    } finally {
      leave();
    }
  }

  /** Opens a channel when fewer than the allowed ones are open, and keeps its place until it is released. */
  #inPlace<T>(
    open: () => Promise<T>,
    released: (channel: T) => Promise<unknown>,
    { service = false }: { readonly service?: boolean } = {},
  ): Promise<T> {
    const leave = this.#usage.enter();
    return new Promise((resolve, reject) => {
      this.#places(async () => {
        const channel = await open();
        resolve(channel);
        if (service) {
          leave();
        }
        await released(channel);
      })
        .catch(reject)
        .finally(leave);
    });
  }

  #openStream(open: Opener, problem: (error: Error) => Failure, service = false): Promise<ChannelStream> {
    return this.#inPlace(
      () => this.#open(open, (channel) => this.#stream(channel, false), problem),
      (stream) => stream.released,
      { service },
    );
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
  ): Running {
    const released = new Promise<void>((resolve) => channel.once('close', () => resolve()));
    const end = new Promise<CommandOutcome>((resolve, reject) => {
      const stdout = keepOutput(channel);
      const stderr = keepOutput(channel.stderr);
      let code: number | undefined;
      const stop = (reason: unknown) => {
        reject(reason);
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
    // it may fail before whoever opened the channel has got to waiting for it
    end.catch(() => undefined);
    return { end, released };
  }
}

/** A command that runs. `released` resolves when its channel is closed, which an end that was not waited for does not. */
interface Running {
  readonly end: Promise<CommandOutcome>;
  readonly released: Promise<void>;
}

type Opener = (callback: (error: Error | undefined, channel: ClientChannel) => void) => unknown;

function saysWhy(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}

/** Did sshd open no session? It gives a reason then (RFC 4254, 5.1); a command that cannot be run has a session, and none. */
function isRefusedSession(error: unknown): boolean {
  const cause = error instanceof Failure ? error.cause : undefined;
  return cause instanceof Error && 'reason' in cause && typeof cause.reason === 'number';
}

/** A command on one short line, for sentences. */
function brief(command: string): string {
  const line = command.trim().replace(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

function signalNumber(name: string | undefined): number | undefined {
  return Object.entries(constants.signals).find(([known]) => known === name)?.[1];
}
