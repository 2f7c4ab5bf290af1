import { type FormEvent, useState } from 'react';
import { freeName } from '../../../shared/free-name.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { addConnection, useConnections } from '../../stores/connections.ts';
import { probeUnknown } from '../../stores/nodes.ts';
import styles from './FirstStart.module.css';
import { nameError, nameOf, uriError, uriWords } from './new-connection.ts';

interface AddConnectionProps {
  readonly onAdded: (name: string) => void;
  readonly onCancel: () => void;
}

function scrollIntoView(form: HTMLFormElement | null): void {
  form?.scrollIntoView({ block: 'nearest' });
}

/** What was not found is named by its address; the rest is guessed from it until a person says otherwise. */
export function AddConnection({ onAdded, onCancel }: AddConnectionProps) {
  const connections = useConnections((state) => state.connections);
  const [uri, setUri] = useState('');
  const [ownName, setOwnName] = useState<string>();
  const [identity, setIdentity] = useState('');
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  const taken = connections.map((connection) => connection.name);
  const guessed = nameOf(uri);
  const name = ownName ?? (guessed === '' ? '' : freeName(guessed, (name) => taken.includes(name)));
  const isBlank = uri.trim() === '';
  const wrongUri = isBlank ? undefined : uriError(uri);
  const errors = {
    uri: isBlank && tried ? 'Where is the engine?' : wrongUri,
    // without an address there is nothing that could have a name
    name: name !== '' ? nameError(name, taken) : tried && !isBlank && !wrongUri ? 'Give it a name.' : undefined,
  };

  async function add(event: FormEvent): Promise<void> {
    event.preventDefault();
    setTried(true);
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
      // it opens below a list that may be long
      ref={scrollIntoView}
      className={styles.form}
      onSubmit={(event) => void add(event)}
      aria-label="Add a connection"
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
            : (uriWords(uri) ??
              'A host that you reach by SSH, unix:///path/to.sock of an engine on this computer, or local: for whichever it has.')
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
          description="Without one the agent and your usual keys are tried."
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
