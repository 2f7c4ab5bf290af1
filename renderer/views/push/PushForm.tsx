import type { KeyboardEvent } from 'react';
import {
  formatBytes,
  formatCount,
  formatList,
  formatMismatched,
  formatMissing,
  formatPlatform,
  formatReferenceShort,
} from '../../../shared/format.ts';
import type { ManifestList } from '../../../shared/image.ts';
import { lackingPlatforms } from '../../../shared/lacking-platforms.ts';
import type { Problem } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { PlatformChip } from '../../parts/Chip.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Segmented } from '../../parts/Segmented.tsx';
import { Switch } from '../../parts/Switch.tsx';
import { shortcuts } from '../../parts/shortcut-table.ts';
import { TextField } from '../../parts/TextField.tsx';
import { matchesShortcut } from '../../shortcuts.ts';
import { checkDestination, isInsecure, type RecentDestination } from './destination.ts';
import styles from './Push.module.css';

/** The values of the form. The password is never stored. */
export interface PushDraft {
  readonly destination: string;
  readonly login: 'saved' | 'entered';
  readonly username: string;
  readonly password: string;
  readonly insecure: boolean;
  /** Whether a list is pushed although it lacks platforms. */
  readonly incomplete: boolean;
}

const loginOptions = [
  { value: 'saved', label: 'Saved podman or docker login' },
  { value: 'entered', label: 'Username and password' },
] as const;

export interface PushFormProps {
  /** The id of the form, for the button that submits it. */
  readonly id: string;
  readonly list: ManifestList;
  /** Where other images were pushed. */
  readonly recent: readonly RecentDestination[];
  /** Which field gets the focus. */
  readonly focus: 'destination' | 'username';
  readonly draft: PushDraft;
  readonly onDraft: (draft: PushDraft) => void;
  readonly problem: Problem | undefined;
  readonly busy: boolean;
  readonly onPush: () => void;
}

export function isComplete(
  { destination, login, username, password, incomplete }: PushDraft,
  list: ManifestList,
): boolean {
  return (
    checkDestination(destination).kind === 'valid' &&
    (login === 'saved' || (username !== '' && password !== '')) &&
    (incomplete || lackingPlatforms(list).length === 0)
  );
}

/** The destination, the credentials and a summary of what will be uploaded. */
export function PushForm({ id, list, recent, focus, draft, onDraft, problem, busy, onPush }: PushFormProps) {
  const change = (values: Partial<PushDraft>): void => onDraft({ ...draft, ...values });
  const result = checkDestination(draft.destination);
  const lacking = lackingPlatforms(list);
  const choices = recent.filter(({ destination }) => destination !== draft.destination.trim());
  const registry = result.kind === 'valid' ? result.reference.registry : undefined;
  function onKeyDown(event: KeyboardEvent): void {
    if (isComplete(draft, list) && !busy && matchesShortcut(event.nativeEvent, shortcuts.submit.keys)) {
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
        if (isComplete(draft, list) && !busy) {
          onPush();
        }
      }}
    >
      {problem && <ProblemNote problem={problem} />}
      <TextField
        label="Destination"
        mono
        autoFocus={focus === 'destination'}
        value={draft.destination}
        onChange={(destination) => change({ destination })}
        placeholder={`registry.example.com/team/${formatReferenceShort(list.reference)}`}
        error={draft.destination !== '' && result.kind === 'invalid' ? result.problem : undefined}
        description={
          result.kind === 'valid' && result.text !== draft.destination.trim()
            ? `Will be pushed as ${result.text}.`
            : 'Registry, repository and tag. Proposed again for the next push.'
        }
      />
      {choices.length > 0 && (
        <div className={styles.recent}>
          <span className={styles.hint}>Recent</span>
          {choices.map((choice) => (
            <Button
              key={choice.namespace}
              size="small"
              onClick={() => change({ destination: choice.destination, insecure: isInsecure(choice.destination) })}
            >
              <span title={choice.destination}>{choice.namespace}</span>
            </Button>
          ))}
        </div>
      )}
      <section className={styles.group} aria-label="Sign in as">
        <h3 className={styles.heading}>Sign in as</h3>
        <div>
          <Segmented
            label="Sign in as"
            value={draft.login}
            options={loginOptions}
            onChange={(login) => change({ login })}
          />
        </div>
        {draft.login === 'saved' ? (
          <p className={styles.hint}>
            Uses the credentials for {registry ?? 'the registry'} that <code>podman login</code> or{' '}
            <code>docker login</code> has saved. If there are none, the push is anonymous.
          </p>
        ) : (
          <>
            <div className={styles.pair}>
              <TextField
                label="Username"
                autoFocus={focus === 'username'}
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
            <p className={styles.hint}>Used for this push only and not saved.</p>
          </>
        )}
      </section>
      <Switch
        label="Allow HTTP or unverified TLS"
        description={
          draft.insecure
            ? 'The registry is not verified, and others on the network can read everything, including your credentials. Use this only for a registry in your own network.'
            : 'For your own registry without a trusted certificate.'
        }
        checked={draft.insecure}
        onChange={(insecure) => change({ insecure })}
      />
      <section className={styles.group} aria-label="What will be uploaded">
        <h3 className={styles.heading}>What will be uploaded</h3>
        {list.missing && <p>{formatMissing(list)}</p>}
        {lacking.length > 0 && (
          <Switch
            label={`Push it without ${formatList(lacking.map(formatPlatform))}`}
            description="Machines with another platform cannot run it. It replaces what has this tag in the registry."
            checked={draft.incomplete}
            onChange={(incomplete) => change({ incomplete })}
          />
        )}
        {list.mismatched && <p>{formatMismatched(list.mismatched)}</p>}
        <ul className={styles.uploads}>
          {list.entries.map(({ digest, platform, size, layers }) => (
            <li key={digest}>
              <PlatformChip platform={platform} />
              <span className={styles.quiet}>{formatCount(layers.length, 'layer')}</span>
              <span className={styles.size}>{formatBytes(size)}</span>
            </li>
          ))}
          <li>
            <span>Manifest list</span>
            <span className={styles.quiet}>pushed last, so that an incomplete image is never available</span>
          </li>
        </ul>
        <p className={styles.hint}>Layers that {registry ?? 'the registry'} already has are not uploaded again.</p>
      </section>
    </form>
  );
}

/** The size of the manifest list and its images, with each layer counted once. */
export function maxUploadBytes({ entries }: ManifestList): number {
  const blobs = entries.flatMap(({ layers, attachments = [] }) => [...layers, ...attachments]);
  const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]));
  const blobBytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const configurations = entries.map((entry) => entry.size - entry.layers.reduce((sum, { size }) => sum + size, 0));
  return configurations.reduce((sum, size) => sum + Math.max(0, size), blobBytes);
}
