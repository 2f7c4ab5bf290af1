import { optionRow, type RequestOptionName } from '../../../../shared/build-options.ts';
import type { Project } from '../../../../shared/project.ts';
import { Button } from '../../../parts/Button.tsx';
import { IconButton } from '../../../parts/IconButton.tsx';
import { optionLabel } from '../../../parts/option-words.ts';
import { TextField } from '../../../parts/TextField.tsx';
import { choosers } from './choosers.ts';
import styles from './Options.module.css';
import { type KeyValue, nextId, readEntry, setKeyValue } from './option-draft.ts';
import { PathButton } from './PathButton.tsx';

interface PairFieldsProps {
  readonly name: RequestOptionName;
  readonly pairs: readonly KeyValue[];
  readonly project: Project;
  readonly onChange: (pairs: readonly KeyValue[]) => void;
}

/** The words of a pair, as the flag has them: `KEY[=VALUE]`, `FOLDER:PATH`. */
function pairWords(name: RequestOptionName): { readonly key: string; readonly sign: string; readonly value: string } {
  const [, key = 'KEY', sign = '=', value = 'VALUE'] = /<(\w+)\[?([=:])(\w+)/.exec(optionRow(name).flag ?? '') ?? [];
  return { key: key.toLowerCase(), sign, value: value.toLowerCase() };
}

/** Rows of pairs. Those of the build arguments begin with what the Containerfile declares. */
export function PairFields({ name, pairs, project, onChange }: PairFieldsProps) {
  const declared = name === 'buildArgs' ? project.buildArgs : [];
  const isDeclared = (key: string): boolean => declared.some((each) => each.name === key);
  return (
    <>
      {declared.map((each) => (
        <div key={each.name} className={styles.argument}>
          <TextField
            label={each.name}
            mono
            value={pairs.find((pair) => pair.name === each.name)?.value ?? ''}
            placeholder={each.default ?? 'not set'}
            onChange={(value) => onChange(setKeyValue(pairs, each.name, value === '' ? undefined : value))}
          />
        </div>
      ))}
      <PairRows
        name={name}
        pairs={pairs}
        // a row must not disappear while its name is typed and happens to match a declared argument
        shown={pairs.filter((pair) => pair.isCustom || !isDeclared(pair.name))}
        project={project}
        onChange={onChange}
      />
    </>
  );
}

function PairRows({ name, pairs, shown, project, onChange }: PairFieldsProps & { shown: readonly KeyValue[] }) {
  const { key, sign, value } = pairWords(name);
  const label = optionLabel(name);
  const errors = readEntry(name, pairs).rowErrors;
  const change = (id: number, patch: Partial<KeyValue>): void =>
    onChange(pairs.map((pair) => (pair.id === id ? { ...pair, ...patch } : pair)));
  const chooser = choosers[name];
  const button = (side: 'name' | 'value', id: number) =>
    chooser?.side === side && (
      <PathButton
        chooser={chooser}
        context={project.context}
        label={`Choose a ${chooser.what}`}
        onChoose={(path) => change(id, { [side]: path })}
      />
    );
  return (
    <>
      {shown.map((pair, index) => (
        <div key={pair.id} className={styles.pair}>
          <TextField
            label={`${label}: ${key} ${index + 1}`}
            hideLabel
            mono
            autoFocus={pair.isCustom === true && pair.name === ''}
            placeholder={key}
            value={pair.name}
            error={errors?.get(pair.id)}
            after={button('name', pair.id)}
            onChange={(text) => change(pair.id, { name: text })}
          />
          <span className={styles.sign} aria-hidden="true">
            {sign}
          </span>
          <TextField
            label={`${label}: ${value} of ${pair.name || index + 1}`}
            hideLabel
            mono
            placeholder={value}
            value={pair.value}
            after={button('value', pair.id)}
            onChange={(text) => change(pair.id, { value: text })}
          />
          <IconButton
            icon="cross"
            label={`Remove ${pair.name || `${key} ${index + 1}`}`}
            onClick={({ currentTarget }) => {
              focusAfterRemoval(currentTarget);
              onChange(pairs.filter(({ id }) => id !== pair.id));
            }}
          />
        </div>
      ))}
      <div>
        <Button
          size="small"
          kind="quiet"
          icon="plus"
          onClick={() => onChange([...pairs, { id: nextId(pairs), name: '', value: '', isCustom: true }])}
        >
          Add {key}
          <span className="visually-hidden"> to {label}</span>
        </Button>
      </div>
    </>
  );
}

/** The row of the button will be gone: the focus goes to the next row, or to the button that adds one. */
function focusAfterRemoval(button: HTMLElement): void {
  const next = button.parentElement?.nextElementSibling;
  next?.querySelector<HTMLElement>('input, button')?.focus();
}
