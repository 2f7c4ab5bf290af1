import { create } from 'zustand';
import type { Answer, AppEvent, Question } from '../../shared/contract.ts';
import { call } from '../api.ts';

interface Questions {
  /** Open questions, oldest first; the frame shows the first. */
  readonly open: readonly Question[];
}

export const useQuestions = create<Questions>(() => ({ open: [] }));

/** @throws Failure */
export async function loadQuestions(): Promise<void> {
  useQuestions.setState({ open: await call('questions.list', {}) });
}

/** @throws Failure `input.invalid` where it is not open any more */
export async function answerQuestion(id: string, answer: Answer): Promise<void> {
  await call('questions.answer', { id, answer });
  settle(id);
}

export function foldQuestions(event: AppEvent): void {
  if (event.event === 'question.asked') {
    const { question } = event;
    useQuestions.setState(({ open }) => ({ open: [...open.filter(({ id }) => id !== question.id), question] }));
  } else if (event.event === 'question.settled') {
    settle(event.id);
  }
}

function settle(id: string): void {
  useQuestions.setState(({ open }) => ({ open: open.filter((question) => question.id !== id) }));
}
