import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { Remember } from '../../../shared/question.ts';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { SecretField } from '../../parts/SecretField.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { useQuestions } from '../../stores/questions.ts';
import type { Answering } from './parts.ts';
import styles from './Question.module.css';

export interface AskedField {
  readonly label: string;
  /** What the button beside it shows and hides: `passphrase`. Without it, what is typed may be seen. */
  readonly secret?: string;
}

export interface SecretFormProps {
  readonly question: string;
  readonly fields: readonly AskedField[];
  /** What is wrong with the answer before, in a sentence; said at the first field until somebody types. */
  readonly wrong?: string | undefined;
  /** What is said where nothing was typed; without it, nothing is an answer too. */
  readonly empty?: string;
  readonly remember?: Remember;
  readonly answering: Answering;
}

/**
 * The fields that a question asks for. What is typed lives here alone, until it is sent or the question is settled in any
 * other way; the buttons of the dialog send the form.
 */
export function SecretForm({ question, fields, wrong, empty, remember, answering }: SecretFormProps) {
  const { answer, busy, form, first } = answering;
  const [typed, setTyped] = useState<readonly string[]>([]);
  const [error, setError] = useState(wrong);
  const [isKept, setKept] = useState(false);
  const inputs = useRef<(HTMLInputElement | null)[]>([]);
  const isOpen = useQuestions(({ open }) => open.some(({ id }) => id === question));
  // the dialog stays drawn while it fades away
  useEffect(() => {
    if (!isOpen) {
      setTyped([]);
    }
  }, [isOpen]);

  function change(at: number, text: string): void {
    setTyped((before) => fields.map((_, index) => (index === at ? text : (before[index] ?? ''))));
    setError(undefined);
  }

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (busy !== undefined) {
      return;
    }
    const secrets = fields.map((_, index) => typed[index] ?? '');
    if (empty !== undefined && secrets.includes('')) {
      setError(empty);
      inputs.current[secrets.indexOf('')]?.focus();
      return;
    }
    setTyped([]);
    answer({ secrets, remember: isKept });
  }

  /** Enter answers; but where a field below is still empty it goes there first. */
  function onKeyDown(event: KeyboardEvent, at: number): void {
    const next = fields.findIndex((_, index) => index > at && (typed[index] ?? '') === '');
    if (event.key === 'Enter' && next !== -1) {
      event.preventDefault();
      inputs.current[next]?.focus();
    }
  }

  return (
    <form id={form} onSubmit={submit} autoComplete="off" className={styles.form}>
      <div className={styles.fields}>
        {fields.map(({ label, secret }, index) => {
          const field = {
            label,
            value: typed[index] ?? '',
            error: index === 0 ? error : undefined,
            onChange: (text: string) => change(index, text),
            onKeyDown: (event: KeyboardEvent) => onKeyDown(event, index),
            ref: (input: HTMLInputElement | null) => {
              inputs.current[index] = input;
              if (index === 0) {
                first.current = input;
              }
            },
          };
          return secret === undefined ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: two fields may have the same label, and none of them moves
            <TextField key={index} {...field} />
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above
            <SecretField key={index} {...field} what={secret} />
          );
        })}
      </div>
      {remember && (
        <Checkbox
          label="Remember in the system’s keychain"
          description={remember.possible ? undefined : remember.reason}
          disabled={!remember.possible}
          checked={isKept}
          onChange={setKept}
        />
      )}
    </form>
  );
}
