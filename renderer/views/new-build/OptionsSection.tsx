import type { ImageFormat, PullPolicy, Retention } from '../../../shared/build.ts';
import { formatCount, formatList } from '../../../shared/format.ts';
import type { Node } from '../../../shared/node.ts';
import type { Project } from '../../../shared/project.ts';
import { Button } from '../../parts/Button.tsx';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Select } from '../../parts/Select.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { CollapsibleSection } from './CollapsibleSection.tsx';
import { type BuildDraft, countChangedOptions, type KeyValue, keyValueError, nextId, setKeyValue } from './draft.ts';
import styles from './NewBuild.module.css';

const pullPolicies: readonly { value: PullPolicy; label: string; hint: string }[] = [
  { value: 'missing', label: 'If missing', hint: 'A base image that a node already has is used.' },
  { value: 'newer', label: 'If newer', hint: 'The registry is checked for a newer version.' },
  { value: 'always', label: 'Always', hint: 'Every base image is pulled again.' },
  { value: 'never', label: 'Never', hint: 'The build fails on nodes that lack a base image.' },
];

const retentions: readonly { value: Retention; label: string; hint: string }[] = [
  { value: 'cache', label: 'Build cache', hint: 'The newest image stays untagged, so that the next build is faster.' },
  { value: 'tagged', label: 'Tagged image', hint: 'The image stays on each node under its name, ready to run.' },
  { value: 'nothing', label: 'Nothing', hint: 'Everything is removed. The next build starts from scratch.' },
];

const formats: readonly { value: ImageFormat; label: string; hint: string }[] = [
  {
    value: 'oci',
    label: 'OCI',
    hint: 'Works with every registry and engine. Leaves out HEALTHCHECK, ONBUILD and SHELL.',
  },
  { value: 'docker', label: 'Docker', hint: 'Keeps HEALTHCHECK, ONBUILD and SHELL.' },
];

/** The value of the option for the last stage. Stage names cannot contain `#`. */
const lastStage = '#last';

/** Which nodes are left out by the value of an option, and why. Undefined if none are. */
function leftOutText(nodes: readonly Node[], option: 'pull' | 'retention', value: string): string | undefined {
  const limited = nodes.flatMap(({ connection, capabilities: { limits } }) =>
    limits
      .filter((limit) => limit.option === option && limit.value === value)
      .map(({ reason }) => ({ connection, reason })),
  );
  const reasons = [...new Set(limited.map(({ reason }) => reason))];
  if (limited.length === 0) {
    return undefined;
  }
  const names = limited.map(({ connection }) => connection);
  const shown = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names;
  const subject = limited.length === nodes.length ? 'No node can do this' : `Leaves out ${formatList(shown)}`;
  return `${subject}: ${reasons.join('; ')}.`;
}

function LimitNote({ text }: { text: string }) {
  return (
    <span className={styles.limit}>
      <Icon name="warning" size={14} />
      <span>{text}</span>
    </span>
  );
}

interface OptionsSectionProps {
  readonly draft: BuildDraft;
  readonly project: Project;
  /** The nodes that are up. */
  readonly nodes: readonly Node[];
  readonly onChange: (change: Partial<BuildDraft>) => void;
}

/** Options that few builds need. Collapsed at first, with the number of changed options. */
export function OptionsSection({ draft, project, nodes, onChange }: OptionsSectionProps) {
  const pullLimit = leftOutText(nodes, 'pull', draft.pull);
  const retentionLimit = leftOutText(nodes, 'retention', draft.retention);
  const changed = countChangedOptions(draft);
  const declaredArgs = project.buildArgs;
  const isDeclared = (name: string): boolean => declaredArgs.some((arg) => arg.name === name);
  const stages =
    draft.target && !project.stages.includes(draft.target) ? [...project.stages, draft.target] : project.stages;
  return (
    <CollapsibleSection
      title="Options"
      summary={changed === 0 ? 'none changed' : `${formatCount(changed, 'option', 'options')} changed`}
    >
      <fieldset className={styles.options}>
        <legend>Build arguments</legend>
        {declaredArgs.map(({ name, default: defaultValue }) => (
          <div key={name} className={styles.argument}>
            <TextField
              label={name}
              mono
              value={draft.buildArgs.find((pair) => pair.name === name)?.value ?? ''}
              placeholder={defaultValue ?? 'not set'}
              onChange={(value) =>
                onChange({ buildArgs: setKeyValue(draft.buildArgs, name, value === '' ? undefined : value) })
              }
            />
          </div>
        ))}
        <KeyValueFields
          noun="build argument"
          pairs={draft.buildArgs}
          isHidden={isDeclared}
          onChange={(buildArgs) => onChange({ buildArgs })}
        />
      </fieldset>
      <fieldset className={styles.options}>
        <legend>Labels</legend>
        <KeyValueFields noun="label" pairs={draft.labels} onChange={(labels) => onChange({ labels })} />
      </fieldset>
      <div className={styles.selects}>
        <Select
          label="Target stage"
          value={draft.target ?? lastStage}
          options={[
            { value: lastStage, label: 'Last stage' },
            ...stages.map((stage) => ({ value: stage, label: stage })),
          ]}
          onChange={(target) => onChange({ target: target === lastStage ? undefined : target })}
        />
        <Select
          label="Pull base images"
          value={draft.pull}
          options={pullPolicies}
          description={pullLimit && <LimitNote text={pullLimit} />}
          onChange={(pull) => onChange({ pull })}
        />
        <Select
          label="Keep on nodes after the build"
          value={draft.retention}
          options={retentions}
          description={
            <>
              {retentions.find(({ value }) => value === draft.retention)?.hint}
              {retentionLimit && <LimitNote text={retentionLimit} />}
            </>
          }
          onChange={(retention) => onChange({ retention })}
        />
        <Select
          label="Image format"
          value={draft.format}
          options={formats}
          description={formats.find(({ value }) => value === draft.format)?.hint}
          onChange={(format) => onChange({ format })}
        />
      </div>
      <div className={styles.checks}>
        <Checkbox
          label="Allow emulation when no native node is available"
          description="Often about ten times slower."
          checked={draft.emulate}
          onChange={(emulate) => onChange({ emulate })}
        />
        <Checkbox
          label="Allow programs for another platform"
          description="Stores an image although its base image or programs are for another platform."
          checked={draft.allowPlatformMismatch}
          onChange={(allowPlatformMismatch) => onChange({ allowPlatformMismatch })}
        />
        <Checkbox
          label="Build without cache"
          description="Runs every step, even if nothing has changed."
          checked={draft.noCache}
          onChange={(noCache) => onChange({ noCache })}
        />
        <Checkbox
          label="Skip unchanged platforms"
          description="Uses the stored image if nothing has changed since a node built it."
          checked={draft.skip}
          onChange={(skip) => onChange({ skip })}
        />
      </div>
    </CollapsibleSection>
  );
}

interface KeyValueFieldsProps {
  /** What an entry is called: `label`. */
  readonly noun: string;
  readonly pairs: readonly KeyValue[];
  /** Entries that have a field elsewhere. */
  readonly isHidden?: (name: string) => boolean;
  readonly onChange: (pairs: readonly KeyValue[]) => void;
}

function KeyValueFields({ noun, pairs, isHidden = () => false, onChange }: KeyValueFieldsProps) {
  // an entry must not disappear while its name is typed and happens to match a declared argument
  const shown = pairs.filter(({ name, isCustom }) => isCustom || !isHidden(name));
  const change = (id: number, patch: Partial<KeyValue>): void =>
    onChange(pairs.map((pair) => (pair.id === id ? { ...pair, ...patch } : pair)));
  return (
    <>
      {shown.map((pair, index) => (
        <div key={pair.id} className={styles.pair}>
          <TextField
            label={`Name of ${noun} ${index + 1}`}
            hideLabel
            mono
            autoFocus={pair.name === ''}
            placeholder="name"
            value={pair.name}
            error={keyValueError(pair, pairs)}
            onChange={(name) => change(pair.id, { name })}
          />
          <span className={styles.equals} aria-hidden="true">
            =
          </span>
          <TextField
            label={`Value of ${noun} ${pair.name || index + 1}`}
            hideLabel
            mono
            placeholder="value"
            value={pair.value}
            onChange={(value) => change(pair.id, { value })}
          />
          <IconButton
            icon="cross"
            label={`Remove ${noun} ${pair.name || index + 1}`}
            onClick={() => onChange(pairs.filter(({ id }) => id !== pair.id))}
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
          Add {noun}
        </Button>
      </div>
    </>
  );
}
