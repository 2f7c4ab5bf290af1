/** What is recorded of images when they are built, who signs them, and whose signatures are trusted. */
import { useState } from 'react';
import type { Settings } from '../../../shared/settings.ts';
import type { TrustedKey } from '../../../shared/trusted-key.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { lazyPart } from '../../parts/lazy-part.tsx';
import { Presence } from '../../parts/Presence.tsx';
import { FixText } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { Switch } from '../../parts/Switch.tsx';
import { KeyField } from '../keys/KeyField.tsx';
import styles from './Settings.module.css';
import { SettingsGroup, SettingsRow } from './SettingsGroup.tsx';
import { useFocusOnRemoval, useReloadedList } from './use-reloaded-list.ts';

const GenerateKeyDialog = lazyPart(async () => (await import('../keys/GenerateKeyDialog.tsx')).GenerateKeyDialog);
const TrustKeyDialog = lazyPart(async () => (await import('../keys/TrustKeyDialog.tsx')).TrustKeyDialog);

const switches = [
  {
    name: 'provenance',
    title: 'Record how images were made',
    hint: 'SLSA provenance is attached to every image: sources, base images and nodes. All who can pull the image can read it.',
  },
  {
    name: 'sbom',
    title: 'List the packages of images (SBOM)',
    hint: 'A list in the format SPDX is attached to every image. A build takes as long as its layers take to be read.',
  },
  {
    name: 'sign',
    title: 'Sign images',
    hint: 'With your private key, as cosign does. A build asks for its password.',
  },
] as const;

interface AttestationSettingsProps {
  readonly settings: Settings;
  readonly onSave: (change: Partial<Settings>) => void;
}

export function AttestationSettings({ settings, onSave }: AttestationSettingsProps) {
  const { signKey = '' } = settings;
  const [typed, setTyped] = useState<string>();
  const [isGenerating, setGenerating] = useState(false);
  const { list: keys, problem, load } = useReloadedList(listKeys);
  const saveKey = (path: string): void => {
    setTyped(undefined);
    onSave({ signKey: path.trim() });
  };
  return (
    <>
      <SettingsGroup title="Attestations and signatures">
        {switches.map(({ name, title, hint }) => (
          <SettingsRow key={name} title={title} hint={hint}>
            <Switch
              label={title}
              hideLabel
              checked={settings[name] ?? false}
              onChange={(isOn) => onSave({ [name]: isOn })}
            />
          </SettingsRow>
        ))}
        <div className={styles.keyRow}>
          <KeyField
            label="Private key"
            placeholder="/home/me/cosign.key"
            description={
              settings.sign && signKey === '' ? (
                <span className={styles.missing}>Choose a key, or builds do not start.</span>
              ) : (
                'A key of cosign, or PEM, on the computer that runs Barnraiser. It stays where it is.'
              )
            }
            value={typed ?? signKey}
            onChange={setTyped}
            onChoose={saveKey}
            onBlur={() => typed !== undefined && saveKey(typed)}
          />
          <Button icon="key" onClick={() => setGenerating(true)}>
            Generate…
          </Button>
        </div>
      </SettingsGroup>
      <TrustedKeys keys={keys} problem={problem} load={load} />
      <Presence>
        {isGenerating && (
          <GenerateKeyDialog
            onMade={({ privateKey }) => {
              saveKey(privateKey);
              void load();
            }}
            onClose={() => setGenerating(false)}
          />
        )}
      </Presence>
    </>
  );
}

const listKeys = () => call('keys.trusted', {});

function TrustedKeys({
  keys,
  problem,
  load,
}: Pick<ReturnType<typeof useReloadedList<TrustedKey>>, 'problem' | 'load'> & {
  readonly keys: readonly TrustedKey[] | undefined;
}) {
  const [isAdding, setAdding] = useState(false);
  const [removed, setRemoved] = useState<TrustedKey>();
  const heading = useFocusOnRemoval(keys?.length);
  return (
    <SettingsGroup ref={heading} title="Trusted keys">
      {problem ? (
        <SettingsRow
          title="Could not load the trusted keys"
          hint={
            <>
              {problem.message} <FixText text={problem.fix} />
            </>
          }
        />
      ) : keys === undefined ? (
        <div className={styles.row}>
          <Waiting>Loading trusted keys</Waiting>
        </div>
      ) : (
        keys.length > 0 && (
          <ul>
            {keys.map((key) => (
              <li key={key.name} className={styles.row}>
                <Icon name="key" className={styles.icon} />
                <div className={styles.secret}>
                  <span className={styles.subject}>{key.name}</span>
                  <p className={styles.hint} title={key.fingerprint}>
                    {key.kind}, SHA-256 {key.fingerprint.slice(0, 16)}…
                  </p>
                </div>
                <Button onClick={() => setRemoved(key)}>
                  Remove…<span className="visually-hidden"> {key.name}</span>
                </Button>
              </li>
            ))}
          </ul>
        )
      )}
      <SettingsRow
        title={keys?.length === 0 ? 'No trusted keys' : undefined}
        hint="Signatures of images are compared with these public keys."
      >
        <Button onClick={() => setAdding(true)}>Trust a key…</Button>
      </SettingsRow>
      <ConfirmDialog
        open={removed !== undefined}
        onClose={() => setRemoved(undefined)}
        title={`Trust ${removed?.name ?? ''} no longer?`}
        description="Signatures of this key are then those of an unknown key. Its files stay as they are."
        action="Remove key"
        harmless
        onConfirm={async () => {
          if (removed) {
            await call('keys.distrust', { name: removed.name });
            await load();
          }
        }}
      />
      <Presence>
        {isAdding && <TrustKeyDialog onTrusted={() => void load()} onClose={() => setAdding(false)} />}
      </Presence>
    </SettingsGroup>
  );
}
