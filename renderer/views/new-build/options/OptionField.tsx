import { type ReactNode, useId } from 'react';
import {
  defaultOf,
  isChanged,
  type OptionKind,
  optionRow,
  type RequestOptionName,
} from '../../../../shared/build-options.ts';
import type { Project } from '../../../../shared/project.ts';
import { Checkbox } from '../../../parts/Checkbox.tsx';
import { classes } from '../../../parts/classes.ts';
import { Icon } from '../../../parts/Icon.tsx';
import { IconButton } from '../../../parts/IconButton.tsx';
import { optionFlag, optionHint, optionLabel } from '../../../parts/option-words.ts';
import { Select } from '../../../parts/Select.tsx';
import { TextArea } from '../../../parts/TextArea.tsx';
import { TextField } from '../../../parts/TextField.tsx';
import { useSettings } from '../../../stores/settings.ts';
import { choosers } from './choosers.ts';
import { focusControl } from './focus-control.ts';
import { kindFields } from './kind-fields.ts';
import { impossibleText, leftOutText, type OptionNode } from './left-out.ts';
import styles from './Options.module.css';
import {
  enterOption,
  entryOf,
  type OptionDraft,
  type OptionEntry,
  optionValue,
  readEntry,
  rowsOf,
  setOption,
} from './option-draft.ts';
import { PairFields } from './PairFields.tsx';
import { PathButton } from './PathButton.tsx';

/** What the options of a build depend on. */
export interface OptionScope {
  readonly project: Project;
  /** The nodes that are up. */
  readonly nodes: readonly OptionNode[];
  /** Whose nodes they are. Undefined for a list of nodes. */
  readonly farm: string | undefined;
}

interface OptionFieldProps {
  readonly name: RequestOptionName;
  readonly draft: OptionDraft;
  readonly scope: OptionScope;
  readonly onChange: (change: (before: OptionDraft) => OptionDraft) => void;
  readonly onReset: (name: RequestOptionName) => void;
}

/** An option with its control, its flag, what it does, which nodes it leaves out, and what is wrong with it. */
export function OptionField(props: OptionFieldProps) {
  const { name, draft, onReset } = props;
  const value = draft.options[name];
  const error = errorOf(draft, name);
  const flag = optionFlag(name, value);
  const isReset = !isChanged(name, value) && error === undefined;
  const note = (
    <>
      {flag && <code className={styles.flag}>{flag}</code>}
      {!isReset && (
        <IconButton
          size="small"
          icon="reset"
          label={`Reset ${optionLabel(name)}`}
          onClick={({ currentTarget }) => {
            // the button disappears with what it resets
            focusControl(currentTarget.closest('[data-option]'));
            onReset(name);
          }}
        />
      )}
    </>
  );
  return (
    <div className={classes(styles.option, !isReset && styles.changed)} data-option={name}>
      <Control {...props} error={error} note={note} description={<Description {...props} />} />
    </div>
  );
}

function errorOf({ entries }: OptionDraft, name: RequestOptionName): string | undefined {
  const entry = entries[name];
  return entry === undefined ? undefined : readEntry(name, entry).error;
}

function Description({ name, draft, scope: { nodes, farm } }: OptionFieldProps) {
  const { choices, kind } = optionRow(name);
  const value = draft.options[name];
  const hint = choices?.find((choice) => choice.value === optionValue(draft.options, name))?.hint ?? optionHint(name);
  const leftOut = leftOutText(nodes, farm, name, value);
  const impossible = leftOut === undefined ? impossibleText(nodes, farm, name) : undefined;
  return (
    <>
      {hint}
      {kind === 'list' && ' One per line.'}
      {impossible && <span className={styles.impossible}>{impossible}</span>}
      {leftOut && (
        <span className={styles.limit}>
          <Icon name="warning" size={14} />
          <span>{leftOut}</span>
        </span>
      )}
    </>
  );
}

interface ControlProps extends OptionFieldProps {
  readonly error: string | undefined;
  /** Shown beside the label. */
  readonly note: ReactNode;
  readonly description: ReactNode;
}

function Control(props: ControlProps) {
  const { name, draft, scope, note, description, error, onChange } = props;
  const { kind, choices = [], isInSettings } = optionRow(name);
  const setting = useSettings(
    ({ settings }): unknown => isInSettings && Object.entries(settings).find(([key]) => key === name)?.[1],
  );
  const label = optionLabel(name);
  const field = { label, labelNote: note, description, error };
  const entry = entryOf(draft, name);
  const text = typeof entry === 'string' ? entry : '';
  const enter = (next: OptionEntry): void => onChange((before) => enterOption(before, name, next));
  const set = (next: unknown): void => onChange((before) => setOption(before, name, next));
  const KindFields = kindFields[kind];
  if (name === 'target') {
    return <TargetField {...props} />;
  }
  if (KindFields) {
    return (
      <Group {...props}>
        <KindFields rows={rowsOf(draft, name)} context={scope.project.context} onChange={enter} />
      </Group>
    );
  }
  switch (kind) {
    case 'switch':
      return (
        <div className={styles.switch}>
          <Checkbox
            label={label}
            description={description}
            checked={(draft.options[name] ?? setting ?? defaultOf(name)) === true}
            onChange={set}
          />
          <div className={styles.note}>{note}</div>
        </div>
      );
    case 'choice':
      return (
        <Select {...field} inRow value={String(optionValue(draft.options, name))} options={choices} onChange={set} />
      );
    case 'list':
      return (
        <TextArea
          {...field}
          labelNote={
            <>
              {note}
              <AddPath {...props} text={text} onAdd={enter} />
            </>
          }
          value={text}
          placeholder={placeholderOf(name)}
          onChange={enter}
        />
      );
    case 'pairs':
    case 'mappings':
      return (
        <Group {...props}>
          <PairFields name={name} pairs={rowsOf(draft, name)} project={scope.project} onChange={enter} />
        </Group>
      );
    default:
      return (
        <TextField
          {...field}
          inRow
          mono
          value={text}
          placeholder={placeholders[kind] ?? placeholderOf(name)}
          onChange={enter}
        />
      );
  }
}

const placeholders: Readonly<Partial<Record<OptionKind, string>>> = { bytes: '512m', number: 'not set' };

/** What the flag calls its value: `host:ip` of `--add-host <HOST:IP>`. */
function placeholderOf(name: RequestOptionName): string {
  const [, words = ''] = /<(.*)>$/.exec(optionRow(name).flag ?? '') ?? [];
  return words.toLowerCase();
}

/** An option of several controls. */
function Group({ name, note, description, children }: ControlProps & { children: ReactNode }) {
  const id = useId();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a legend has no room for the flag
    <div role="group" aria-labelledby={`${id}-label`} aria-describedby={`${id}-description`} className={styles.group}>
      <div className={styles.note}>
        <span id={`${id}-label`} className={styles.groupLabel}>
          {optionLabel(name)}
        </span>
        {note}
      </div>
      {children}
      <div id={`${id}-description`} className={styles.description}>
        {description}
      </div>
    </div>
  );
}

function AddPath({ name, scope, text, onAdd }: ControlProps & { text: string; onAdd: (text: string) => void }) {
  const chooser = choosers[name];
  return (
    chooser && (
      <PathButton
        chooser={chooser}
        context={scope.project.context}
        label={`Add a ${chooser.what} to ${optionLabel(name)}`}
        onChoose={(path) => onAdd([text.trimEnd(), path].filter(Boolean).join('\n'))}
      />
    )
  );
}

/** The value of the option for the last stage. Stage names cannot contain `#`. */
const lastStage = '#last';

/** A choice between the stages of the Containerfile. */
function TargetField({ name, draft, scope, note, description, onChange }: ControlProps) {
  const { target } = draft.options;
  const { stages } = scope.project;
  const shown = target && !stages.includes(target) ? [...stages, target] : stages;
  return (
    <Select
      label={optionLabel(name)}
      labelNote={note}
      description={description}
      inRow
      value={target ?? lastStage}
      options={[{ value: lastStage, label: 'Last stage' }, ...shown.map((stage) => ({ value: stage, label: stage }))]}
      onChange={(stage) => onChange((before) => setOption(before, name, stage === lastStage ? undefined : stage))}
    />
  );
}
