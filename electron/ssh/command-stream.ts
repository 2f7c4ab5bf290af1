import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** How a command has ended by itself. */
export interface CommandEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not even be started. */
  readonly error?: Error;
}

/** How much of what a command says on stderr is kept, in bytes. */
const keptBytes = 4 * 1024;
/** How long a command that ends may take to be gone once its output has ended, in milliseconds. */
const goneMs = 300;
/** How long a command may take to leave when it is told to, in milliseconds; a session that is closed waits a second for its line. */
const leaveMs = 500;
const lookMs = 20;

/** The process groups of commands that run. */
const groups = new Set<number>();

/**
 * A command of this computer as a stream: what is written is its stdin, what is read its stdout. It is run as ssh runs a ProxyCommand,
 * by the person's shell, but in a group of its own: with the stream goes all that it has started. Where our process is killed
 * it sees the end of its input.
 */
export class CommandStream extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #onFirst: (() => void) | undefined;
  #pending: (() => void) | undefined;
  #said: Buffer = Buffer.alloc(0);
  #end: CommandEnd | undefined;
  #error: Error | undefined;
  #hasSpoken = false;
  #isOver = false;

  /** @param onFirst is called when the first bytes have come. */
  constructor(command: string, onFirst?: () => void) {
    super({ allowHalfOpen: true });
    this.#onFirst = onFirst;
    this.#child = start(command);
    const { stdin, stdout, stderr, pid } = this.#child;
    if (pid !== undefined) {
      track(pid);
    }
    stdout.on('data', (chunk: Buffer) => this.#take(chunk));
    stderr.on('data', (chunk: Buffer) => {
      this.#said = Buffer.concat([this.#said, chunk.subarray(0, keptBytes - this.#said.length)]);
    });
    // What it has no ear for any more is swallowed: what it says when it ends tells more than a broken pipe.
    stdin.on('error', () => this.#written());
    stdin.on('close', () => this.#written());
    stdout.on('error', () => undefined);
    stderr.on('error', () => undefined);
    this.#child.on('error', (error) => {
      this.#error = error;
    });
    // its last words on stderr and its exit code come a moment after the end of its output, and not at all where it runs on
    stdout.on('end', () => setTimeout(() => this.#finish(), goneMs).unref());
    this.#child.on('close', (code, signal) => {
      if (!this.destroyed) {
        this.#end ??= { code, signal, ...(this.#error ? { error: this.#error } : {}) };
      }
      this.#finish();
    });
    // nothing more will come, so nobody has a use for what we could still say
    this.once('end', () => this.destroy());
  }

  /** How it has ended; undefined where it has not, or was ended by us. */
  get outcome(): CommandEnd | undefined {
    return this.#end;
  }

  /** The beginning of what it has said on stderr. */
  get said(): string {
    return this.#said.toString('utf8');
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
    this.#pending = () => callback();
    stdin.write(chunk, () => this.#written());
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

  #take(chunk: Buffer): void {
    if (!this.#hasSpoken) {
      this.#hasSpoken = true;
      this.#onFirst?.();
    }
    if (!this.push(chunk)) {
      this.#child.stdout.pause();
    }
  }

  #written(): void {
    const done = this.#pending;
    this.#pending = undefined;
    done?.();
  }

  #finish(): void {
    if (!this.#isOver && !this.destroyed) {
      this.#isOver = true;
      this.push(null);
    }
  }
}

/** Source: OpenSSH, sshconnect.c, ssh_proxy_connect(): the shell of `$SHELL`, which lets the command take its place. */
function start(command: string): ChildProcessWithoutNullStreams {
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

/** Tells a group to leave, as ssh does, and makes it leave where it does not. */
async function endGroup(pid: number): Promise<void> {
  const deadline = performance.now() + leaveMs;
  let isThere = signalGroup(pid, 'SIGHUP');
  while (isThere && performance.now() < deadline) {
    await delay(lookMs);
    isThere = signalGroup(pid, 0);
  }
  if (isThere) {
    signalGroup(pid, 'SIGKILL');
  }
  groups.delete(pid);
  if (groups.size === 0) {
    process.off('exit', killAll);
  }
}

/** Was there anybody to hear it?. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    // there are no groups on Windows
    return process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    return false;
  }
}
