import type { QuestionOf } from '../../../shared/question.ts';

/** A secret that a sign-in needs. `connection` is who it is for, in the words of questions. */
export type Wanted =
  | Omit<QuestionOf<'passphrase'>, 'id' | 'remember'>
  | Omit<QuestionOf<'password'>, 'id' | 'remember'>
  | Omit<QuestionOf<'prompts'>, 'id'>;

/** What was given for it, by a person or from what was kept. */
export interface Given {
  /** One, or one a prompt. */
  readonly secrets: readonly string[];
  /** A person gave them just now; others do not count as a person's try. */
  readonly fromPerson: boolean;
  /** Told as soon as it is known whether they are right; not at all where that never turns out. */
  proved(right: boolean): Promise<void>;
  /** Told once, when the sign-in that they were given for is over. */
  over(signedIn: boolean): Promise<void>;
}

/**
 * Asks for a secret, for as long as a person needs. Undefined where it is refused: then the sign-in is given up.
 * @param signal aborts when nobody waits for the answer any more.
 */
export type AskSecret = (wanted: Wanted, signal: AbortSignal) => Promise<Given | undefined>;
