import { type KeyboardEvent, useRef } from 'react';
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
import { IconButton } from '../../parts/IconButton.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Segmented } from '../../parts/Segmented.tsx';
import { Select } from '../../parts/Select.tsx';
import { Switch } from '../../parts/Switch.tsx';
import { shortcuts } from '../../parts/shortcut-table.ts';
import { TextField } from '../../parts/TextField.tsx';
import { matchesShortcut } from '../../shortcuts.ts';
import { checkDestination, isInsecure, type RecentDestination } from './destination.ts';
import { LostPlatforms } from './LostPlatforms.tsx';
import styles from './Push.module.css';

/** The values of the form. The password is never stored. */
export interface PushDraft {
  readonly destination: string;
  /** Further destinations. */
  readonly others: readonly string[];
  readonly compression: 'stored' | 'gzip' | 'zstd';
  readonly login: 'saved' | 'entered';
  readonly username: string;
  readonly password: string;
  readonly insecure: boolean;
  /** Whether a list is pushed although it lacks platforms. */
  readonly incomplete: boolean;
  /** Whether the list in the registry keeps its other platforms. */
  readonly merge: boolean;
}

const loginOptions = [
  { value: 'saved', label: 'Saved login' },
  { value: 'entered', label: 'Username and password' },
] as const;

export interface PushFormProps {
  /** The id of the form, for the button that submits it. */
  readonly id: string;
  readonly list: ManifestList;
  /** Where other images were pushed. */
  readonly recent: readonly RecentDestination[];
  readonly draft: PushDraft;
  readonly onDraft: (draft: PushDraft) => void;
  readonly problem: Problem | undefined;
  readonly busy: boolean;
  readonly onPush: () => void;
}

export function isComplete(
  { destination, others, login, username, password, incomplete }: PushDraft,
  list: ManifestList,
): boolean {
  return (
    destinationsOf({ destination, others }).every((each) => checkDestination(each).kind === 'valid') &&
    duplicateOf({ destination, others }) === undefined &&
    (login === 'saved' || isOneRegistry({ destination, others })) &&
    (login === 'saved' || (username !== '' && password !== '')) &&
    (incomplete || lackingPlatforms(list).length === 0)
  );
}

/** All destinations of a draft, without fields that were left empty. */
export function destinationsOf({ destination, others }: Pick<PushDraft, 'destination' | 'others'>): readonly string[] {
  return [destination, ...others.filter((other) => other.trim() !== '')];
}

function duplicateOf(draft: Pick<PushDraft, 'destination' | 'others'>): string | undefined {
  const texts = destinationsOf(draft).map((each) => {
    const checked = checkDestination(each);
    return checked.kind === 'valid' ? checked.text : each;
  });
  return texts.find((text, index) => texts.indexOf(text) !== index);
}

/** A user name and password are for one registry only. */
function isOneRegistry(draft: Pick<PushDraft, 'destination' | 'others'>): boolean {
  const registries = destinationsOf(draft).map((each) => {
    const checked = checkDestination(each);
    return checked.kind === 'valid' ? checked.reference.registry : undefined;
  });
  return new Set(registries).size <= 1;
}

const compressionOptions = [
  { value: 'stored', label: 'As stored', hint: 'Byte for byte, with the digests of local storage.' },
  { value: 'zstd', label: 'zstd', hint: 'Smaller and faster to unpack. Needs an engine of 2021 or newer.' },
  { value: 'gzip', label: 'gzip', hint: 'For engines and registries that know no other.' },
] as const;

/** The destination, the credentials and a summary of what will be uploaded. */
export function PushForm({ id, list, recent, draft, onDraft, problem, busy, onPush }: PushFormProps) {
  const destinationField = useRef<HTMLInputElement>(null);
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
        ref={destinationField}
        label="Destination"
        mono
        autoFocus
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
      {draft.others.map((other, index) => (
        <OtherDestination
          // biome-ignore lint/suspicious/noArrayIndexKey: the fields have no other identity
          key={index}
          number={index + 2}
          value={other}
          isDuplicate={other.trim() !== '' && duplicateOf(draft) === normalText(other)}
          onChange={(value) => change({ others: draft.others.map((each, at) => (at === index ? value : each)) })}
          onRemove={() => change({ others: draft.others.filter((_, at) => at !== index) })}
        />
      ))}
      <div className={styles.recent}>
        <Button size="small" icon="plus" onClick={() => change({ others: [...draft.others, ''] })}>
          Add destination
        </Button>
      </div>
      {choices.length > 0 && (
        <div className={styles.recent}>
          <span className={styles.hint}>Recent</span>
          {choices.map((choice) => (
            <Button
              key={choice.namespace}
              size="small"
              onClick={() => {
                change({ destination: choice.destination, insecure: isInsecure(choice.destination) });
                // the button goes away with the focus
                destinationField.current?.focus();
              }}
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
            Uses the login for {registry ?? 'the registry'} that Barnraiser, podman or docker has saved. If there is
            none, the push is anonymous.
          </p>
        ) : (
          <>
            <div className={styles.pair}>
              <TextField
                label="Username"
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
            <p className={isOneRegistry(draft) ? styles.hint : styles.error}>
              {isOneRegistry(draft)
                ? 'Used for this push only and not saved.'
                : 'These are for one registry, and the destinations are in several. Sign in to each, and use the saved logins.'}
            </p>
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
      <Select
        label="Compression of layers"
        value={draft.compression}
        options={compressionOptions}
        onChange={(compression) => change({ compression })}
        description={
          draft.compression === 'stored'
            ? undefined
            : 'Layers of another compression are compressed anew, which takes a while. Images get other digests, and signatures and attestations are left out.'
        }
      />
      <section className={styles.group} aria-label="What will be uploaded">
        <h3 className={styles.heading}>What will be uploaded</h3>
        {list.missing && <p>{formatMissing(list)}</p>}
        {!draft.merge && (
          <LostPlatforms
            list={list}
            destinations={destinationsOf(draft).flatMap((each) => {
              const checked = checkDestination(each);
              return checked.kind === 'valid' ? checked.text : [];
            })}
            access={{
              tlsVerify: !draft.insecure,
              ...(draft.login === 'entered' && draft.username !== '' && draft.password !== ''
                ? { credentials: { username: draft.username, password: draft.password } }
                : {}),
            }}
          />
        )}
        <Switch
          label="Keep other platforms of the list in the registry"
          description="Adds these images to what has this tag there: each replaces that of its platform, and all others stay."
          checked={draft.merge}
          onChange={(merge) => change({ merge })}
        />
        {lacking.length > 0 && (
          <Switch
            label={`Push it without ${formatList(lacking.map(formatPlatform))}`}
            description={
              draft.merge
                ? 'Machines with another platform cannot run it, unless the list in the registry has that platform.'
                : 'Machines with another platform cannot run it. It replaces what has this tag in the registry.'
            }
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

function OtherDestination({
  number,
  value,
  isDuplicate,
  onChange,
  onRemove,
}: {
  number: number;
  value: string;
  isDuplicate: boolean;
  onChange: (value: string) => void;
  onRemove: () => void;
}) {
  const result = checkDestination(value);
  const error = isDuplicate
    ? 'This destination is named twice.'
    : result.kind === 'invalid'
      ? result.problem
      : undefined;
  return (
    <TextField
      label={`Destination ${number}`}
      mono
      autoFocus={value === ''}
      value={value}
      onChange={onChange}
      placeholder="registry.example.com/team/api:latest"
      error={value === '' ? undefined : error}
      after={<IconButton icon="cross" label={`Remove destination ${number}`} size="small" onClick={onRemove} />}
    />
  );
}

function normalText(destination: string): string {
  const checked = checkDestination(destination);
  return checked.kind === 'valid' ? checked.text : destination;
}

/** The size of the manifest list and its images, with each layer counted once. */
export function maxUploadBytes({ entries }: ManifestList): number {
  const blobs = entries.flatMap(({ layers, attachments = [] }) => [...layers, ...attachments]);
  const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]));
  const blobBytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const configurations = entries.map((entry) => entry.size - entry.layers.reduce((sum, { size }) => sum + size, 0));
  return configurations.reduce((sum, size) => sum + Math.max(0, size), blobBytes);
}
