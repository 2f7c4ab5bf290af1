/** Versioned settings files that several processes share. */
import { access, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { z } from 'zod';
import type { DataFormat } from '../../shared/data-formats.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import { errnoCode } from '../system/file-errors.ts';
import { withFileLock } from '../system/file-lock.ts';
import {
  keepIfOlder,
  type Migrations,
  oldVersionPath,
  readVersioned,
  type VersionedContent,
} from './versioned-file.ts';

interface CommonOptions<T extends object> {
  readonly format: DataFormat;
  readonly schema: z.ZodType<T>;
  readonly migrations?: Migrations;
  /** The settings if the file does not exist. */
  readonly empty: T;
}

/** The file is in the data folder, which is created when the file is first written, or one of several with a path of its own. */
export type SettingsFileOptions<T extends object> = CommonOptions<T> &
  ({ readonly folder: string } | { readonly path: string });

type Valid<T> = Extract<VersionedContent<T>, { kind: 'valid' }>;

/**
 * A settings file that several processes share: JSON with a `version`. It is read from disk each time, and changed
 * under a lock. It is always replaced as a whole. A file that cannot be read is never replaced, because it may only
 * have a typing mistake from an edit by hand, or be from a newer Barnraiser. An older one is kept when it is first written
 * in a newer version.
 */
export class SettingsFile<T extends object> {
  readonly #path: string;
  readonly #options: SettingsFileOptions<T>;

  constructor(options: SettingsFileOptions<T>) {
    this.#options = options;
    this.#path = 'path' in options ? options.path : join(options.folder, options.format.path);
  }

  /** @throws Failure `settings.broken`, `settings.newer` or `settings.unreadable`; the file is not changed. */
  async read(): Promise<T> {
    return (await this.#read()).value;
  }

  async #read(): Promise<Valid<T>> {
    const path = this.#path;
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      const { empty, format } = this.#options;
      if (errnoCode(error) === 'ENOENT') {
        return { kind: 'valid', value: empty, version: format.version, unknown: {} };
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
    const path = this.#path;
    const { version } = this.#options.format;
    await this.#writing(() => mkdir(dirname(path), { recursive: true, mode: 0o700 }));
    return await withFileLock(path, async (assertHeld) => {
      const before = await this.#read();
      const after = await change(before.value);
      if (after !== before.value) {
        assertHeld();
        await this.#writing(() => keepIfOlder(path, before, version));
        const text = `${JSON.stringify({ version, ...before.unknown, ...after }, null, 2)}\n`;
        await this.#writing(() => writeFileAtomic(path, text, { mode: 0o600 }));
      }
      return after;
    });
  }

  async #parse(text: string): Promise<Valid<T>> {
    const path = this.#path;
    const { format, schema, migrations } = this.#options;
    const read = readVersioned(text, { version: format.version, schema, migrations });
    switch (read.kind) {
      case 'valid':
        return read;
      case 'newer':
        throw fail(
          'settings.newer',
          `${path} has version ${read.version}, from a newer Barnraiser. This Barnraiser reads up to version ${format.version}.`,
          await this.#fixOfNewer(),
        );
      case 'broken':
        throw await this.#broken(read.reason, read.error);
    }
  }

  /** The newer Barnraiser has kept the file as it was before. */
  async #fixOfNewer(): Promise<string> {
    const { version, content } = this.#options.format;
    const kept = oldVersionPath(this.#path, version);
    const isKept = await access(kept).then(
      () => true,
      () => false,
    );
    return isKept
      ? `Update Barnraiser, or go back to the ${content} of before the update: replace the file with ${kept}.`
      : `Update Barnraiser, or move the file away to start without ${content}.`;
  }

  async #broken(reason: string, cause: unknown): Promise<Failure> {
    const path = this.#path;
    const { content } = this.#options.format;
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
    const path = this.#path;
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
