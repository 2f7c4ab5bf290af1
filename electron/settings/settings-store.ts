import { dataFormats } from '../../shared/data-formats.ts';
import { type Settings, settingsSchema } from '../../shared/settings.ts';
import { SettingsFile } from './settings-file.ts';

/** The settings of the app, in `settings.json`. */
export class SettingsStore {
  readonly #file: SettingsFile<Settings>;

  /** @param folder the settings folder. */
  constructor(folder: string) {
    this.#file = new SettingsFile<Settings>({
      format: dataFormats.settings,
      folder,
      schema: settingsSchema,
      empty: settingsSchema.parse({}),
    });
  }

  /** @throws Failure `settings.*` */
  get(): Promise<Settings> {
    return this.#file.read();
  }

  /** Changes the settings in `change`; the others stay as they are. @throws Failure `settings.*` */
  update(change: Partial<Settings>): Promise<Settings> {
    return this.#file.update((settings) => ({ ...settings, ...change }));
  }
}
