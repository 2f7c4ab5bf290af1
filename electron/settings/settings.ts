import { join } from 'node:path';
import { type Settings, settingsSchema } from '../../shared/contract.ts';
import { SettingsFile } from './settings-file.ts';

/** What a person has set for the whole app, in `settings.json`. */
export class SettingsStore {
  readonly #file: SettingsFile<Settings>;

  /** @param folder where settings are kept. */
  constructor(folder: string) {
    this.#file = new SettingsFile<Settings>({
      path: join(folder, 'settings.json'),
      version: 1,
      schema: settingsSchema,
      empty: settingsSchema.parse({}),
      holds: 'settings',
    });
  }

  /** @throws Failure `settings.*` */
  get(): Promise<Settings> {
    return this.#file.read();
  }

  /** Changes what `change` holds and keeps the rest. @throws Failure `settings.*` */
  update(change: Partial<Settings>): Promise<Settings> {
    return this.#file.update((settings) => ({ ...settings, ...change }));
  }
}
