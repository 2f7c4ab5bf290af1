import { type FormEvent, type ReactNode, useState } from 'react';
import { parseDestination } from '../../../shared/connection.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { TextField } from '../../parts/TextField.tsx';
import styles from './Connections.module.css';
import {
  type ConnectionDraft,
  describeDestination,
  emptyDraft,
  isIncomplete,
  suggestName,
  validateDraft,
} from './draft.ts';

export interface ConnectionFormProps {
  readonly initialDraft?: ConnectionDraft;
  /** The names of all other connections. */
  readonly takenNames: readonly string[];
  readonly action: string;
  /** Whether to focus the first field when the form appears. */
  readonly isFocused?: boolean;
  readonly note?: ReactNode;
  /** More fields, above the buttons. */
  readonly children?: ReactNode;
  /** Whether these fields can be submitted. */
  readonly canSubmit?: boolean;
  readonly onSubmit: (draft: ConnectionDraft) => Promise<void>;
  readonly onCancel?: (() => void) | undefined;
}

/** Edits the URI, the name and the identity file of a connection. */
export function ConnectionForm({
  initialDraft,
  takenNames,
  action,
  isFocused = true,
  note,
  children,
  canSubmit = true,
  onSubmit,
  onCancel,
}: ConnectionFormProps) {
  const [draft, setDraft] = useState(initialDraft ?? emptyDraft);
  const [hasCustomName, setHasCustomName] = useState(initialDraft !== undefined);
  const [visibleErrors, setVisibleErrors] = useState({ name: false, uri: false });
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  const errors = validateDraft(draft, takenNames);
  const destination = parseDestination(draft.uri.trim());
  const isUriComplete = draft.uri.trim() !== '' && !isIncomplete(draft.uri);
  const uriError = visibleErrors.uri || isUriComplete ? errors.uri : undefined;

  function changeUri(uri: string): void {
    // suggests a name from the host until a name is entered
    setDraft({ ...draft, uri, ...(hasCustomName ? {} : { name: suggestName(uri, takenNames) }) });
  }

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setVisibleErrors({ name: true, uri: true });
    setProblem(undefined);
    if (busy || !canSubmit || errors.name !== undefined || errors.uri !== undefined) {
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
    <form className={styles.form} onSubmit={(event) => void submit(event)} aria-label={action} noValidate>
      <TextField
        label="URI"
        mono
        autoFocus={isFocused}
        placeholder="ssh://user@host:22/run/podman/podman.sock"
        value={draft.uri}
        onChange={changeUri}
        onBlur={() => setVisibleErrors((before) => ({ ...before, uri: before.uri || draft.uri.trim() !== '' }))}
        error={uriError}
        description={
          uriError !== undefined
            ? undefined
            : isUriComplete && typeof destination !== 'string'
              ? describeDestination(destination)
              : 'user@host is enough for most machines. For an engine on this computer, enter local: or unix:///path.sock.'
        }
      />
      <div className={styles.fields}>
        <TextField
          label="Name"
          value={draft.name}
          onChange={(name) => {
            setHasCustomName(name !== '');
            setDraft({ ...draft, name });
          }}
          onBlur={() => setVisibleErrors((before) => ({ ...before, name: before.name || draft.name !== '' }))}
          error={visibleErrors.name || (hasCustomName && draft.name !== '') ? errors.name : undefined}
          description="Shown in farms, build plans and logs."
        />
        <TextField
          label="Identity file"
          optional
          mono
          placeholder="~/.ssh/id_ed25519"
          value={draft.identity}
          onChange={(identity) => setDraft({ ...draft, identity })}
          description="The private key to sign in with. If empty, the SSH agent and the default keys are used."
        />
      </div>
      {children}
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
