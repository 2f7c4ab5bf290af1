import type { ReactNode, RefObject } from 'react';
import type { Answer } from '../../../shared/question.ts';

/** What a kind of question puts into the dialog that all kinds share. */
export interface QuestionParts {
  readonly title: string;
  /** Who asks, and why. */
  readonly description: ReactNode;
  readonly body: ReactNode;
  /** What the button says that refuses; Escape does the same. */
  readonly refuse: string;
  /** The buttons that answer. */
  readonly actions: ReactNode;
}

export interface Answering {
  /** What is being answered now: `secrets`, where it is not a word of its own. */
  readonly busy: Extract<Answer, string> | 'secrets' | undefined;
  readonly answer: (given: Answer) => void;
  /** The id of the form that the buttons send. */
  readonly form: string;
  /** Whatever has the focus at first. */
  readonly first: RefObject<HTMLElement | null>;
}
