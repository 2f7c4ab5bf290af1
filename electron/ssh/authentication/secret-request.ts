import type { QuestionOf } from '../../../shared/question.ts';

/** A secret that a sign-in needs. `connection` says who needs it, in the words of the question. */
export type SecretRequest =
  | Omit<QuestionOf<'passphrase'>, 'id' | 'remember'>
  | Omit<QuestionOf<'password'>, 'id' | 'remember'>
  | Omit<QuestionOf<'prompts'>, 'id'>;

/** A secret that a sign-in or a build needs. */
export type AnySecretRequest = SecretRequest | Omit<QuestionOf<'secret'>, 'id'>;

/** The answer to a request, entered by a person or taken from the saved secrets. */
export interface SecretAnswer {
  /** One secret, or one for each prompt. */
  readonly secrets: readonly string[];
  /** Whether a person has just entered them. Only these count as a person's attempts. */
  readonly isFromPerson: boolean;
  /** Called as soon as it is known whether the secrets are correct. Not called where that never becomes known. */
  reportResult(isCorrect: boolean): Promise<void>;
  /** Called once, at the end of the sign-in. */
  finish(isSignedIn: boolean): Promise<void>;
}

/**
 * Asks for a secret, without a time limit. Returns undefined where the person cancels, which ends the sign-in.
 * @param signal aborts when the answer is no longer needed.
 */
export type AskSecret<R = SecretRequest> = (request: R, signal: AbortSignal) => Promise<SecretAnswer | undefined>;
