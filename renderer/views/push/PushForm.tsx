import type { KeyboardEvent } from 'react';
import { formatBytes, formatCount, formatReferenceShort } from '../../../shared/format.ts';
import type { ManifestList } from '../../../shared/image.ts';
import type { Problem } from '../../../shared/problem.ts';
import { matches } from '../../frame/shortcuts.ts';
import { PlatformChip } from '../../parts/Chip.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Segmented } from '../../parts/Segmented.tsx';
import { Switch } from '../../parts/Switch.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { checkDestination } from './destination.ts';
import styles from './Push.module.css';

/** What a person has typed. The password is never stored. */
export interface PushDraft {
  readonly destination: string;
  readonly login: 'kept' | 'typed';
  readonly username: string;
  readonly password: string;
  readonly insecure: boolean;
}

const logins = [
  { value: 'kept', label: 'What podman and docker keep' },
  { value: 'typed', label: 'User and password' },
] as const;

export interface PushFormProps {
  /** Of the form, for the button that sends it. */
  readonly id: string;
  readonly list: ManifestList;
  readonly draft: PushDraft;
  readonly onDraft: (draft: PushDraft) => void;
  readonly problem: Problem | undefined;
  readonly busy: boolean;
  readonly onPush: () => void;
}

/** Whether a push can be started with it. */
export function isReady({ destination, login, username, password }: PushDraft): boolean {
  return checkDestination(destination).kind === 'good' && (login === 'kept' || (username !== '' && password !== ''));
}

/** Where to, as whom, and what will travel. */
export function PushForm({ id, list, draft, onDraft, problem, busy, onPush }: PushFormProps) {
  const change = (part: Partial<PushDraft>): void => onDraft({ ...draft, ...part });
  const checked = checkDestination(draft.destination);
  const registry = checked.kind === 'good' ? checked.reference.registry : undefined;
  function onKeyDown(event: KeyboardEvent): void {
    if (isReady(draft) && !busy && matches(event.nativeEvent, 'Mod+Enter')) {
      event.preventDefault();
      onPush();
    }
  }

  return (
    <form
      id={id}
      className={styles.form}
      onKeyDown={onKeyDown}
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady(draft) && !busy) {
          onPush();
        }
      }}
    >
      {problem && <ProblemNote problem={problem} />}
      <TextField
        label="Destination"
        mono
        autoFocus
        value={draft.destination}
        onChange={(destination) => change({ destination })}
        placeholder={`registry.example.com/team/${formatReferenceShort(list.reference)}`}
        error={draft.destination !== '' && checked.kind === 'wrong' ? checked.problem : undefined}
        description={
          checked.kind === 'good' && checked.text !== draft.destination.trim()
            ? `It will be ${checked.text}.`
            : 'Registry, repository and tag. It is remembered for the next push.'
        }
      />
      <section className={styles.group} aria-label="Login">
        <h3 className={styles.heading}>As whom</h3>
        <div>
          <Segmented label="Login" value={draft.login} options={logins} onChange={(login) => change({ login })} />
        </div>
        {draft.login === 'kept' ? (
          <p className={styles.hint}>
            The login for {registry ?? 'the registry'} is read where <code>podman login</code> and{' '}
            <code>docker login</code> keep it. Without one the push is anonymous.
          </p>
        ) : (
          <>
            <div className={styles.pair}>
              <TextField
                label="User"
                value={draft.username}
                onChange={(username) => change({ username })}
                autoComplete="off"
              />
              <TextField
                label="Password or token"
                type="password"
                value={draft.password}
                onChange={(password) => change({ password })}
                autoComplete="off"
              />
            </div>
            <p className={styles.hint}>Used for this push only. It is kept nowhere.</p>
          </>
        )}
      </section>
      <Switch
        label="Plain http or unverified TLS"
        description={
          draft.insecure
            ? 'Nobody checks who answers, and everything, the login too, may be read on the way. Only for a registry in your own network.'
            : 'For a registry of your own that has no certificate which this computer trusts.'
        }
        checked={draft.insecure}
        onChange={(insecure) => change({ insecure })}
      />
      <section className={styles.group} aria-label="What travels">
        <h3 className={styles.heading}>What travels</h3>
        <ul className={styles.travels}>
          {list.entries.map(({ digest, platform, size, layers }) => (
            <li key={digest}>
              <PlatformChip platform={platform} />
              <span className={styles.quiet}>{formatCount(layers.length, 'layer')}</span>
              <span className={styles.size}>{formatBytes(size)}</span>
            </li>
          ))}
          <li>
            <span>The list</span>
            <span className={styles.quiet}>last, so that nobody finds half of it</span>
          </li>
        </ul>
        <p className={styles.hint}>Layers that {registry ?? 'the registry'} has already are not sent again.</p>
      </section>
    </form>
  );
}

/** Everything that the list needs, each layer once. */
export function bytesOf({ entries }: ManifestList): number {
  const layers = new Map(entries.flatMap((entry) => entry.layers.map(({ digest, size }) => [digest, size])));
  const inLayers = [...layers.values()].reduce((sum, size) => sum + size, 0);
  const configurations = entries.map((entry) => entry.size - entry.layers.reduce((sum, { size }) => sum + size, 0));
  return configurations.reduce((sum, size) => sum + Math.max(0, size), inLayers);
}
