import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { RememberOption } from '../../../shared/question.ts';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { SecretField } from '../../parts/SecretField.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { useQuestions } from '../../stores/questions.ts';
import styles from './Question.module.css';
import type { AnswerControls } from './question-content.ts';

export interface SecretFormField {
  readonly label: string;
  /** Names the secret in the tooltip of the show and hide button: `passphrase`. Without it, the text is visible. */
  readonly secretName?: string;
}

export interface SecretFormProps {
  readonly questionId: string;
  readonly fields: readonly SecretFormField[];
  /** Why the previous answer was rejected, as a sentence. Shown at the first field until it is changed. */
  readonly previousError?: string | undefined;
  /** The error for an empty field. Without it, empty answers are accepted. */
  readonly emptyError?: string;
  readonly remember?: RememberOption;
  readonly controls: AnswerControls;
}

/**
 * The fields of a question. Their values are stored only here, and are cleared when the answer is sent or the question is
 * closed. The buttons of the dialog submit the form.
 */
export function SecretForm({ questionId, fields, previousError, emptyError, remember, controls }: SecretFormProps) {
  const { answer, busy, formId, initialFocus } = controls;
  const [values, setValues] = useState<readonly string[]>([]);
  const [error, setError] = useState(previousError);
  const [shouldRemember, setShouldRemember] = useState(false);
  const inputs = useRef<(HTMLInputElement | null)[]>([]);
  const isOpen = useQuestions(({ open }) => open.some(({ id }) => id === questionId));
  // the dialog stays mounted while it fades out
  useEffect(() => {
    if (!isOpen) {
      setValues([]);
    }
  }, [isOpen]);

  function change(at: number, text: string): void {
    setValues((before) => fields.map((_, index) => (index === at ? text : (before[index] ?? ''))));
    setError(undefined);
  }

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (busy !== undefined) {
      return;
    }
    const secrets = fields.map((_, index) => values[index] ?? '');
    if (emptyError !== undefined && secrets.includes('')) {
      setError(emptyError);
      inputs.current[secrets.indexOf('')]?.focus();
      return;
    }
    setValues([]);
    answer({ secrets, remember: shouldRemember });
  }

  /** Enter moves to the next empty field below, and submits the form if there is none. */
  function onKeyDown(event: KeyboardEvent, at: number): void {
    const next = fields.findIndex((_, index) => index > at && (values[index] ?? '') === '');
    if (event.key === 'Enter' && next !== -1) {
      event.preventDefault();
      inputs.current[next]?.focus();
    }
  }

  return (
    <form id={formId} onSubmit={submit} autoComplete="off" className={styles.form}>
      <div className={styles.fields}>
        {fields.map(({ label, secretName }, index) => {
          const field = {
            label,
            value: values[index] ?? '',
            error: index === 0 ? error : undefined,
            onChange: (text: string) => change(index, text),
            onKeyDown: (event: KeyboardEvent) => onKeyDown(event, index),
            ref: (input: HTMLInputElement | null) => {
              inputs.current[index] = input;
              if (index === 0) {
                initialFocus.current = input;
              }
            },
          };
          return secretName === undefined ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: labels are not unique, and the fields never change their order
            <TextField key={index} {...field} />
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above
            <SecretField key={index} {...field} what={secretName} />
          );
        })}
      </div>
      {remember && (
        <Checkbox
          label="Save in the system keychain"
          description={remember.possible ? undefined : remember.reason}
          disabled={!remember.possible}
          checked={shouldRemember}
          onChange={setShouldRemember}
        />
      )}
    </form>
  );
}
