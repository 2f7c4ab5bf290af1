/** Question contents: what the question dialog shows for each kind of question. */

import type { ReactNode, RefObject } from 'react';
import type { Answer } from '../../../shared/question.ts';

/** The content of the question dialog for one question. */
export interface QuestionContent {
  readonly title: string;
  /** Which host asks, and why. */
  readonly description: ReactNode;
  readonly body: ReactNode;
  /** The label of the button that refuses. Escape does the same. */
  readonly refuseLabel: string;
  /** The other buttons. */
  readonly actions: ReactNode;
}

export interface AnswerControls {
  /** The answer that is being sent; `secrets` for typed values. */
  readonly busy: Extract<Answer, string> | 'secrets' | undefined;
  readonly answer: (value: Answer) => void;
  /** The id of the form that the buttons submit. */
  readonly formId: string;
  /** The element that gets the focus when the question appears. */
  readonly initialFocus: RefObject<HTMLElement | null>;
}
