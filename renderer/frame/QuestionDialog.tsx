import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { type Problem, problemOf } from '../../shared/problem.ts';
import type { Answer, Question } from '../../shared/question.ts';
import { Button } from '../parts/Button.tsx';
import { Dialog } from '../parts/Dialog.tsx';
import { ProblemNote } from '../parts/ProblemNote.tsx';
import { answerQuestion, useQuestions } from '../stores/questions.ts';
import { hostKeyParts } from './question/host-key.tsx';
import type { Answering, QuestionParts } from './question/parts.ts';
import { passphraseParts } from './question/passphrase.tsx';
import { passwordParts } from './question/password.tsx';
import { promptsParts } from './question/prompts.tsx';
import { proxyCommandParts } from './question/proxy-command.tsx';
import styles from './question/Question.module.css';

/**
 * Shows what waits for a person, one after the other, in one dialog: it stays open until nothing is left. Escape and the
 * button at the left refuse.
 */
export function QuestionDialog() {
  const question = useQuestions(({ open }) => open[0]);
  const { answering, problem } = useAnswering(question?.id);
  const { first } = answering;
  const id = question?.id;
  useEffect(() => {
    // the first one that opens the dialog is given the focus by it; the next one stands in what is open already
    if (id !== undefined) {
      first.current?.focus();
    }
  }, [id, first]);

  const parts = question && partsOf(question, answering);
  const refuse = () => answering.answer('refuse');
  return (
    <Dialog
      open={parts !== undefined}
      onClose={refuse}
      title={parts && <Title>{parts.title}</Title>}
      description={parts?.description}
      required
      wide
      initialFocus={first}
      footerStart={
        <Button
          ref={question?.kind === 'host-key' || question?.kind === 'proxy-command' ? first : undefined}
          kind="quiet"
          busy={answering.busy === 'refuse'}
          onClick={refuse}
        >
          {parts?.refuse}
        </Button>
      }
      footer={parts?.actions}
    >
      <NextQuestion />
      {parts?.body}
      {problem && <ProblemNote problem={problem} />}
    </Dialog>
  );
}

function partsOf(question: Question, answering: Answering): QuestionParts {
  switch (question.kind) {
    case 'host-key':
      return hostKeyParts(question, answering);
    case 'passphrase':
      return passphraseParts(question, answering);
    case 'password':
      return passwordParts(question, answering);
    case 'prompts':
      return promptsParts(question, answering);
    case 'proxy-command':
      return proxyCommandParts(question, answering);
  }
}

/** Passes one answer on for each question. What was answered is not kept: only that it is being passed on. */
function useAnswering(id: string | undefined): { answering: Answering; problem: Problem | undefined } {
  const form = useId();
  const first = useRef<HTMLElement>(null);
  const [state, setState] = useState<{ id: string; busy?: Answering['busy']; problem?: Problem }>();
  const current = state?.id === id ? state : undefined;
  const busy = current?.busy;

  function answer(given: Answer): void {
    if (id === undefined || busy !== undefined) {
      return;
    }
    setState({ id, busy: typeof given === 'string' ? given : 'secrets' });
    answerQuestion(id, given).catch((error: unknown) => setState({ id, problem: problemOf(error) }));
  }
  return { answering: { busy, answer, form, first }, problem: current?.problem };
}

/** `2 of 3`: those that are answered already count too. */
function useNumber(): { number: number; of: number } {
  const passed = useQuestions((state) => state.passed);
  const open = useQuestions((state) => state.open.length);
  return { number: passed + 1, of: passed + open };
}

function Title({ children }: { children: ReactNode }) {
  const { number, of } = useNumber();
  return (
    <span className={styles.title}>
      {children}
      {of > 1 && (
        <span className={styles.number} aria-hidden="true">
          {number} of {of}
        </span>
      )}
    </span>
  );
}

/** Says that another question has taken the place of the one before, which a screen reader does not see happen. */
function NextQuestion() {
  const { number, of } = useNumber();
  return <output className="visually-hidden">{of > 1 && `Question ${number} of ${of}`}</output>;
}
