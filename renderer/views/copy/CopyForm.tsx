import type { KeyboardEvent } from 'react';
import type { Problem } from '../../../shared/failure.ts';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Segmented } from '../../parts/Segmented.tsx';
import { Switch } from '../../parts/Switch.tsx';
import { shortcuts } from '../../parts/shortcut-table.ts';
import { TextField } from '../../parts/TextField.tsx';
import { matchesShortcut } from '../../shortcuts.ts';
import styles from './Copy.module.css';
import { type CopyDraft, destinationError, proposedName, requestOf, sourceError } from './copy-draft.ts';
import { PlatformChoice } from './PlatformChoice.tsx';

const destinations = [
  { value: 'here', label: 'This computer' },
  { value: 'registry', label: 'Another registry' },
] as const;

const logins = [
  { value: 'saved', label: 'Saved login' },
  { value: 'entered', label: 'Username and password' },
] as const;

export interface CopyFormProps {
  /** The id of the form, for the button that submits it. */
  readonly id: string;
  readonly draft: CopyDraft;
  readonly onDraft: (draft: CopyDraft) => void;
  readonly problem: Problem | undefined;
  readonly busy: boolean;
  readonly onStart: () => void;
}

/** Which image is copied, where to, and for which platforms. */
export function CopyForm({ id, draft, onDraft, problem, busy, onStart }: CopyFormProps) {
  const change = (values: Partial<CopyDraft>): void => onDraft({ ...draft, ...values });
  const isHere = draft.to === 'here';
  function submit(): void {
    if (requestOf(draft) && !busy) {
      onStart();
    }
  }
  return (
    <form
      id={id}
      className={styles.form}
      onKeyDown={(event: KeyboardEvent) => {
        if (matchesShortcut(event.nativeEvent, shortcuts.submit.keys)) {
          event.preventDefault();
          submit();
        }
      }}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {problem && <ProblemNote problem={problem} />}
      <TextField
        label="Image"
        mono
        autoFocus
        value={draft.source}
        onChange={(source) => change({ source, ...(draft.platforms ? { platforms: [] } : {}) })}
        placeholder="registry.example.com/team/api:1.4"
        error={sourceError(draft)}
        description="Registry, repository and tag or digest. Without a registry, it is in Docker Hub."
      />
      <section className={styles.group} aria-label="Copy to">
        <h3 className={styles.heading}>Copy to</h3>
        <div>
          <Segmented
            label="Copy to"
            value={draft.to}
            options={destinations}
            onChange={(to) => change({ to, destination: '', merge: false })}
          />
        </div>
        <TextField
          label={isHere ? 'Name here' : 'Destination'}
          optional={isHere && proposedName(draft) !== undefined}
          mono
          value={draft.destination}
          onChange={(destination) => change({ destination })}
          placeholder={isHere ? (proposedName(draft) ?? 'api:1.4') : 'eu.registry.example.com/team/api:1.4'}
          error={destinationError(draft)}
          description={
            isHere
              ? 'In local storage. It replaces an image that has this name.'
              : 'Nothing is stored on this computer. Signatures and what else describes the image are copied, too.'
          }
        />
        <Switch
          label="Add to the list that is there"
          description="Each image replaces that of its platform. All others stay."
          checked={draft.merge}
          onChange={(merge) => change({ merge })}
        />
      </section>
      <PlatformChoice draft={draft} onChange={(platforms) => change({ platforms })} />
      <section className={styles.group} aria-label="Sign in as">
        <h3 className={styles.heading}>Sign in as</h3>
        <div>
          <Segmented label="Sign in as" value={draft.login} options={logins} onChange={(login) => change({ login })} />
        </div>
        {draft.login === 'entered' ? (
          <>
            <div className={styles.pair}>
              <TextField label="Username" value={draft.username} onChange={(username) => change({ username })} />
              <TextField
                label="Password or token"
                type="password"
                value={draft.password}
                onChange={(password) => change({ password })}
              />
            </div>
            <p className={styles.hint}>Used to read this image only, and not saved.</p>
          </>
        ) : (
          <p className={styles.hint}>If there is no saved login for the registry, the image is read anonymously.</p>
        )}
      </section>
      <Switch
        label="Allow HTTP or unverified TLS"
        description={
          draft.insecure
            ? 'The registries are not verified, and others on the network can read everything, including your credentials.'
            : 'For your own registries without a trusted certificate.'
        }
        checked={draft.insecure}
        onChange={(insecure) => change({ insecure })}
      />
    </form>
  );
}
