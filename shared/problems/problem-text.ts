import type { ProblemCode } from '../failure.ts';

/** Something that solves a problem. */
export interface ProblemFix {
  /** What to do, in a sentence or two. */
  readonly text: string;
  /** Commands to type, in order. Words in capitals are to be replaced. */
  readonly terminal?: readonly string[];
  /** Where it is done in the window. */
  readonly window?: string;
}

/** What people read who have just met a problem. */
export interface ProblemText {
  /** A few words, without a full stop. */
  readonly title: string;
  readonly meaning: string;
  /** The most likely first. */
  readonly causes: readonly string[];
  readonly fixes: readonly ProblemFix[];
  /** Environment variables and files that have to do with it. */
  readonly settings?: readonly string[];
  /** Pages of `docs/` that say more. */
  readonly docs?: readonly string[];
  /** Problems that look alike, or that this one comes from. */
  readonly see?: readonly ProblemCode[];
}

/** The texts of all codes whose names begin with one of these. A code without a text does not compile. */
export type TextsOf<Area extends string> = Readonly<
  Record<Extract<ProblemCode, Area | `${Area}.${string}`>, ProblemText>
>;
