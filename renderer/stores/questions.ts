import { create } from 'zustand';
import type { AppEvent } from '../../shared/contract.ts';
import type { Answer, Question } from '../../shared/question.ts';
import { call } from '../api.ts';

interface Questions {
  /** Open questions, oldest first; the frame shows the first. */
  readonly open: readonly Question[];
  /** How many have been settled since one of them was alone last: three at once are 1, 2 and 3 of 3. */
  readonly passed: number;
}

export const useQuestions = create<Questions>(() => ({ open: [], passed: 0 }));

/** @throws Failure */
export async function loadQuestions(): Promise<void> {
  useQuestions.setState({ open: await call('questions.list', {}), passed: 0 });
}

/** Passes an answer on; what it holds is kept nowhere here. @throws Failure `input.invalid` where it is not open any more */
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

/** Told of by the answer and by the event of it; the second changes nothing. */
function settle(id: string): void {
  useQuestions.setState((before) => {
    const open = before.open.filter((question) => question.id !== id);
    return open.length === before.open.length ? before : { open, passed: open.length === 0 ? 0 : before.passed + 1 };
  });
}
