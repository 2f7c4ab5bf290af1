import type { PullPolicy, Retention } from '../../../shared/build.ts';
import type { Project } from '../../../shared/contract.ts';
import { formatCount } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Select } from '../../parts/Select.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { changedOptions, type Draft, nextId, type Pair, pairError, withPair } from './draft.ts';
import styles from './NewBuild.module.css';
import { Fold } from './Section.tsx';

const pullPolicies: readonly { value: PullPolicy; label: string; hint: string }[] = [
  { value: 'missing', label: 'Only missing ones', hint: 'A base image that a node has already is used.' },
  { value: 'newer', label: 'Newer ones', hint: 'The registry is asked whether it has a newer one.' },
  { value: 'always', label: 'Always', hint: 'Every base image is fetched anew.' },
  { value: 'never', label: 'Never', hint: 'A base image that a node lacks fails the build there.' },
];

const residues: readonly { value: Retention; label: string; hint: string }[] = [
  { value: 'cache', label: 'The cache', hint: 'The newest image stays untagged, so that the next build is quick.' },
  { value: 'keep', label: 'The image', hint: 'It stays on each node under its name, ready to run there.' },
  { value: 'cleanup', label: 'Nothing', hint: 'All of it is removed; the next build starts from scratch.' },
];

/** The value of a select that stands for no stage by name. */
const lastStage = '#last';

interface OptionsSectionProps {
  readonly draft: Draft;
  readonly project: Project;
  readonly onChange: (change: Partial<Draft>) => void;
}

/** What few builds need: folded, with a count of what is not as it comes. */
export function OptionsSection({ draft, project, onChange }: OptionsSectionProps) {
  const changed = changedOptions(draft);
  const known = project.buildArgs;
  const isKnown = (name: string): boolean => known.some((arg) => arg.name === name);
  const stages =
    draft.target && !project.stages.includes(draft.target) ? [...project.stages, draft.target] : project.stages;
  return (
    <Fold
      title="Options"
      summary={changed === 0 ? 'none changed' : `${formatCount(changed, 'option', 'options')} changed`}
    >
      <fieldset className={styles.options}>
        <legend>Build arguments</legend>
        {known.map(({ name, default: standard }) => (
          <div key={name} className={styles.argument}>
            <TextField
              label={name}
              mono
              value={draft.buildArgs.find((pair) => pair.name === name)?.value ?? ''}
              placeholder={standard ?? 'not set'}
              onChange={(value) =>
                onChange({ buildArgs: withPair(draft.buildArgs, name, value === '' ? undefined : value) })
              }
            />
          </div>
        ))}
        <Pairs
          what="build argument"
          pairs={draft.buildArgs}
          isHidden={isKnown}
          onChange={(buildArgs) => onChange({ buildArgs })}
        />
      </fieldset>
      <fieldset className={styles.options}>
        <legend>Labels</legend>
        <Pairs what="label" pairs={draft.labels} onChange={(labels) => onChange({ labels })} />
      </fieldset>
      <div className={styles.selects}>
        <Select
          label="Target stage"
          value={draft.target ?? lastStage}
          options={[
            { value: lastStage, label: 'The last one' },
            ...stages.map((stage) => ({ value: stage, label: stage })),
          ]}
          onChange={(target) => onChange({ target: target === lastStage ? undefined : target })}
        />
        <Select
          label="Fetch base images"
          value={draft.pull}
          options={pullPolicies}
          onChange={(pull) => onChange({ pull })}
        />
        <Select
          label="What stays on the nodes"
          value={draft.residue}
          options={residues}
          description={residues.find(({ value }) => value === draft.residue)?.hint}
          onChange={(residue) => onChange({ residue })}
        />
      </div>
      <div className={styles.checks}>
        <Checkbox
          label="Emulate where nobody is native"
          description="Slower, often by ten times."
          checked={draft.emulate}
          onChange={(emulate) => onChange({ emulate })}
        />
        <Checkbox
          label="Without the cache"
          description="Every step runs, also those that nothing has changed for."
          checked={draft.noCache}
          onChange={(noCache) => onChange({ noCache })}
        />
      </div>
    </Fold>
  );
}

interface PairsProps {
  /** One of them, in words. */
  readonly what: string;
  readonly pairs: readonly Pair[];
  /** Those that are shown elsewhere. */
  readonly isHidden?: (name: string) => boolean;
  readonly onChange: (pairs: readonly Pair[]) => void;
}

function Pairs({ what, pairs, isHidden = () => false, onChange }: PairsProps) {
  // one whose name is being written must not vanish on its way past a known name
  const shown = pairs.filter(({ name, isOwn }) => isOwn || !isHidden(name));
  const change = (id: number, patch: Partial<Pair>): void =>
    onChange(pairs.map((pair) => (pair.id === id ? { ...pair, ...patch } : pair)));
  return (
    <>
      {shown.map((pair, index) => (
        <div key={pair.id} className={styles.pair}>
          <TextField
            label={`Name of ${what} ${index + 1}`}
            hideLabel
            mono
            autoFocus={pair.name === ''}
            placeholder="name"
            value={pair.name}
            error={pairError(pair, pairs)}
            onChange={(name) => change(pair.id, { name })}
          />
          <span className={styles.equals} aria-hidden="true">
            =
          </span>
          <TextField
            label={`Value of ${what} ${pair.name || index + 1}`}
            hideLabel
            mono
            placeholder="value"
            value={pair.value}
            onChange={(value) => change(pair.id, { value })}
          />
          <IconButton
            icon="cross"
            label={`Remove ${what} ${pair.name || index + 1}`}
            onClick={() => onChange(pairs.filter(({ id }) => id !== pair.id))}
          />
        </div>
      ))}
      <div>
        <Button
          size="small"
          kind="quiet"
          icon="plus"
          onClick={() => onChange([...pairs, { id: nextId(pairs), name: '', value: '', isOwn: true }])}
        >
          Add {what}
        </Button>
      </div>
    </>
  );
}
