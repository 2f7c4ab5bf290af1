/** Versioned settings files that several processes share. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lock } from 'proper-lockfile';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { type Failure, fail } from '../../shared/problem.ts';
import { errnoCode } from '../system/file-errors.ts';
import { describeJsonError } from './json-error.ts';

/**
 * The age at which a lock counts as left behind by a dead process, in milliseconds. A living process renews it every
 * half of that.
 */
const staleMs = 5_000;
/**
 * How long to wait for a lock, in milliseconds. Longer than {@link staleMs}, so that the lock of a dead process never
 * causes a failure.
 */
const lockTimeoutMs = 10_000;
/**
 * The mean time between two attempts to get a lock, in milliseconds. It varies, so that waiting processes do not stay
 * in step.
 */
const lockRetryMs = 40;

export interface SettingsFileOptions<T extends object> {
  /** Absolute path. Its folder is created when the file is first written. */
  readonly path: string;
  /** The version of the format that `schema` describes. */
  readonly version: number;
  readonly schema: z.ZodType<T>;
  /** The settings if the file does not exist. */
  readonly empty: T;
  /** What the file contains, as a plural for problems: `connections`. */
  readonly content: string;
}

const versionSchema = z.object({ version: z.number().int().min(1) });

/**
 * A settings file that several processes share: JSON with a `version`. It is read from disk each time, and changed
 * under a lock. It is always replaced as a whole. A file that cannot be read is never replaced, because it may only
 * have a typing mistake from an edit by hand.
 */
export class SettingsFile<T extends object> {
  readonly #options: SettingsFileOptions<T>;
  /** Orders the updates of this process. The lock orders those of different processes. */
  #lastUpdate: Promise<unknown> = Promise.resolve();

  constructor(options: SettingsFileOptions<T>) {
    this.#options = options;
  }

  /** @throws Failure `settings.broken`, `settings.newer` or `settings.unreadable`; the file is not changed. */
  async read(): Promise<T> {
    const { path, empty } = this.#options;
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') {
        return empty;
      }
      throw fail('settings.unreadable', `Could not read ${path}.`, 'Check its permissions.', messageOf(error), error);
    }
    return this.#parse(text);
  }

  /**
   * Replaces the settings with the result of `change`, which gets the current ones. Writes nothing if `change` returns
   * the same object or throws. Resolves with the new settings.
   * @throws Failure of {@link read}, `settings.locked`, `settings.unwritable` or `disk.full`, and any error of `change`
   *
   */
  update(change: (settings: T) => T | Promise<T>): Promise<T> {
    const update = this.#lastUpdate.then(() => this.#updateUnderLock(change));
    this.#lastUpdate = update.catch(() => undefined);
    return update;
  }

  async #updateUnderLock(change: (settings: T) => T | Promise<T>): Promise<T> {
    const lost = new AbortController();
    const release = await this.#lock(lost);
    try {
      const before = await this.read();
      const after = await change(before);
      if (after !== before) {
        if (lost.signal.aborted) {
          throw this.#locked();
        }
        await this.#write(after);
      }
      return after;
    } finally {
      // fails if the lock was lost
      await release().catch(() => undefined);
    }
  }

  async #lock(lost: AbortController): Promise<() => Promise<void>> {
    const { path } = this.#options;
    const deadline = performance.now() + lockTimeoutMs;
    await this.#writing(() => mkdir(dirname(path), { recursive: true, mode: 0o700 }));
    for (;;) {
      try {
        // the real path cannot be resolved while the file does not exist
        return await lock(path, { realpath: false, stale: staleMs, onCompromised: () => lost.abort() });
      } catch (error) {
        if (errnoCode(error) !== 'ELOCKED') {
          throw this.#unwritable(error);
        }
        if (performance.now() > deadline) {
          throw this.#locked();
        }
        await delay(lockRetryMs * (0.5 + Math.random()));
      }
    }
  }

  async #write(settings: T): Promise<void> {
    const { path, version } = this.#options;
    const text = `${JSON.stringify({ version, ...settings }, null, 2)}\n`;
    await this.#writing(() => writeFileAtomic(path, text, { mode: 0o600 }));
  }

  async #parse(text: string): Promise<T> {
    const { path, version, schema, content } = this.#options;
    let json: unknown;
    try {
      // editors on Windows may put a byte order mark at the start of the file
      json = JSON.parse(text.replace(/^\uFEFF/, ''));
    } catch (error) {
      throw await this.#broken(describeJsonError(text, error), error);
    }
    const header = versionSchema.safeParse(json);
    if (!header.success) {
      throw await this.#broken(firstIssue(header.error), header.error);
    }
    if (header.data.version > version) {
      throw fail(
        'settings.newer',
        `${path} has version ${header.data.version}, from a newer Barnraiser. This Barnraiser reads up to version ${version}.`,
        `Update Barnraiser, or move the file away to start without ${content}.`,
      );
    }
    // Migrations belong here: each changes a file of one version into the next, before the schema parses it.
    const settings = schema.safeParse(json);
    if (!settings.success) {
      throw await this.#broken(firstIssue(settings.error), settings.error);
    }
    return settings.data;
  }

  async #broken(reason: string, cause: unknown): Promise<Failure> {
    const { path, content } = this.#options;
    const copy = await copyAside(path);
    return fail(
      'settings.broken',
      `${path} is not valid: ${reason}`,
      `Correct it, or move it away to start without ${content}. It was not changed${copy ? `; a copy is in ${copy}` : ''}.`,
      undefined,
      cause,
    );
  }

  #locked(): Failure {
    const { path } = this.#options;
    return fail(
      'settings.locked',
      `Another Barnraiser process is changing ${path} and has not finished within ${lockTimeoutMs / 1000} s.`,
      `Try again when it has finished. If no other Barnraiser is running, remove the folder ${path}.lock.`,
    );
  }

  async #writing<R>(work: () => Promise<R>): Promise<R> {
    try {
      return await work();
    } catch (error) {
      throw this.#unwritable(error);
    }
  }

  #unwritable(error: unknown): Failure {
    const { path } = this.#options;
    const code = errnoCode(error);
    return code === 'ENOSPC' || code === 'EDQUOT'
      ? fail(
          'disk.full',
          `Could not write ${path}: the disk is full.`,
          'Free some space, then try again.',
          messageOf(error),
          error,
        )
      : fail(
          'settings.unwritable',
          `Could not write ${path}.`,
          `Check the permissions of ${dirname(path)}.`,
          messageOf(error),
          error,
        );
  }
}

/**
 * Copies a file to `<path>.broken-<time of its last change>`. Because of that name there is one copy for each state of
 * the file, however often and by however many processes it is read. Undefined if it could not be copied.
 */
async function copyAside(path: string): Promise<string | undefined> {
  try {
    const { mtime } = await stat(path);
    const copy = `${path}.broken-${mtime.toISOString().replaceAll(/[-:.]/g, '')}`;
    await writeFile(copy, await readFile(path), { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
      if (errnoCode(error) !== 'EEXIST') {
        throw error;
      }
    });
    return copy;
  } catch {
    return undefined;
  }
}

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  if (!issue) {
    return error.message;
  }
  return issue.path.length > 0 ? `${z.core.toDotPath(issue.path)}: ${issue.message}` : issue.message;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
