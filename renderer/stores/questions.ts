import { create } from 'zustand';
import type { AppEvent } from '../../shared/contract.ts';
import type { Answer, Question } from '../../shared/question.ts';
import { call } from '../api.ts';
import { each, Feed } from './feed.ts';

interface Questions {
  /** Open questions, oldest first. The dialog shows the first one. */
  readonly open: readonly Question[];
  /** How many were closed since the dialog opened, for the numbering: 1 of 3, 2 of 3, 3 of 3. */
  readonly closedCount: number;
}

export const useQuestions = create<Questions>(() => ({ open: [], closedCount: 0 }));

export const questionFeed = new Feed(each(applyQuestionEvent));

/** @throws Failure */
export function loadQuestions(signal?: AbortSignal): Promise<void> {
  return questionFeed.load('questions.list', {}, (open) => useQuestions.setState({ open, closedCount: 0 }), signal);
}

/** Sends an answer to the app. Secrets in it are not stored here. @throws Failure `input.invalid` if the question is no longer open */
export async function answerQuestion(id: string, answer: Answer): Promise<void> {
  await call('questions.answer', { id, answer });
  closeQuestion(id);
}

function applyQuestionEvent(event: AppEvent): void {
  if (event.event === 'question.asked') {
    const { question } = event;
    useQuestions.setState(({ open }) => ({ open: [...open.filter(({ id }) => id !== question.id), question] }));
  } else if (event.event === 'question.closed') {
    closeQuestion(event.id);
  }
}

/** Runs twice for an answered question: for the response and for the event. The second time changes nothing. */
function closeQuestion(id: string): void {
  useQuestions.setState((before) => {
    const open = before.open.filter((question) => question.id !== id);
    return open.length === before.open.length
      ? before
      : { open, closedCount: open.length === 0 ? 0 : before.closedCount + 1 };
  });
}
