import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { signalGroup } from '../system/process-group.ts';

/** How a command ended by itself. */
export interface CommandEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why the command could not be started. */
  readonly error?: Error;
}

/** How much of a command's stderr is kept. */
const maxStderrBytes = 4 * 1024;
/** How long to wait for the exit code and the last output on stderr once stdout has ended. */
const exitWaitMs = 300;
/**
 * How long a process group may take to end after SIGHUP. Shorter than the second that a session waits for its stream to
 * close.
 */
const hangupTimeoutMs = 500;
const hangupPollMs = 20;

/** A program with its arguments, which no shell sees. */
export interface ProgramLine {
  readonly program: string;
  readonly args: readonly string[];
}

/** The process groups of all running commands. */
const groups = new Set<number>();

/**
 * A command on this computer as a stream that writes to its stdin and reads its stdout. As ssh does with a
 * ProxyCommand, the user's shell runs a command that is a text. It gets its own process group, so that destroying the stream also ends
 * everything that the command has started. If our process is killed, the command sees the end of its stdin.
 */
export class CommandStream extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #onFirstData: (() => void) | undefined;
  #pendingWrite: (() => void) | undefined;
  #stderr: Buffer = Buffer.alloc(0);
  #outcome: CommandEnd | undefined;
  #startError: Error | undefined;
  #hasOutput = false;
  #hasEnded = false;
  /** If set: why the end of the output is an error, or undefined if it is a normal end. */
  explainEnd: (() => Error | undefined) | undefined;

  /** @param onFirstData is called when the first bytes arrive. */
  constructor(command: string | ProgramLine, onFirstData?: () => void) {
    super({ allowHalfOpen: true });
    this.#onFirstData = onFirstData;
    this.#child = start(command);
    const { stdin, stdout, stderr, pid } = this.#child;
    if (pid !== undefined) {
      track(pid);
    }
    stdout.on('data', (chunk: Buffer) => this.#receive(chunk));
    stderr.on('data', (chunk: Buffer) => {
      this.#stderr = Buffer.concat([this.#stderr, chunk.subarray(0, maxStderrBytes - this.#stderr.length)]);
    });
    // Writes to a closed stdin succeed: the command's own messages explain more than EPIPE does.
    stdin.on('error', () => this.#finishWrite());
    stdin.on('close', () => this.#finishWrite());
    stdout.on('error', () => undefined);
    stderr.on('error', () => undefined);
    this.#child.on('error', (error) => {
      this.#startError = error;
    });
    // stderr and the exit code arrive shortly after the end of stdout, or never if the command goes on running
    stdout.on('end', () => setTimeout(() => this.#endOutput(), exitWaitMs).unref());
    this.#child.on('close', (code, signal) => {
      if (!this.destroyed) {
        this.#outcome ??= { code, signal, ...(this.#startError ? { error: this.#startError } : {}) };
      }
      this.#endOutput();
    });
    // the command sends nothing more, so there is no use in writing to it
    this.once('end', () => this.destroy());
  }

  /** Undefined while the command runs, and where we ended it. */
  get outcome(): CommandEnd | undefined {
    return this.#outcome;
  }

  /** The beginning of the command's stderr. */
  get stderr(): string {
    return this.#stderr.toString('utf8');
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    const { stdin } = this.#child;
    if (stdin.destroyed || !stdin.writable) {
      callback();
      return;
    }
    this.#pendingWrite = () => callback();
    stdin.write(chunk, () => this.#finishWrite());
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#child.stdin.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const { stdin, stdout, stderr, pid } = this.#child;
    stdin.destroy();
    stdout.destroy();
    stderr.destroy();
    if (pid === undefined) {
      callback(error);
      return;
    }
    endGroup(pid).finally(() => callback(error));
  }

  #receive(chunk: Buffer): void {
    if (!this.#hasOutput) {
      this.#hasOutput = true;
      this.#onFirstData?.();
    }
    if (!this.push(chunk)) {
      this.#child.stdout.pause();
    }
  }

  #finishWrite(): void {
    const callback = this.#pendingWrite;
    this.#pendingWrite = undefined;
    callback?.();
  }

  #endOutput(): void {
    if (!this.#hasEnded && !this.destroyed) {
      this.#hasEnded = true;
      const error = this.explainEnd?.();
      if (error) {
        this.destroy(error);
      } else {
        this.push(null);
      }
    }
  }
}

/** Runs a text in `$SHELL`, which it replaces by `exec`. Source: OpenSSH, sshconnect.c, ssh_proxy_connect(). */
function start(command: string | ProgramLine): ChildProcessWithoutNullStreams {
  if (typeof command !== 'string') {
    const { program, args } = command;
    return spawn(program, args, process.platform === 'win32' ? { windowsHide: true } : { detached: true });
  }
  if (process.platform === 'win32') {
    return spawn(command, { shell: true, windowsHide: true });
  }
  return spawn(process.env.SHELL || '/bin/sh', ['-c', `exec ${command}`], { detached: true });
}

function track(pid: number): void {
  if (groups.size === 0) {
    process.on('exit', killAll);
  }
  groups.add(pid);
}

function killAll(): void {
  for (const pid of groups) {
    signalGroup(pid, 'SIGKILL');
  }
}

/** Sends SIGHUP to a process group, as ssh does, and SIGKILL if it does not end in time. */
async function endGroup(pid: number): Promise<void> {
  const deadline = performance.now() + hangupTimeoutMs;
  let isRunning = signalGroup(pid, 'SIGHUP');
  while (isRunning && performance.now() < deadline) {
    await delay(hangupPollMs);
    isRunning = signalGroup(pid, 0);
  }
  if (isRunning) {
    signalGroup(pid, 'SIGKILL');
  }
  groups.delete(pid);
  if (groups.size === 0) {
    process.off('exit', killAll);
  }
}
