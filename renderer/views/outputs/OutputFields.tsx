import { useState } from 'react';
import { formatPlatform } from '../../../shared/format.ts';
import { outputRow } from '../../../shared/output.ts';
import type { Platform } from '../../../shared/platform.ts';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { FolderDialog } from '../../parts/FolderDialog.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Select } from '../../parts/Select.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { useConnections } from '../../stores/connections.ts';
import styles from './Outputs.module.css';
import { checkOutput, chosenKinds, type OutputDraft, outputPath, withKind } from './output-draft.ts';

export interface OutputFieldsProps {
  readonly draft: OutputDraft;
  readonly onChange: (draft: OutputDraft) => void;
  readonly reference: string;
  /** Those of the image. */
  readonly platforms: readonly Platform[];
  readonly disabled?: boolean;
}

const kindOptions = chosenKinds.map((kind) => {
  const { label, hint } = outputRow(kind);
  return { value: kind, label, hint };
});

/** The fields of one output: its kind, where it goes, its name there, and its platforms. */
export function OutputFields({ draft, onChange, reference, platforms, disabled = false }: OutputFieldsProps) {
  const [isChoosing, setChoosing] = useState(false);
  const connections = useConnections((state) => state.connections);
  const { target, name: named, platforms: room } = outputRow(draft.kind);
  const { pathError, nameError } = checkOutput(draft);
  const change = (values: Partial<OutputDraft>): void => onChange({ ...draft, ...values });
  const isPath = target === 'folder' || target === 'file';

  return (
    <div className={styles.fields}>
      <Select
        label="Output"
        value={draft.kind}
        options={kindOptions}
        disabled={disabled}
        description={outputRow(draft.kind).hint}
        onChange={(kind) => onChange(withKind(draft, kind, reference))}
      />
      {isPath && (
        <TextField
          label={target === 'folder' ? 'Folder' : 'File'}
          mono
          disabled={disabled}
          value={draft.path}
          onChange={(path) => change({ path })}
          error={pathError}
          placeholder={outputPath('/home/me/images', reference, draft.kind)}
          description="On the computer that runs Barnraiser."
          after={
            <IconButton
              icon="folder"
              label="Choose a folder"
              size="small"
              type="button"
              disabled={disabled}
              onClick={() => setChoosing(true)}
            />
          }
        />
      )}
      {target === 'node' && (
        <Select
          label="Node"
          mono
          value={draft.node === '' ? undefined : draft.node}
          placeholder="Choose a node…"
          disabled={disabled}
          options={connections.map(({ name, uri }) => ({ value: name, label: name, hint: uri }))}
          onChange={(node) => change({ node })}
        />
      )}
      {named !== 'none' && (
        <TextField
          label={named === 'tag' ? 'Tag' : 'Name'}
          optional
          mono
          disabled={disabled}
          value={draft.name}
          onChange={(name) => change({ name })}
          placeholder={reference}
          error={nameError}
          description={
            named === 'tag' ? 'By which other tools find the image there.' : 'What the image is called there.'
          }
        />
      )}
      {platforms.length > 1 && (
        <PlatformChoice
          all={platforms}
          chosen={draft.platforms}
          hasRoomForOne={room === 'one'}
          disabled={disabled}
          onChange={(chosen) => change({ platforms: chosen })}
        />
      )}
      <FolderDialog
        open={isChoosing}
        title="Choose the folder of the output"
        onClose={() => setChoosing(false)}
        onChoose={(folder) => {
          change({ path: outputPath(folder, reference, draft.kind) });
          setChoosing(false);
        }}
      />
    </div>
  );
}

interface PlatformChoiceProps {
  readonly all: readonly Platform[];
  readonly chosen: readonly Platform[];
  readonly hasRoomForOne: boolean;
  readonly disabled: boolean;
  readonly onChange: (chosen: readonly Platform[]) => void;
}

const own = 'own';

/** Which platforms an output has. All of them are none in particular, so that a later build with more has these, too. */
function PlatformChoice({ all, chosen, hasRoomForOne, disabled, onChange }: PlatformChoiceProps) {
  if (hasRoomForOne) {
    return (
      <Select<string>
        label="Platform"
        value={chosen[0] ?? own}
        disabled={disabled}
        options={[
          { value: own, label: 'That of this computer', hint: 'The one that runs where Barnraiser runs.' },
          ...all.map((platform) => ({ value: platform, label: formatPlatform(platform) })),
        ]}
        onChange={(value) => onChange(all.filter((platform) => platform === value))}
      />
    );
  }
  const isChosen = (platform: Platform): boolean => chosen.length === 0 || chosen.includes(platform);
  function toggle(platform: Platform, isOn: boolean): void {
    const next = all.filter((each) => (each === platform ? isOn : isChosen(each)));
    // at least one
    if (next.length > 0) {
      onChange(next.length === all.length ? [] : next);
    }
  }
  return (
    <fieldset className={styles.platforms}>
      <legend>Platforms</legend>
      {all.map((platform) => (
        <Checkbox
          key={platform}
          label={formatPlatform(platform)}
          checked={isChosen(platform)}
          disabled={disabled}
          onChange={(isOn) => toggle(platform, isOn)}
        />
      ))}
    </fieldset>
  );
}
