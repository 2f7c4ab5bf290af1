import { join } from 'node:path';
import { z } from 'zod';
import { type PushRecord, pushRecordSchema } from '../../shared/push.ts';
import { SettingsFile } from '../settings/settings-file.ts';

/** More than people choose from, and few enough to be read as a whole. */
const maxRecords = 200;

/** Where images were pushed, in `pushes.json` of the data folder. Several processes share it. */
export class PushHistory {
  readonly #file: SettingsFile<{ readonly pushes: readonly PushRecord[] }>;

  constructor(folder: string) {
    this.#file = new SettingsFile({
      path: join(folder, 'pushes.json'),
      version: 1,
      schema: z.object({ pushes: z.array(pushRecordSchema) }),
      empty: { pushes: [] },
      content: 'pushes',
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
