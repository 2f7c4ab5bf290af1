import { z } from 'zod';

/**
 * What solves a problem and Barnraiser can do itself. The window shows a button, the terminal names the command or flag:
 * the texts are in `renderer/parts/problem-actions.ts` and `electron/terminal/output/problem-actions.ts`.
 */
export const problemActionSchema = z.discriminatedUnion('id', [
  /** Push over plain HTTP, or without verification of the certificate. */
  z.object({ id: z.literal('push-without-tls'), reason: z.enum(['plain-http', 'certificate']) }),
  z.object({ id: z.literal('sign-in'), registry: z.string() }),
  /** Say where an image is pushed. */
  z.object({ id: z.literal('choose-destination'), reference: z.string() }),
  /** Choose the Containerfile among the files of the project. */
  z.object({ id: z.literal('choose-containerfile') }),
  /** Add patterns to the ignore file of the project: `file`, or a new `.containerignore`. */
  z.object({ id: z.literal('ignore-files'), patterns: z.array(z.string()), file: z.string().optional() }),
  z.object({ id: z.literal('use-docker-format') }),
  z.object({ id: z.literal('allow-emulation') }),
  z.object({ id: z.literal('allow-platform-mismatch'), platform: z.string() }),
  z.object({ id: z.literal('show-connections') }),
  z.object({ id: z.literal('add-connection'), name: z.string().optional() }),
  z.object({ id: z.literal('create-farm'), name: z.string() }),
  /** Trust host keys that are not known yet. */
  z.object({ id: z.literal('trust-host-keys') }),
  z.object({ id: z.literal('check-connection'), connection: z.string() }),
  z.object({ id: z.literal('free-disk'), node: z.string() }),
  z.object({ id: z.literal('use-node-again'), node: z.string() }),
  /** Build the rest of an interrupted build from the files as they are now. */
  z.object({ id: z.literal('resume-changed'), build: z.string() }),
  /** Push a list of only some of the platforms. */
  z.object({ id: z.literal('push-incomplete'), reference: z.string() }),
  /** Let a node that was paused or drained take jobs again. */
  z.object({ id: z.literal('resume-node'), node: z.string() }),
  z.object({ id: z.literal('show-builds') }),
  z.object({ id: z.literal('show-images') }),
]);

export type ProblemAction = Readonly<z.infer<typeof problemActionSchema>>;
export type ProblemActionId = ProblemAction['id'];
/** The action with this id. */
export type ActionOf<I extends ProblemActionId> = Extract<ProblemAction, { id: I }>;

/** One value for each id, which is given the action. */
export type ActionTable<T> = { readonly [I in ProblemActionId]: (action: ActionOf<I>) => T };

/** The function of a table for an action. */
export function entryOf<T>(table: ActionTable<T>, action: ProblemAction): (action: ProblemAction) => T;
export function entryOf<T>(
  table: Partial<ActionTable<T>>,
  action: ProblemAction,
): ((action: ProblemAction) => T) | undefined;
export function entryOf<T>(
  table: Partial<ActionTable<T>>,
  action: ProblemAction,
): ((action: ProblemAction) => T) | undefined {
  // the compiler does not see that the key and the argument are of the same action
  return table[action.id] as ((action: ProblemAction) => T) | undefined;
}
