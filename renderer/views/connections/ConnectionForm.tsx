import { type FormEvent, type ReactNode, useState } from 'react';
import { type Connection, parseDestination } from '../../../shared/connection.ts';
import { defaultPreferences, preferenceTexts } from '../../../shared/node-preferences.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { TextField } from '../../parts/TextField.tsx';
import styles from './Connections.module.css';
import {
  type ConnectionDraft,
  type ConnectionDraftErrors,
  describeDestination,
  emptyDraft,
  isIncomplete,
  isUnencrypted,
  needsIdentity,
  needsTls,
  suggestName,
  toConnection,
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
  readonly onSubmit: (connection: Connection) => Promise<void>;
  readonly onCancel?: (() => void) | undefined;
}

/** Edits the URI, the name and the options of a connection. Asks before a connection to another machine goes without TLS. */
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
  const [visibleErrors, setVisibleErrors] = useState({ name: false, uri: false, platforms: false });
  const [areNumbersChecked, setAreNumbersChecked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [isAsking, setIsAsking] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  const errors = validateDraft(draft, takenNames);
  const destination = parseDestination(draft.uri.trim());
  const isUriComplete = draft.uri.trim() !== '' && !isIncomplete(draft.uri);
  const uriError = visibleErrors.uri || isUriComplete ? errors.uri : undefined;
  const change = (changes: Partial<ConnectionDraft>): void => setDraft({ ...draft, ...changes });

  function changeUri(uri: string): void {
    // suggests a name from the host until a name is entered
    change({ uri, ...(hasCustomName ? {} : { name: suggestName(uri, takenNames) }) });
  }

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setVisibleErrors({ name: true, uri: true, platforms: true });
    setAreNumbersChecked(true);
    setProblem(undefined);
    if (busy || !canSubmit || Object.values(errors).some((error) => error !== undefined)) {
      return;
    }
    // what was allowed for one address is asked again for another
    const isAllowed = draft.allowUnencrypted && draft.uri.trim() === initialDraft?.uri;
    if (isUnencrypted(draft) && !isAllowed) {
      setIsAsking(true);
      return;
    }
    await save(draft);
  }

  async function save(valid: ConnectionDraft): Promise<void> {
    setBusy(true);
    try {
      await onSubmit(toConnection(valid));
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
              : 'user@host is enough for most machines. For an engine on this computer, enter local: or unix:///path.sock. Others are tcp://host:port, docker-container://NAME and kube-pod://POD.'
        }
      />
      <div className={styles.fields}>
        <TextField
          label="Name"
          value={draft.name}
          onChange={(name) => {
            setHasCustomName(name !== '');
            change({ name });
          }}
          onBlur={() => setVisibleErrors((before) => ({ ...before, name: before.name || draft.name !== '' }))}
          error={visibleErrors.name || (hasCustomName && draft.name !== '') ? errors.name : undefined}
          description="Shown in farms, build plans and logs."
        />
        {needsIdentity(destination) && (
          <TextField
            label="Identity file"
            optional
            mono
            placeholder="~/.ssh/id_ed25519"
            value={draft.identity}
            onChange={(identity) => change({ identity })}
            description="The private key to sign in with. If empty, the SSH agent and the default keys are used."
          />
        )}
        {needsTls(destination) && <TlsFields draft={draft} onChange={change} />}
        <TextField
          label="Platforms"
          optional
          mono
          placeholder="linux/arm64, linux/arm/v7"
          value={draft.platforms}
          onChange={(platforms) => change({ platforms })}
          onBlur={() => setVisibleErrors((before) => ({ ...before, platforms: true }))}
          error={visibleErrors.platforms ? errors.platforms : undefined}
          description="If set, only these are built there."
        />
      </div>
      <PreferenceFields
        draft={draft}
        errors={areNumbersChecked ? errors : {}}
        isOpen={preferenceTexts(toConnection(initialDraft ?? emptyDraft)).length > 0}
        onChange={change}
        onBlur={() => setAreNumbersChecked(true)}
      />
      {children}
      {note && <p className={styles.quiet}>{note}</p>}
      {problem && <ProblemNote problem={problem} />}
      <div className={styles.buttons}>
        <Button type="submit" kind="primary" busy={busy}>
          {action}
        </Button>
        {onCancel && <Button onClick={onCancel}>Cancel</Button>}
      </div>
      <ConfirmDialog
        open={isAsking}
        onClose={() => setIsAsking(false)}
        title="Connect without encryption?"
        description="Everybody on the network between this computer and the engine can read your files and use the engine, which is root on its machine. Use TLS or SSH unless you trust that network."
        action="Connect without encryption"
        onConfirm={() => save({ ...draft, allowUnencrypted: true })}
      />
    </form>
  );
}

interface PreferenceFieldsProps {
  readonly draft: ConnectionDraft;
  readonly errors: ConnectionDraftErrors;
  /** Whether the fields are shown at first. */
  readonly isOpen: boolean;
  readonly onChange: (changes: Partial<ConnectionDraft>) => void;
  readonly onBlur: () => void;
}

/** Which jobs the node gets, and how many. */
function PreferenceFields({ draft, errors, isOpen, onChange, onBlur }: PreferenceFieldsProps) {
  return (
    <details className={styles.preferences} open={isOpen}>
      <summary>Which jobs it gets</summary>
      <div className={styles.fields}>
        <TextField
          label="Priority"
          optional
          placeholder={String(defaultPreferences.priority)}
          value={draft.priority}
          onChange={(priority) => onChange({ priority })}
          onBlur={onBlur}
          error={errors.priority}
          description="Nodes with a lower number come first. Others get only what those cannot build."
        />
        <TextField
          label="Weight"
          optional
          placeholder={String(defaultPreferences.weight)}
          value={draft.weight}
          onChange={(weight) => onChange({ weight })}
          onBlur={onBlur}
          error={errors.weight}
          description="Its share of the jobs among nodes of the same priority."
        />
        <TextField
          label="Jobs at once"
          optional
          value={draft.slots}
          onChange={(slots) => onChange({ slots })}
          onBlur={onBlur}
          error={errors.slots}
          description="If empty, as the settings say."
        />
      </div>
      <Checkbox
        label="No emulation on this node"
        description="It builds only what it runs natively."
        checked={draft.emulation === 'never'}
        onChange={(isNever) => onChange({ emulation: isNever ? 'never' : 'allowed' })}
      />
    </details>
  );
}

interface TlsFieldsProps {
  readonly draft: ConnectionDraft;
  readonly onChange: (changes: Partial<ConnectionDraft>) => void;
}

function TlsFields({ draft, onChange }: TlsFieldsProps) {
  return (
    <>
      <TextField
        label="Certificate authority"
        optional
        mono
        placeholder="~/certs/ca.pem"
        value={draft.tlsCa}
        onChange={(tlsCa) => onChange({ tlsCa })}
        description="The file of the authority that signed the certificate of the engine. TLS is used if it or another field of TLS is set."
      />
      <TextField
        label="Client certificate"
        optional
        mono
        placeholder="~/certs/cert.pem"
        value={draft.tlsCert}
        onChange={(tlsCert) => onChange({ tlsCert })}
        description="Shows the engine who you are."
      />
      <TextField
        label="Key of the client certificate"
        optional
        mono
        placeholder="~/certs/key.pem"
        value={draft.tlsKey}
        onChange={(tlsKey) => onChange({ tlsKey })}
        description="Readable only for you, and without a passphrase."
      />
      <TextField
        label="Server name"
        optional
        mono
        value={draft.tlsServerName}
        onChange={(tlsServerName) => onChange({ tlsServerName })}
        description="The name in the certificate of the engine, if it is not the host of the URI."
      />
    </>
  );
}
