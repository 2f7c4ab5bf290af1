import { useEffect, useRef, useState } from 'react';
import type { Answer, Question } from '../../shared/contract.ts';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { Button } from '../parts/Button.tsx';
import { Copyable } from '../parts/Copyable.tsx';
import { Dialog } from '../parts/Dialog.tsx';
import { ProblemNote } from '../parts/ProblemNote.tsx';
import { answerQuestion, useQuestions } from '../stores/questions.ts';
import styles from './QuestionDialog.module.css';

/** Shows the decisions that wait for a person, one after the other. */
export function QuestionDialog() {
  const question = useQuestions(({ open }) => open[0]);
  // it stays drawn while the dialog fades away
  const [shown, setShown] = useState<Question>();
  useEffect(() => {
    if (question) {
      setShown(question);
    }
  }, [question]);
  return shown ? <HostKey key={shown.id} question={shown} open={question?.id === shown.id} /> : null;
}

function HostKey({ question, open }: { question: Question; open: boolean }) {
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState<Answer>();
  const refuse = useRef<HTMLElement>(null);
  const { connection, host, port, keyType, fingerprint } = question;

  async function answer(given: Answer): Promise<void> {
    setBusy(given);
    setProblem(undefined);
    try {
      await answerQuestion(question.id, given);
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(undefined);
    }
  }

  return (
    <Dialog
      open={open}
      onClose={() => void answer('refuse')}
      title={`Is this ${connection}?`}
      description="Its host key is not known yet. Whoever holds the key gets your context and sends images back, so compare the fingerprint before you trust it."
      required
      wide
      initialFocus={refuse}
      footerStart={
        <Button ref={refuse} kind="quiet" busy={busy === 'refuse'} onClick={() => void answer('refuse')}>
          Refuse
        </Button>
      }
      footer={
        <>
          <Button busy={busy === 'once'} onClick={() => void answer('once')}>
            Use once
          </Button>
          <Button kind="primary" busy={busy === 'trust'} onClick={() => void answer('trust')}>
            Trust and save
          </Button>
        </>
      }
    >
      <dl className={styles.facts}>
        <dt>Host</dt>
        <dd>
          {host}, port {port}
        </dd>
        <dt>Key</dt>
        <dd>{keyType}</dd>
        <dt>Fingerprint</dt>
        <dd className={styles.print}>{fingerprint}</dd>
      </dl>
      <div className={styles.check}>
        <p>On the host itself, this prints the same line:</p>
        <Copyable block what="command" text={`ssh-keygen -lf /etc/ssh/ssh_host_${fileOf(keyType)}_key.pub`} />
      </div>
      {problem && <ProblemNote problem={problem} />}
    </Dialog>
  );
}

/** The part of sshd's key file names that stands for a type as the protocol names it (`ssh-ed25519`, `ecdsa-sha2-nistp256`). */
function fileOf(keyType: string): string {
  return /ed25519|ecdsa|rsa/.exec(keyType)?.[0] ?? 'ed25519';
}
