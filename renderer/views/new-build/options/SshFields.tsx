import { defaultSshId } from '../../../../shared/build-secrets.ts';
import { Button } from '../../../parts/Button.tsx';
import { IconButton } from '../../../parts/IconButton.tsx';
import { Select } from '../../../parts/Select.tsx';
import { TextField } from '../../../parts/TextField.tsx';
import { nextId } from './option-draft.ts';
import styles from './SecretsFields.module.css';
import { firstSource, type SourceFieldsProps, type SourceRow, type SshSource, sourceErrors } from './source-rows.ts';

const kinds: readonly { value: SshSource; label: string; hint: string }[] = [
  { value: 'agent', label: 'Agent', hint: 'Steps list the keys of your SSH agent and sign with them.' },
  { value: 'keys', label: 'Keys', hint: 'Steps sign with these key files, but do not get them.' },
];

/** The SSH agents that steps of a build reach. */
export function SshFields({ rows, onChange }: SourceFieldsProps) {
  const add = (): void => {
    const name = rows.some((row) => row.name === defaultSshId) ? '' : defaultSshId;
    onChange([...rows, { id: nextId(rows), name, value: '' }]);
  };
  return (
    <>
      {rows.map((row, index) => (
        <SshRow
          key={row.id}
          row={row}
          number={index + 1}
          errors={sourceErrors('ssh', row, rows)}
          onChange={(patch) => onChange(rows.map((each) => (each.id === row.id ? { ...each, ...patch } : each)))}
          onRemove={() => onChange(rows.filter(({ id }) => id !== row.id))}
        />
      ))}
      <div>
        <Button size="small" kind="quiet" icon="plus" onClick={add}>
          Add SSH agent
        </Button>
      </div>
    </>
  );
}

interface SshRowProps {
  readonly row: SourceRow;
  readonly number: number;
  readonly errors: ReturnType<typeof sourceErrors>;
  readonly onChange: (patch: Partial<SourceRow>) => void;
  readonly onRemove: () => void;
}

function SshRow({ row, number, errors, onChange, onRemove }: SshRowProps) {
  const { source = firstSource.ssh } = row;
  const name = row.name || String(number);
  const isAgent = source === 'agent';
  return (
    <div className={styles.row}>
      <TextField
        label={`Id of SSH agent ${number}`}
        hideLabel
        mono
        autoFocus={row.name === ''}
        placeholder="id"
        value={row.name}
        error={errors.name}
        className={errors.name === undefined ? undefined : styles.wrong}
        onChange={(now) => onChange({ name: now })}
      />
      <Select
        label={`Source of SSH agent ${name}`}
        hideLabel
        value={source}
        options={kinds}
        onChange={(now) => onChange({ source: now, value: '' })}
      />
      <TextField
        label={`${isAgent ? 'Socket' : 'Keys'} of SSH agent ${name}`}
        hideLabel
        mono
        placeholder={isAgent ? 'that of SSH_AUTH_SOCK' : '/path/of/a/key, /path/of/another'}
        value={row.value}
        error={errors.value}
        onChange={(now) => onChange({ value: now })}
      />
      <IconButton icon="cross" label={`Remove SSH agent ${name}`} onClick={onRemove} />
    </div>
  );
}
