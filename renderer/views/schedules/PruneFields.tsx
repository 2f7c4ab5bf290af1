import type { NodeSelection } from '../../../shared/farm.ts';
import { formatList } from '../../../shared/format.ts';
import { pruneOrder, pruneParts } from '../../../shared/storage-kinds.ts';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { Select } from '../../parts/Select.tsx';
import { useFarms } from '../../stores/farms.ts';
import { LimitFields } from '../storage/LimitFields.tsx';
import type { RulesDraft } from '../storage/prune-rules.ts';
import styles from './Schedules.module.css';

interface PruneFieldsProps {
  readonly nodes: NodeSelection;
  readonly onNodes: (nodes: NodeSelection) => void;
  readonly draft: RulesDraft;
  readonly onDraft: (draft: RulesDraft) => void;
}

/** What a scheduled prune removes, and where. */
export function PruneFields({ nodes, onNodes, draft, onDraft }: PruneFieldsProps) {
  const farms = useFarms((state) => state.farms);
  const value = JSON.stringify(nodes);
  const choices: readonly { readonly nodes: NodeSelection; readonly label: string }[] = [
    { nodes: {}, label: 'The default farm, or all connections' },
    ...farms.map(({ name }) => ({ nodes: { farm: name }, label: name })),
    // as the terminal may have set it
    ...(nodes.connections ? [{ nodes, label: formatList(nodes.connections) }] : []),
  ];
  return (
    <>
      <Select
        label="Nodes"
        value={value}
        options={choices.map((choice) => ({ value: JSON.stringify(choice.nodes), label: choice.label }))}
        onChange={(text) => onNodes(choices.find((choice) => JSON.stringify(choice.nodes) === text)?.nodes ?? {})}
      />
      <fieldset className={styles.parts}>
        <legend>What is removed</legend>
        {pruneOrder.map((part) => (
          <Checkbox
            key={part}
            label={pruneParts[part].name}
            description={pruneParts[part].loss}
            checked={draft.parts.has(part)}
            onChange={(isChecked) =>
              onDraft({
                ...draft,
                parts: new Set(pruneOrder.filter((each) => (each === part ? isChecked : draft.parts.has(each)))),
              })
            }
          />
        ))}
      </fieldset>
      <LimitFields draft={draft} onChange={onDraft} />
    </>
  );
}
