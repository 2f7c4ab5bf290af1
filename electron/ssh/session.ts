/**
 * SSH: connects to a host, verifies its key, signs in, and opens channels to its sockets, commands and ports. What
 * OpenSSH's files say (known_hosts, ssh_config, key files) is read as OpenSSH reads it.
 */
import { once, setMaxListeners } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { Failure } from '../../shared/problem.ts';
import { boundCommand, boundFilter, unboundCommand } from './bound-command.ts';
import { ChannelSlots } from './channel-slots.ts';
import { ChannelStream, type ChannelStreamOptions } from './channel-stream.ts';
import { type ConnectedClient, connectClient } from './connect.ts';
import { type ConnectOptions, type ConnectTiming, defaultTiming } from './connect-options.ts';
import { KeepAlive } from './keep-alive.ts';
import { newMarker, OutputStart } from './output-start.ts';
import { RoundTrip } from './receive-window.ts';
import { type ReversePortForward, ReversePortForwards } from './reverse-port-forwards.ts';
import {
  type CommandOptions,
  type CommandOutcome,
  collectOutcome,
  type RunningCommand,
  shellTimeoutMs,
} from './run-command.ts';
import { type SessionCapacity, SessionLimit } from './session-limit.ts';
import {
  commandRefused,
  commandTimeout,
  sessionClosed,
  sessionLost,
  shellRefused,
  shellTimeout,
  socketRefused,
  tcpRefused,
} from './session-problems.ts';

export interface SessionOptions extends ConnectOptions {
  /** The session that `stream` comes from. It is closed with this session, also when this one is lost. */
  readonly jumpSession?: Session;
}

export interface StreamOptions {
  /** The command is killed when the stream ends, so it must have answered all its input by then. */
  readonly isBound?: boolean;
  /** The stream does not count as a use of the session. */
  readonly isBackground?: boolean;
}

/** One authenticated SSH connection to a node. Everything else goes through it, on channels. */
export interface Session {
  readonly name: string;
  /** Aborts with a `Failure` `ssh.lost` when the connection breaks or falls silent, but not when we close it. */
  readonly lost: AbortSignal;
  /** How many commands the server allows at once. Streams to sockets do not count. */
  readonly capacity: SessionCapacity;
  /**
   * A stream to a unix socket of the node.
   * @throws Failure `ssh.forwarding-refused`, or `ssh.channel` where sshd gives no reason
   */
  openStreamLocal(path: string): Promise<Duplex>;
  /** A TCP connection that the node makes for us. @throws Failure `ssh.unreachable` that holds the node's reason */
  openTcp(host: string, port: number): Promise<Duplex>;
  /** Starts a command on the node. The stream writes to its stdin and reads its stdout. */
  openCommand(command: string, options?: StreamOptions): Promise<Duplex>;
  /**
   * Runs a command in a POSIX shell, whatever the user's login shell is. Keeps at most 1 MiB of stdout and 1 MiB of
   * stderr. The command ends when the signal aborts, when the time is over and when the connection breaks.
   */
  run(command: string, options?: CommandOptions): Promise<CommandOutcome>;
  /**
   * Opens a port on the node's 127.0.0.1 that leads back to us. The node chooses the port where `port` is in use or 0.
   */
  forwardPort(port: number, onStream: (stream: Duplex) => void): Promise<ReversePortForward>;
  /** The least time that a channel took to open. Undefined before the first. */
  roundTripMs(): number | undefined;
  /** When the last channel or port was closed, as a time of `performance.now()`. Undefined while there is one. */
  idleSince(): number | undefined;
  /** Sends the node a request. The session is lost if nothing arrives from the node within the timeout. */
  checkAlive(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/** How long a node may take to close the connection. */
const closeTimeoutMs = 1_000;

/** Connects and signs in. @throws Failure as {@link connectClient} does */
export async function openSession(options: SessionOptions): Promise<Session> {
  return new SshSession(
    options.name,
    await connectClient(options),
    { ...defaultTiming, ...options.timing },
    options.jumpSession,
  );
}

class SshSession implements Session {
  readonly name: string;
  readonly #client: Client;
  readonly #connection: Duplex;
  readonly #lost = new AbortController();
  /** Aborts when the session is lost and when it is closed. */
  readonly #over = new AbortController();
  readonly #slots = new ChannelSlots();
  readonly #sessions = new SessionLimit(isRefusedSession);
  readonly #streams = new Set<ChannelStream>();
  readonly #roundTrip = new RoundTrip();
  readonly #portForwards: ReversePortForwards;
  readonly #keepAlive: KeepAlive;
  readonly #jumpSession: Session | undefined;
  #isClosed = false;

  constructor(name: string, { client, stream }: ConnectedClient, timing: ConnectTiming, jumpSession?: Session) {
    this.name = name;
    this.#jumpSession = jumpSession;
    this.#client = client;
    this.#connection = stream;
    this.#portForwards = new ReversePortForwards(name, client, (channel) =>
      this.#openStream(channel, { allowHalfOpen: true }),
    );
    // every request in progress listens to these signals
    setMaxListeners(0, this.#lost.signal, this.#over.signal);
    jumpSession?.lost.addEventListener('abort', () => this.#lose(messageOf(jumpSession.lost.reason)), { once: true });
    client.on('error', (error) => this.#lose(error.message));
    client.on('close', () => this.#lose('The node closed the connection.'));
    this.#keepAlive = new KeepAlive(client, stream, timing, (detail) => this.#lose(detail));
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get capacity(): SessionCapacity {
    return this.#sessions;
  }

  roundTripMs(): number | undefined {
    return this.#roundTrip.leastMs;
  }

  idleSince(): number | undefined {
    return this.#slots.idleSince;
  }

  openStreamLocal(path: string): Promise<Duplex> {
    return this.#openStreamInSlot(
      (callback) => this.#client.openssh_forwardOutStreamLocal(path, callback),
      (error) => socketRefused(this.name, path, error),
    );
  }

  openTcp(host: string, port: number): Promise<Duplex> {
    return this.#openStreamInSlot(
      (callback) => this.#client.forwardOut('127.0.0.1', 0, host, port, callback),
      (error) => tcpRefused(this.name, host, port, error),
    );
  }

  async openCommand(command: string, options: StreamOptions = {}): Promise<Duplex> {
    const { isBound = false, isBackground = false } = options;
    const marker = newMarker();
    const start = new OutputStart(marker, { acceptsHttp: isBound });
    const stream = await this.#openWithinLimit(
      () =>
        this.#openStreamInSlot(
          (callback) => this.#client.exec((isBound ? boundFilter : unboundCommand)(command, marker), callback),
          (error) => commandRefused(this.name, command, error),
          isBackground,
          { start, notStarted: (said) => shellRefused(this.name, said) },
        ),
      (opened) => opened.released,
    );
    // a forced command may print nothing before it is asked
    if (!isBound) {
      await this.#waitForStart(stream, start);
    }
    return stream;
  }

  async #waitForStart(stream: ChannelStream, start: OutputStart): Promise<void> {
    const timer = setTimeout(() => stream.destroy(shellTimeout(this.name, start.said, shellTimeoutMs)), shellTimeoutMs);
    try {
      await stream.started;
    } finally {
      clearTimeout(timer);
    }
  }

  async run(command: string, options: CommandOptions = {}): Promise<CommandOutcome> {
    options.signal?.throwIfAborted();
    const marker = newMarker();
    const running = await this.#openWithinLimit(
      () =>
        this.#slots.hold(
          () =>
            this.#openChannel(
              (callback) => this.#client.exec(boundCommand(command, marker), callback),
              (channel) => this.#collect(channel, marker, command, options),
              (error) => commandRefused(this.name, command, error),
            ),
          ({ released }) => released,
          { isObservation: options.isObservation ?? false },
        ),
      ({ released }) => released,
      options,
    );
    return running.outcome;
  }

  async forwardPort(port: number, onStream: (stream: Duplex) => void): Promise<ReversePortForward> {
    const endUse = this.#slots.use();
    try {
      const forward = await this.#portForwards.open(port, onStream);
      return {
        port: forward.port,
        close: async () => {
          await forward.close();
          endUse();
        },
      };
    } catch (error) {
      endUse();
      throw this.#overReason() ?? error;
    }
  }

  async checkAlive(timeoutMs: number): Promise<void> {
    if (!this.#overReason()) {
      await this.#keepAlive.check(timeoutMs, this.lost);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed || this.lost.aborted) {
      return;
    }
    this.#isClosed = true;
    this.#over.abort();
    this.#keepAlive.stop();
    for (const stream of this.#streams) {
      stream.destroy();
    }
    const closed = once(this.#connection, 'close', { signal: AbortSignal.timeout(closeTimeoutMs) });
    this.#client.end();
    await closed.catch(() => this.#connection.destroy());
    await this.#jumpSession?.close();
  }

  #lose(detail: string): void {
    if (this.#isClosed || this.lost.aborted) {
      return;
    }
    this.#keepAlive.stop();
    const failure = sessionLost(this.name, detail);
    this.#lost.abort(failure);
    this.#over.abort();
    // ssh2 ends the streams as if they were complete; the error shows their readers that they are not
    for (const stream of this.#streams) {
      stream.destroy(failure);
    }
    this.#connection.destroy();
    void this.#jumpSession?.close();
  }

  /** Why no channel can be opened any more; undefined while the session is open. */
  #overReason(): Failure | undefined {
    if (this.lost.reason instanceof Failure) {
      return this.lost.reason;
    }
    return this.#isClosed ? sessionClosed(this.name) : undefined;
  }

  /** Opens a channel for a command as soon as the server allows one more. The signal ends the wait. */
  async #openWithinLimit<T>(
    open: () => Promise<T>,
    released: (channel: T) => Promise<unknown>,
    { signal, isObservation = false }: Pick<CommandOptions, 'signal' | 'isObservation'> = {},
  ): Promise<T> {
    const stopWaiting = AbortSignal.any(signal ? [signal, this.#over.signal] : [this.#over.signal]);
    const endUse = isObservation ? () => undefined : this.#slots.use();
    try {
      return await this.#sessions.open(open, released, stopWaiting);
    } catch (error) {
      throw signal?.aborted ? signal.reason : (this.#overReason() ?? error);
    } finally {
      endUse();
    }
  }

  #openStreamInSlot(
    open: ChannelOpener,
    toFailure: (error: Error) => Failure,
    isBackground = false,
    command?: ChannelStreamOptions['command'],
  ): Promise<ChannelStream> {
    return this.#slots.hold(
      () =>
        this.#openChannel(
          open,
          (channel) => this.#openStream(channel, { allowHalfOpen: false, ...(command ? { command } : {}) }),
          toFailure,
        ),
      (stream) => stream.released,
      { isBackground },
    );
  }

  /** Calls `use` synchronously: the output and the end of a short command may be in the same packet as its start. */
  #openChannel<T>(
    open: ChannelOpener,
    use: (channel: ClientChannel) => T,
    toFailure: (error: Error) => Failure,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const refuse = (error: Error) => reject(this.#overReason() ?? toFailure(error));
      try {
        const answered = this.#roundTrip.start();
        open((error, channel) => {
          answered();
          if (error) {
            refuse(error);
          } else {
            resolve(use(channel));
          }
        });
      } catch (error) {
        refuse(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  #openStream(channel: ClientChannel, options: Omit<ChannelStreamOptions, 'roundTrip'>): ChannelStream {
    const stream = new ChannelStream(channel, { ...options, roundTrip: this.#roundTrip });
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
    return stream;
  }

  #collect(channel: ClientChannel, marker: string, command: string, options: CommandOptions): RunningCommand {
    const noExitStatus = new Error('The channel was closed without an exit status.');
    return collectOutcome(channel, marker, options, {
      shellRefused: (said) => shellRefused(this.name, said),
      shellTimedOut: (said, timeoutMs) => shellTimeout(this.name, said, timeoutMs),
      timedOut: (timeoutMs) => commandTimeout(this.name, command, timeoutMs),
      noExitStatus: () => commandRefused(this.name, command, noExitStatus),
      sessionOver: () => this.#overReason(),
    });
  }
}

type ChannelOpener = (callback: (error: Error | undefined, channel: ClientChannel) => void) => unknown;

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}

/**
 * Whether sshd refused to open a session. It then gives a reason (RFC 4254, 5.1). When it cannot run a command, it has
 * opened a session and gives no reason.
 */
function isRefusedSession(error: unknown): boolean {
  const cause = error instanceof Failure ? error.cause : undefined;
  return cause instanceof Error && 'reason' in cause && typeof cause.reason === 'number';
}
