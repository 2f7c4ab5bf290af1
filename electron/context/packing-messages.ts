/** The messages between the thread that packs a context and the rest of the app. */
import type { ContextSummary } from '../../shared/build.ts';
import type { Problem } from '../../shared/failure.ts';
import type { StreamEdit } from './confined-links.ts';
import type { TarHash } from './context-source.ts';
import type { PackedProgress, PackingInput } from './packing.ts';

/** Whether anything has relied on the digest that was known before the tar was made, or the tar has another content. */
export const states = { open: 0, relied: 1, altered: 2 } as const;

export interface PackingThreadData {
  readonly input: PackingInput;
  /** An open file for the tar. */
  readonly tar: number;
  /** Its path, for messages. */
  readonly tarPath: string;
  /** A number for each of {@link flags}. */
  readonly state: SharedArrayBuffer;
}

/**
 * Where in the shared memory there is one of {@link states}, whether the thread has to end, and how the tar is hashed: a bit for each
 * of `tarHashes`.
 */
export const flags = { state: 0, ends: 1, hashes: 2 } as const;

/** What the thread reports. `written` is the present length of the tar. */
export type Report =
  | {
      readonly kind: 'entries';
      readonly rows: string;
      readonly edits: readonly StreamEdit[];
      readonly isComplete: boolean;
    }
  | { readonly kind: 'restart' }
  | { readonly kind: 'progress'; readonly progress: PackedProgress; readonly written: number }
  | { readonly kind: 'summary'; readonly summary: ContextSummary; readonly isChanged: boolean }
  | { readonly kind: 'finished'; readonly summary: ContextSummary; readonly written: number }
  /** The digest of the whole tar in hex. Comes after `finished`, if it was ordered. */
  | { readonly kind: 'hashed'; readonly hash: TarHash; readonly digest: string }
  | { readonly kind: 'failed'; readonly problem: Problem }
  | { readonly kind: 'broken'; readonly error: unknown };

/** To list what was found, to make the tar, to look at {@link flags}, or to end. Read only by a thread that has nothing else to do. */
export type Order = 'list' | 'pack' | 'hash' | 'end';
