import { z } from 'zod';
import { dataFormats } from '../../shared/data-formats.ts';
import { fail } from '../../shared/problem.ts';
import { maxRememberedLength, type Remembered, rememberedSchema } from '../../shared/window-memory.ts';
import { SettingsFile } from './settings-file.ts';

/** How many keys are kept. Those that were not set for the longest time make room for new ones. */
const maxKeys = 200;

export const windowMemorySchema = z.object({ entries: rememberedSchema });

/** What windows remember from one start to the next, in `window-memory.json`: heights, folders, filters. Keys of other versions are kept. */
export class WindowMemory {
  readonly #file: SettingsFile<{ readonly entries: Remembered }>;

  /** @param folder the data folder */
  constructor(folder: string) {
    this.#file = new SettingsFile({
      format: dataFormats.windowMemory,
      folder,
      schema: windowMemorySchema,
      empty: { entries: {} },
    });
  }

  /** Everything that is remembered. Nothing if the file cannot be read: a window works without it. */
  async get(): Promise<Remembered> {
    const { entries } = await this.#file.read().catch(() => ({ entries: {} }));
    return entries;
  }

  /** @throws Failure `input.invalid` if the value is too large, `settings.*` */
  async set(key: string, value: Remembered[string]): Promise<void> {
    const text = JSON.stringify(value);
    if (text.length > maxRememberedLength) {
      throw fail(
        'input.invalid',
        `The value of ${key} has ${text.length} characters. A window remembers up to ${maxRememberedLength}.`,
        'Remember less.',
      );
    }
    await this.#file.update((file) => {
      if (Object.hasOwn(file.entries, key) && JSON.stringify(file.entries[key]) === text) {
        return file;
      }
      const others = Object.entries(file.entries).filter(([other]) => other !== key);
      return { entries: Object.fromEntries([...others.slice(-(maxKeys - 1)), [key, value]]) };
    });
  }
}
