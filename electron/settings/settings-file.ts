import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lock } from 'proper-lockfile';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { type Failure, fail } from '../../shared/problem.ts';
import { jsonErrorPlace } from './json-error.ts';

/** A lock that its process has not renewed for so long is that of a dead process, in milliseconds; the living renew every half of it. */
const staleMs = 5_000;
/** How long to wait for another process. Longer than {@link staleMs}, so that a dead one never stands in the way. */
const patienceMs = 10_000;
/** Between two looks at a lock that another process holds, in milliseconds; a bit of chance keeps two waiters out of step. */
const lookMs = 40;

export interface SettingsFileOptions<T extends object> {
  /** Absolute path; its folder is made when something is first written. */
  readonly path: string;
  /** The version of the format that `schema` describes. */
  readonly version: number;
  readonly schema: z.ZodType<T>;
  /** What the settings are while there is no file. */
  readonly empty: T;
  /** What the file holds, in the plural, for sentences: `connections`. */
  readonly holds: string;
}

const versionSchema = z.object({ version: z.number().int().min(1) });

/**
 * A file of settings that several processes share: JSON with a `version`, read anew whenever it is asked for and changed
 * under a lock. It is only ever replaced whole, and never when it holds something that we could not read: a person may
 * have mended it by hand and mistyped.
 */
export class SettingsFile<T extends object> {
  readonly #options: SettingsFileOptions<T>;
  /** The changes of this process wait for each other here, those of others at the lock. */
  #lastUpdate: Promise<unknown> = Promise.resolve();

  constructor(options: SettingsFileOptions<T>) {
    this.#options = options;
  }

  /** @throws Failure `settings.broken`, `settings.newer` or `settings.unreadable`; the file is left as it is. */
  async read(): Promise<T> {
    const { path, empty } = this.#options;
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') {
        return empty;
      }
      throw fail('settings.unreadable', `${path} cannot be read.`, 'Check who may read it.', messageOf(error), error);
    }
    return this.#parse(text);
  }

  /**
   * Replaces the settings by what `change` makes of the newest ones; nothing is written where it gives back the same object
   * or throws. Resolves with the new settings.
   * @throws Failure of {@link read}, `settings.locked`, `settings.unwritable` or `disk.full`, and whatever `change` throws.
   */
  update(change: (settings: T) => T | Promise<T>): Promise<T> {
    const update = this.#lastUpdate.then(() => this.#underLock(change));
    this.#lastUpdate = update.catch(() => undefined);
    return update;
  }

  async #underLock(change: (settings: T) => T | Promise<T>): Promise<T> {
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
      // a lock that was lost is no longer ours to release
      await release().catch(() => undefined);
    }
  }

  async #lock(lost: AbortController): Promise<() => Promise<void>> {
    const { path } = this.#options;
    const deadline = performance.now() + patienceMs;
    await this.#writing(() => mkdir(dirname(path), { recursive: true, mode: 0o700 }));
    for (;;) {
      try {
        // not the real path: the file may not be there yet
        return await lock(path, { realpath: false, stale: staleMs, onCompromised: () => lost.abort() });
      } catch (error) {
        if (codeOf(error) !== 'ELOCKED') {
          throw this.#unwritable(error);
        }
        if (performance.now() > deadline) {
          throw this.#locked();
        }
        await delay(lookMs * (0.5 + Math.random()));
      }
    }
  }

  async #write(settings: T): Promise<void> {
    const { path, version } = this.#options;
    const text = `${JSON.stringify({ version, ...settings }, null, 2)}\n`;
    await this.#writing(() => writeFileAtomic(path, text, { mode: 0o600 }));
  }

  async #parse(text: string): Promise<T> {
    const { path, version, schema, holds } = this.#options;
    let content: unknown;
    try {
      // editors on Windows may begin a file with a byte order mark
      content = JSON.parse(text.replace(/^\uFEFF/, ''));
    } catch (error) {
      throw await this.#broken(jsonErrorPlace(text, error), error);
    }
    const header = versionSchema.safeParse(content);
    if (!header.success) {
      throw await this.#broken(firstIssue(header.error), header.error);
    }
    if (header.data.version > version) {
      throw fail(
        'settings.newer',
        `${path} is of version ${header.data.version}, written by a newer Barnraiser; this one reads up to version ${version}.`,
        `Use the newer Barnraiser, or move the file away to begin with no ${holds}.`,
      );
    }
    // A file of an older version is made one of the next here, version by version, before the schema sees it.
    const settings = schema.safeParse(content);
    if (!settings.success) {
      throw await this.#broken(firstIssue(settings.error), settings.error);
    }
    return settings.data;
  }

  async #broken(what: string, cause: unknown): Promise<Failure> {
    const { path, holds } = this.#options;
    const copy = await copyAside(path);
    return fail(
      'settings.broken',
      `${path} is broken: ${what}`,
      `Mend it, or move it away to begin with no ${holds}. It was left as it is${copy ? `, with a copy in ${copy}` : ''}.`,
      undefined,
      cause,
    );
  }

  #locked(): Failure {
    const { path } = this.#options;
    return fail(
      'settings.locked',
      `${path} is being changed by another Barnraiser, which has not finished in ${patienceMs / 1000} s.`,
      `Try again when it is done. If there is none, remove the folder ${path}.lock.`,
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
    const code = codeOf(error);
    return code === 'ENOSPC' || code === 'EDQUOT'
      ? fail('disk.full', `${path} cannot be written: the disk is full.`, 'Free some space.', messageOf(error), error)
      : fail(
          'settings.unwritable',
          `${path} cannot be written.`,
          `Check who may write to ${dirname(path)}.`,
          messageOf(error),
          error,
        );
  }
}

/**
 * Copies a file to `<path>.broken-<when it was last changed>`: the name makes it one copy for each state of the file, however often
 * and by however many processes it is read. Undefined where it cannot be copied.
 */
async function copyAside(path: string): Promise<string | undefined> {
  try {
    const { mtime } = await stat(path);
    const copy = `${path}.broken-${mtime.toISOString().replaceAll(/[-:.]/g, '')}`;
    await writeFile(copy, await readFile(path), { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') {
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

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
