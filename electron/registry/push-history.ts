import { z } from 'zod';
import { dataFormats } from '../../shared/data-formats.ts';
import { type PushRecord, pushRecordSchema } from '../../shared/push.ts';
import { SettingsFile } from '../settings/settings-file.ts';

/** More than people choose from, and few enough to be read as a whole. */
const maxRecords = 200;

export const pushesSchema = z.object({ pushes: z.array(pushRecordSchema) });

/** Where images were pushed, in `pushes.json` of the data folder. Several processes share it. */
export class PushHistory {
  readonly #file: SettingsFile<{ readonly pushes: readonly PushRecord[] }>;

  constructor(folder: string) {
    this.#file = new SettingsFile({
      format: dataFormats.pushes,
      folder,
      schema: pushesSchema,
      empty: { pushes: [] },
    });
  }

  /** Newest first. @throws Failure `settings.*` */
  async list(): Promise<PushRecord[]> {
    return [...(await this.#file.read()).pushes];
  }

  /** Adds a push that is done, instead of an older one of the same reference to the same destination. @throws Failure `settings.*` */
  async add(record: PushRecord): Promise<void> {
    const isSame = (other: PushRecord): boolean =>
      other.reference === record.reference && other.destination === record.destination;
    await this.#file.update(({ pushes }) => ({
      pushes: [record, ...pushes.filter((other) => !isSame(other))].slice(0, maxRecords),
    }));
  }
}
