import { Button } from '../../../parts/Button.tsx';
import { IconButton } from '../../../parts/IconButton.tsx';
import { SecretField } from '../../../parts/SecretField.tsx';
import { Select } from '../../../parts/Select.tsx';
import { TextField } from '../../../parts/TextField.tsx';
import { renameTypedSecret, typeSecret, useTypedSecrets } from '../../../stores/typed-secrets.ts';
import type { Chooser } from './choosers.ts';
import { nextId } from './option-draft.ts';
import { PathButton } from './PathButton.tsx';
import styles from './SecretsFields.module.css';
import { firstSource, type SecretSource, type SourceFieldsProps, type SourceRow, sourceErrors } from './source-rows.ts';

const kinds: readonly { value: SecretSource; label: string; hint: string }[] = [
  { value: 'typed', label: 'Typed', hint: 'The value is forgotten when the build has started.' },
  { value: 'file', label: 'File', hint: 'A file of this computer. It is read for each build.' },
  { value: 'env', label: 'Variable', hint: 'A variable of the environment that Barnraiser was started in.' },
];

const fileChooser: Chooser = { what: 'file', title: 'Choose a file', side: 'value', write: (_context, path) => path };

/** The secrets of a build. Typed values are not a part of the value of the field. */
export function SecretsFields({ rows, context, onChange }: SourceFieldsProps) {
  return (
    <>
      {rows.map((row, index) => (
        <SecretRow
          key={row.id}
          row={row}
          number={index + 1}
          context={context}
          errors={sourceErrors('secrets', row, rows)}
          onChange={(patch) => onChange(rows.map((each) => (each.id === row.id ? { ...each, ...patch } : each)))}
          onRemove={() => {
            typeSecret(row.name, '');
            onChange(rows.filter(({ id }) => id !== row.id));
          }}
        />
      ))}
      <div>
        <Button
          size="small"
          kind="quiet"
          icon="plus"
          onClick={() => onChange([...rows, { id: nextId(rows), name: '', value: '' }])}
        >
          Add secret
        </Button>
      </div>
    </>
  );
}

interface SecretRowProps {
  readonly row: SourceRow;
  readonly number: number;
  readonly context: string;
  readonly errors: ReturnType<typeof sourceErrors>;
  readonly onChange: (patch: Partial<SourceRow>) => void;
  readonly onRemove: () => void;
}

function SecretRow({ row, number, context, errors, onChange, onRemove }: SecretRowProps) {
  const { name: id, value: text, source: kind = firstSource.secrets } = row;
  const typed = useTypedSecrets(({ values }) => values[id] ?? '');
  const name = id || String(number);
  return (
    <div className={styles.row}>
      <TextField
        label={`Id of secret ${number}`}
        hideLabel
        mono
        autoFocus={id === ''}
        placeholder="id"
        value={id}
        error={errors.name}
        className={errors.name === undefined ? undefined : styles.wrong}
        onChange={(now) => {
          renameTypedSecret(id, now);
          onChange({ name: now });
        }}
      />
      <Select
        label={`Source of secret ${name}`}
        hideLabel
        value={kind}
        options={kinds}
        onChange={(now) => {
          typeSecret(id, '');
          onChange({ source: now, value: '' });
        }}
      />
      {kind === 'typed' ? (
        <SecretField
          label={`Value of secret ${name}`}
          hideLabel
          what="value"
          placeholder="asked when the build starts"
          disabled={id === ''}
          value={typed}
          onChange={(now) => typeSecret(id, now)}
        />
      ) : (
        <TextField
          label={kind === 'file' ? `File of secret ${name}` : `Variable of secret ${name}`}
          hideLabel
          mono
          placeholder={kind === 'file' ? '/path/of/the/file' : id || 'VARIABLE'}
          value={text}
          error={errors.value}
          after={
            kind === 'file' && (
              <PathButton
                chooser={fileChooser}
                context={context}
                label={`Choose the file of secret ${name}`}
                onChoose={(path) => onChange({ value: path })}
              />
            )
          }
          onChange={(now) => onChange({ value: now })}
        />
      )}
      <IconButton icon="cross" label={`Remove secret ${name}`} onClick={onRemove} />
    </div>
  );
}
