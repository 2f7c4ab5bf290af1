/** What a window remembers from one start to the next. */
import { z } from 'zod';

/** The longest JSON text of a remembered value, in characters. */
export const maxRememberedLength = 16_384;

/** Words of lower case letters and digits, separated by dots and hyphens: `log.height`. */
export const memoryKeySchema = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9.-]*$/);

/** Small values by key. Only the window knows what they mean. */
export const rememberedSchema = z.record(z.string(), z.json());
export type Remembered = Readonly<z.infer<typeof rememberedSchema>>;
