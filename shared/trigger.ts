import { z } from 'zod';
import { nameSchema } from './connection.ts';

/** What starts builds without a person: a timer, or a watch that has seen a change. */
export const triggerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('timer'), name: nameSchema }),
  z.object({ kind: z.literal('watch'), id: z.string().max(100) }),
]);
export type Trigger = Readonly<z.infer<typeof triggerSchema>>;
