import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { type Problem, problemOf } from '../../shared/problem.ts';
import type { Answer, Question } from '../../shared/question.ts';
import { Button } from '../parts/Button.tsx';
import { Dialog } from '../parts/Dialog.tsx';
import { ProblemNote } from '../parts/ProblemNote.tsx';
import { answerQuestion, useQuestions } from '../stores/questions.ts';
import { hostKeyContent } from './question/host-key.tsx';
import { passphraseContent } from './question/passphrase.tsx';
import { passwordContent } from './question/password.tsx';
import { promptsContent } from './question/prompts.tsx';
import { proxyCommandContent } from './question/proxy-command.tsx';
import styles from './question/Question.module.css';
import type { AnswerControls, QuestionContent } from './question/question-content.ts';
import { secretContent } from './question/secret.tsx';

/**
 * Shows all open questions one after the other in one dialog, which stays open until no question is left. Escape and the
 * button at the left refuse the current question.
 */
export function QuestionDialog() {
  const question = useQuestions(({ open }) => open[0]);
  const { controls, problem } = useAnswerControls(question?.id);
  const { initialFocus } = controls;
  const id = question?.id;
  useEffect(() => {
    // the dialog moves the focus when it opens, but not for a question that replaces another one
    if (id !== undefined) {
      initialFocus.current?.focus();
    }
  }, [id, initialFocus]);

  const content = question && questionContent(question, controls);
  const refuse = () => controls.answer('refuse');
  return (
    <Dialog
      open={content !== undefined}
      onClose={refuse}
      title={content && <Title>{content.title}</Title>}
      description={content?.description}
      required
      wide
      initialFocus={initialFocus}
      footerStart={
        <Button
          ref={question?.kind === 'host-key' || question?.kind === 'proxy-command' ? initialFocus : undefined}
          kind="quiet"
          busy={controls.busy === 'refuse'}
          onClick={refuse}
        >
          {content?.refuseLabel}
        </Button>
      }
      footer={content?.actions}
    >
      <QuestionAnnouncement />
      {content?.body}
      {problem && <ProblemNote problem={problem} />}
    </Dialog>
  );
}

function questionContent(question: Question, controls: AnswerControls): QuestionContent {
  switch (question.kind) {
    case 'host-key':
      return hostKeyContent(question, controls);
    case 'passphrase':
      return passphraseContent(question, controls);
    case 'password':
      return passwordContent(question, controls);
    case 'prompts':
      return promptsContent(question, controls);
    case 'secret':
      return secretContent(question, controls);
    case 'proxy-command':
      return proxyCommandContent(question, controls);
  }
}

/** Sends one answer for each question. Stores that an answer is being sent, but not the answer, which may be a secret. */
function useAnswerControls(id: string | undefined): { controls: AnswerControls; problem: Problem | undefined } {
  const formId = useId();
  const initialFocus = useRef<HTMLElement>(null);
  const [state, setState] = useState<{ id: string; busy?: AnswerControls['busy']; problem?: Problem }>();
  const current = state?.id === id ? state : undefined;
  const busy = current?.busy;

  function answer(value: Answer): void {
    if (id === undefined || busy !== undefined) {
      return;
    }
    setState({ id, busy: typeof value === 'string' ? value : 'secrets' });
    answerQuestion(id, value).catch((error: unknown) => setState({ id, problem: problemOf(error) }));
  }
  return { controls: { busy, answer, formId, initialFocus }, problem: current?.problem };
}

/** The position of the current question, counting those that have been answered since the dialog opened. */
function useQuestionNumber(): { number: number; of: number } {
  const passed = useQuestions((state) => state.closedCount);
  const open = useQuestions((state) => state.open.length);
  return { number: passed + 1, of: passed + open };
}

function Title({ children }: { children: ReactNode }) {
  const { number, of } = useQuestionNumber();
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

/** Announces to screen readers that another question has replaced the previous one. */
function QuestionAnnouncement() {
  const { number, of } = useQuestionNumber();
  return <output className="visually-hidden">{of > 1 && `Question ${number} of ${of}`}</output>;
}
