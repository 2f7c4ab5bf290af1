import { type FormEvent, useState } from 'react';
import { freeName } from '../../../shared/free-name.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { addConnection, useConnections } from '../../stores/connections.ts';
import { probeUnknown } from '../../stores/nodes.ts';
import { addressError, connectionNameError, describeAddress, suggestName } from './address.ts';
import styles from './FirstStart.module.css';

interface AddConnectionFormProps {
  readonly onAdded: (name: string) => void;
  readonly onCancel: () => void;
}

function scrollIntoView(form: HTMLFormElement | null): void {
  form?.scrollIntoView({ block: 'nearest' });
}

/** Adds an engine that was not discovered. Suggests a name from the address. */
export function AddConnectionForm({ onAdded, onCancel }: AddConnectionFormProps) {
  const connections = useConnections((state) => state.connections);
  const [uri, setUri] = useState('');
  const [ownName, setOwnName] = useState<string>();
  const [identity, setIdentity] = useState('');
  const [wasSubmitted, setWasSubmitted] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  const takenNames = connections.map((connection) => connection.name);
  const suggestion = suggestName(uri);
  const name = ownName ?? (suggestion === '' ? '' : freeName(suggestion, (name) => takenNames.includes(name)));
  const isBlank = uri.trim() === '';
  const addressProblem = isBlank ? undefined : addressError(uri);
  const errors = {
    uri: isBlank && wasSubmitted ? 'Enter an address.' : addressProblem,
    // the name is suggested from the address, so its error waits for an address
    name:
      name !== ''
        ? connectionNameError(name, takenNames)
        : wasSubmitted && !isBlank && !addressProblem
          ? 'Enter a name.'
          : undefined,
  };

  async function add(event: FormEvent): Promise<void> {
    event.preventDefault();
    setWasSubmitted(true);
    setProblem(undefined);
    if (isBlank || name === '' || errors.uri || errors.name) {
      return;
    }
    setBusy(true);
    try {
      const key = identity.trim();
      await addConnection({ name, uri: uri.trim(), ...(key ? { identity: key } : {}) });
      probeUnknown();
      onAdded(name);
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  }

  return (
    <form
      // the form opens below a list that may be long
      ref={scrollIntoView}
      className={styles.form}
      onSubmit={(event) => void add(event)}
      aria-label="Add connection"
      noValidate
    >
      <TextField
        label="Address"
        mono
        autoFocus
        value={uri}
        onChange={setUri}
        placeholder="ssh://user@host"
        error={errors.uri}
        description={
          errors.uri
            ? undefined
            : (describeAddress(uri) ??
              'An SSH host, unix:///path/to.sock for an engine on this computer, or local: to find that engine automatically.')
        }
      />
      <div className={styles.formRow}>
        <TextField label="Name" value={name} onChange={setOwnName} error={errors.name} placeholder="pi4" />
        <TextField
          label="Identity file"
          optional
          mono
          value={identity}
          onChange={setIdentity}
          placeholder="~/.ssh/id_ed25519"
          description="If empty, the SSH agent and the default keys are used."
        />
      </div>
      {problem && <ProblemNote problem={problem} />}
      <div className={styles.formButtons}>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" kind="primary" busy={busy}>
          Add connection
        </Button>
      </div>
    </form>
  );
}
