/** Versioned settings files that several processes share. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { type Failure, fail } from '../../shared/problem.ts';
import { errnoCode } from '../system/file-errors.ts';
import { withFileLock } from '../system/file-lock.ts';
import { describeJsonError } from './json-error.ts';

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
      const fix =
        errnoCode(error) === 'EISDIR' ? 'Move away the folder that is in its place.' : 'Check its permissions.';
      throw fail('settings.unreadable', `Could not read ${path}.`, fix, messageOf(error), error);
    }
    return this.#parse(text);
  }

  /**
   * Replaces the settings with the result of `change`, which gets the current ones. Writes nothing if `change` returns
   * the same object or throws. Resolves with the new settings.
   * @throws Failure of {@link read}, `settings.locked`, `settings.unwritable` or `disk.full`, and any error of `change`
   */
  async update(change: (settings: T) => T | Promise<T>): Promise<T> {
    const { path } = this.#options;
    await this.#writing(() => mkdir(dirname(path), { recursive: true, mode: 0o700 }));
    return await withFileLock(path, async (assertHeld) => {
      const before = await this.read();
      const after = await change(before);
      if (after !== before) {
        assertHeld();
        await this.#write(after);
      }
      return after;
    });
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
