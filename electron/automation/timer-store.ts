import { z } from 'zod';
import { dataFormats } from '../../shared/data-formats.ts';
import { timerDefinitionSchema, timerRunSchema } from '../../shared/timer.ts';
import { SettingsFile } from '../settings/settings-file.ts';

/** A timer as it is kept. Its task has no secrets: a timer that needs some is refused. */
const storedTimerSchema = timerDefinitionSchema.extend({
  createdAt: z.iso.datetime(),
  last: timerRunSchema.optional(),
  /** Up to this time, what was due was started or left out, by whichever process. */
  handledAt: z.iso.datetime(),
  /** Of the files of the last build that was done. */
  fingerprint: z.string().optional(),
});
export type StoredTimer = Readonly<z.infer<typeof storedTimerSchema>>;

export const timersSchema = z.object({ timers: z.array(storedTimerSchema).max(1000) });

/** The timers of a data folder, in `timers.json`, which all processes of the folder share. */
export function timerFile(folder: string): SettingsFile<z.infer<typeof timersSchema>> {
  return new SettingsFile({
    format: dataFormats.timers,
    folder,
    schema: timersSchema,
    empty: { timers: [] },
  });
}

export type TimerFile = ReturnType<typeof timerFile>;
