/** Heartbeats: files by which the processes that share a folder see which of them are still running. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir, open, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { errnoCode, isMissingPath } from './file-errors.ts';

const beatMs = 5_000;

/**
 * A process whose heartbeat is older has died, even if a process with its id is running. Measured by the clock of
 * timers: a heartbeat does not age while the computer sleeps, or where that clock goes on, the heartbeat is renewed as
 * soon as the computer wakes up.
 */
const staleMs = 30_000;

/** The same for processes of other hosts, by the wall clocks of both hosts, which may differ. */
const otherHostStaleMs = 120_000;

/** A heartbeat is written as soon as its file is created, so an older empty file is of a process that was killed. */
const emptyStaleMs = 5_000;

/** Process ids mean nothing to other hosts and containers that share the folder. */
const hostId = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/** Distinguishes this process from others that had its id before: random, and when it started, where the system shows it. */
const ownerId = randomBytes(8).toString('hex') + (startTicksOf(process.pid) ?? '');
const randomLength = 16;

/** What follows is the note. */
const contentPattern = /^(?<pid>\d+)-(?<host>[0-9a-f]+)-(?<owner>[0-9a-f]+) +(?<clockMs>\d+)\n/;

/** A longer file is not read to its end. */
const maxBytes = 16 * 1024;

/** Shows that this process holds something. The file is written again and again until {@link stop} removes it. */
export class Heartbeat {
  readonly path: string;
  readonly #timer: NodeJS.Timeout;
  #beating: Promise<unknown> = Promise.resolve();

  private constructor(path: string, note: string) {
    this.path = path;
    this.#timer = setInterval(() => {
      // the next beat may succeed
      this.#beating = beat(path, note).catch(() => undefined);
    }, beatMs);
    this.#timer.unref();
  }

  /**
   * Creates the file, and its folder if necessary.
   * @param note what other processes read of it, see {@link readHeartbeatNote}. A few kilobytes at most.
   * @throws system errors, `EEXIST` if the file exists
   */
  static async start(path: string, note = ''): Promise<Heartbeat> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // a process that is killed between creating and writing it would leave an empty file, so nothing else is done between
    writeFileSync(path, content() + note, { flag: 'wx', mode: 0o600 });
    return new Heartbeat(path, note);
  }

  /** Removes the file. May be called again. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    await rm(this.path, { force: true });
  }
}

async function beat(path: string, note: string): Promise<void> {
  try {
    // overwrites the file, which needs no space on the disk and changes its modification time
    await writeFile(path, content() + note, { flag: 'r+' });
  } catch (error) {
    if (!isMissingPath(error)) {
      throw error;
    }
    // Another process removed it while this process was suspended, and its folder if that was empty then. What is above that was
    // removed by a person, and stays away.
    await mkdir(dirname(path), { mode: 0o700 }).catch((problem: unknown) => {
      if (errnoCode(problem) !== 'EEXIST') {
        throw problem;
      }
    });
    await writeFile(path, content() + note, { mode: 0o600 });
  }
}

/** Always of the same length, so that an overwritten file has no remainder. */
function content(): string {
  return `${process.pid}-${hostId}-${ownerId} ${String(clockMs()).padStart(20)}\n`;
}

/** The clock of timers, which is the same in all processes of the host until it is restarted, in milliseconds. */
function clockMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** `asleep`: the process exists but is suspended, as far as the system shows, so that it may go on. `none`: there is no heartbeat. */
export type HeartbeatState = 'alive' | 'asleep' | 'dead' | 'none';

/** Whether the process that owns a heartbeat is running. */
export async function readHeartbeat(path: string): Promise<HeartbeatState> {
  return (await readHeartbeatNote(path)).state;
}

/** The same, with the note of the heartbeat: the first kilobytes of it. A process that was killed may have left a part of its note. */
export async function readHeartbeatNote(
  path: string,
): Promise<{ readonly state: HeartbeatState; readonly note: string }> {
  try {
    const text = await readStart(path);
    const content = contentPattern.exec(text);
    const isAlive =
      text === '' ? await isModifiedWithin(emptyStaleMs, path) : await isOwnerAlive(path, content?.groups);
    const state = isAlive ? 'alive' : isSuspended(content?.groups) ? 'asleep' : 'dead';
    return { state, note: text.slice(content?.[0].length ?? 0) };
  } catch (error) {
    // if it cannot be read now, what is alive must not be taken for dead
    return { state: isMissingPath(error) ? 'none' : 'alive', note: '' };
  }
}

async function readStart(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes), 0, maxBytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function isOwnerAlive(path: string, owner: Record<string, string> | undefined): Promise<boolean> {
  if (owner?.host !== hostId) {
    return isModifiedRecently(path);
  }
  const pid = Number(owner.pid);
  if (pid === process.pid || owner.owner === ownerId) {
    return owner.owner === ownerId;
  }
  const ageMs = clockMs() - Number(owner.clockMs);
  // after a restart of the computer its clock starts at 0 again
  return isProcessRunning(pid) && ageMs >= 0 && ageMs < staleMs;
}

/** Whether the process is the one that wrote the heartbeat, although the heartbeat is old. */
function isSuspended(owner: Record<string, string> | undefined): boolean {
  const ticks = owner?.owner?.slice(randomLength);
  return owner?.host === hostId && Boolean(ticks) && startTicksOf(Number(owner.pid)) === ticks;
}

/**
 * When a process has started, in ticks since the computer did, as hexadecimal digits. Undefined if there is none, or where the system
 * is not Linux. Source: proc(5), field 22 of `/proc/PID/stat`; the name of the program before it may contain anything.
 */
function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[18]);
    // a zombie has ended
    return state === 'Z' || !Number.isInteger(ticks) ? undefined : ticks.toString(16);
  } catch {
    return undefined;
  }
}

/** Whether a file or folder was modified so recently that its process may be alive, as far as wall clocks can tell. */
export function isModifiedRecently(path: string): Promise<boolean> {
  return isModifiedWithin(otherHostStaleMs, path);
}

async function isModifiedWithin(limitMs: number, path: string): Promise<boolean> {
  return Math.abs(Date.now() - (await stat(path)).mtimeMs) < limitMs;
}

function isProcessRunning(pid: number): boolean {
  try {
    // signal 0 only checks whether the process exists
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process exists and belongs to another user
    return errnoCode(error) === 'EPERM';
  }
}
