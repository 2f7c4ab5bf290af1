import { type FormEvent, type ReactNode, useState } from 'react';
import { parseDestination } from '../../../shared/connection.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { TextField } from '../../parts/TextField.tsx';
import styles from './Connections.module.css';
import { type Draft, destinationInWords, emptyDraft, errorsOf, isUnfinished, suggestName } from './draft.ts';

export interface ConnectionFormProps {
  readonly start?: Draft;
  /** Names that are taken by other connections. */
  readonly others: readonly string[];
  readonly action: string;
  /** The first field has the focus when the form appears. */
  readonly isFocused?: boolean;
  readonly note?: ReactNode;
  readonly onSubmit: (draft: Draft) => Promise<void>;
  readonly onCancel?: (() => void) | undefined;
}

/** Where an engine is, what it is called here, and with which key it lets us in. What is wrong is said while one types. */
export function ConnectionForm({
  start,
  others,
  action,
  isFocused = true,
  note,
  onSubmit,
  onCancel,
}: ConnectionFormProps) {
  const [draft, setDraft] = useState(start ?? emptyDraft);
  const [isNamed, setNamed] = useState(start !== undefined);
  const [shown, setShown] = useState({ name: false, uri: false });
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  const errors = errorsOf(draft, others);
  const destination = parseDestination(draft.uri.trim());
  const isLive = draft.uri.trim() !== '' && !isUnfinished(draft.uri);
  const uriError = shown.uri || isLive ? errors.uri : undefined;

  function changeUri(uri: string): void {
    // until somebody names it, it is called after its host
    setDraft({ ...draft, uri, ...(isNamed ? {} : { name: suggestName(uri, others) }) });
  }

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setShown({ name: true, uri: true });
    setProblem(undefined);
    if (busy || errors.name !== undefined || errors.uri !== undefined) {
      return;
    }
    setBusy(true);
    try {
      await onSubmit({ name: draft.name.trim(), uri: draft.uri.trim(), identity: draft.identity.trim() });
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form className={styles.form} onSubmit={(event) => void submit(event)} noValidate>
      <TextField
        label="URI"
        mono
        autoFocus={isFocused}
        placeholder="ssh://user@host:22/run/podman/podman.sock"
        value={draft.uri}
        onChange={changeUri}
        onBlur={() => setShown((before) => ({ ...before, uri: before.uri || draft.uri.trim() !== '' }))}
        error={uriError}
        description={
          uriError !== undefined
            ? undefined
            : isLive && typeof destination !== 'string'
              ? destinationInWords(destination)
              : 'user@host is enough for most machines. For this computer’s engine write local: or unix:///path.sock.'
        }
      />
      <div className={styles.fields}>
        <TextField
          label="Name"
          value={draft.name}
          onChange={(name) => {
            setNamed(name !== '');
            setDraft({ ...draft, name });
          }}
          onBlur={() => setShown((before) => ({ ...before, name: before.name || draft.name !== '' }))}
          error={shown.name || (isNamed && draft.name !== '') ? errors.name : undefined}
          description="What it is called in farms, plans and logs."
        />
        <TextField
          label="Identity file"
          optional
          mono
          placeholder="~/.ssh/id_ed25519"
          value={draft.identity}
          onChange={(identity) => setDraft({ ...draft, identity })}
          description="The private key to sign in with. Without one, the agent and the default keys are tried."
        />
      </div>
      {note && <p className={styles.quiet}>{note}</p>}
      {problem && <ProblemNote problem={problem} />}
      <div className={styles.buttons}>
        <Button type="submit" kind="primary" busy={busy}>
          {action}
        </Button>
        {onCancel && <Button onClick={onCancel}>Cancel</Button>}
      </div>
    </form>
  );
}
