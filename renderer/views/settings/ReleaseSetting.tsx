import { useEffect, useState } from 'react';
import { canOpenExternally } from '../../../shared/external-sites.ts';
import { dateLocale } from '../../../shared/locale.ts';
import type { Settings } from '../../../shared/settings.ts';
import type { ReleaseState } from '../../../shared/version-info.ts';
import { Button } from '../../parts/Button.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Switch } from '../../parts/Switch.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { checkReleases, loadReleases, useReleases } from '../../stores/releases.ts';
import { useSettings } from '../../stores/settings.ts';
import { SettingsRow } from './SettingsGroup.tsx';

const label = 'Look for newer releases';

/** Whether a list of releases is asked for a newer Barnraiser, where that list is, and what was found. */
export function ReleaseSetting({ save }: { save: (change: Partial<Settings>) => void }) {
  const { releaseChecks = false, releaseAddress = '' } = useSettings(({ settings }) => settings);
  const { state, isChecking, problem } = useReleases();
  const hasAddress = state?.address !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the state depends on both settings
  useEffect(() => void loadReleases(), [releaseChecks, releaseAddress]);

  return (
    <>
      <SettingsRow
        title={label}
        hint="Asks the list of releases once a day. Nothing about you, this computer or your version is sent, and nothing is installed."
      >
        <Switch
          label={label}
          hideLabel
          checked={releaseChecks}
          disabled={!hasAddress && !releaseChecks}
          onChange={(next) => save({ releaseChecks: next })}
        />
      </SettingsRow>
      <SettingsRow
        title="List of releases"
        hint={
          hasAddress
            ? 'In the form of the releases of GitHub, Gitea and Forgejo.'
            : 'This build does not name one. Enter an address to hear of newer releases.'
        }
      >
        <AddressField key={releaseAddress} value={releaseAddress} shown={state?.address} save={save} />
      </SettingsRow>
      {state && hasAddress && (
        <SettingsRow {...foundText(state)}>
          {state.newer && <ReleasePage page={state.newer.page} />}
          <Button busy={isChecking} busyLabel="Checking…" onClick={() => void checkReleases()}>
            Check now
          </Button>
        </SettingsRow>
      )}
      {problem && <ProblemNote problem={problem} />}
    </>
  );
}

interface AddressFieldProps {
  readonly value: string;
  /** The address of the build, if there is one. */
  readonly shown: string | undefined;
  readonly save: (change: Partial<Settings>) => void;
}

function AddressField({ value, shown, save }: AddressFieldProps) {
  const [text, setText] = useState(value);
  const isValid = text === '' || (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol));
  const commit = (): void => {
    if (isValid && text !== value) {
      save({ releaseAddress: text });
    }
  };
  return (
    <TextField
      label="Address of the list of releases"
      hideLabel
      mono
      value={text}
      placeholder={shown ?? 'https://'}
      error={isValid ? undefined : 'Enter an address that starts with https:// or http://.'}
      onChange={setText}
      onBlur={commit}
      onKeyDown={({ key }) => key === 'Enter' && commit()}
    />
  );
}

function foundText({ newer, checkedAt }: ReleaseState): { readonly title: string; readonly hint?: string } {
  if (newer) {
    const { version, publishedAt } = newer;
    return {
      title: `Barnraiser ${version} is there`,
      ...(publishedAt === undefined ? {} : { hint: `Published on ${publishedAt.slice(0, 10)}.` }),
    };
  }
  return checkedAt === undefined
    ? { title: 'Not checked yet' }
    : {
        title: 'No newer release',
        hint: `Checked on ${new Date(checkedAt).toLocaleString(dateLocale(), { dateStyle: 'medium', timeStyle: 'short' })}.`,
      };
}

/** A link where it can be opened, else its address: the desktop app opens known sites only. */
function ReleasePage({ page }: { page: string }) {
  return canOpenExternally(page) ? (
    <a href={page} target="_blank" rel="noreferrer">
      Show release
    </a>
  ) : (
    <Copyable text={page} what="address" />
  );
}
