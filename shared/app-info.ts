import { z } from 'zod';
import { rememberOptionSchema } from './question.ts';
import { versionInfoSchema } from './version-info.ts';

export const frontEndSchema = z.enum(['desktop', 'browser', 'terminal']);
export type FrontEnd = z.infer<typeof frontEndSchema>;

/** What the app is and where it runs. */
export const appInfoSchema = z.object({
  version: z.string(),
  build: versionInfoSchema,
  /** The data folder. */
  home: z.string(),
  frontEnd: frontEndSchema,
  /** Node's `process.platform`. */
  system: z.string(),
  /** Whether a window can show questions and answer them. */
  hasWindow: z.boolean(),
  /** Whether this front end can save secrets at all. */
  remember: rememberOptionSchema,
});
