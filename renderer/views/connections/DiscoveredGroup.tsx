import { memo, useId, useState } from 'react';
import type { Candidate, Discovery, FarmCandidate } from '../../../shared/discovery.ts';
import { formatCount, formatList } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { hrefOf } from '../../stores/navigation.ts';
import styles from './Discovered.module.css';
import {
  describeGroup,
  type ExistingEntries,
  farmKey,
  farmMembers,
  findExisting,
  type DiscoveryGroup as Group,
  type ImportSelection,
  isFarmComplete,
  sourceTitle,
} from './import-selection.ts';

/** How many entries of a group are shown until *Show more* is pressed or a filter is set. */
const initialRows = 12;

export interface DiscoveredGroupProps {
  readonly group: Group;
  readonly discovery: Discovery;
  readonly selection: ImportSelection;
  readonly existing: ExistingEntries;
  readonly isFiltered: boolean;
  readonly onSelect: (names: readonly string[], isOn: boolean) => void;
  readonly onSelectFarm: (farm: FarmCandidate, isOn: boolean) => void;
  /** Adds one connection immediately. */
  readonly onAdd: (candidate: Candidate) => Promise<void>;
}

/** The discovered entries of one source, with a checkbox for all of them and one for each. */
export function DiscoveredGroup({
  group,
  discovery,
  selection,
  existing,
  isFiltered,
  onSelect,
  onSelectFarm,
  onAdd,
}: DiscoveredGroupProps) {
  const { source, candidates, farms } = group;
  const id = useId();
  const [isExpanded, setIsExpanded] = useState(false);
  const available = candidates
    .filter((candidate) => findExisting(candidate, existing) === undefined)
    .map(({ name }) => name);
  const selectedCount = available.filter((name) => selection.candidates.has(name)).length;
  const shown =
    isExpanded || isFiltered || candidates.length <= initialRows + 2 ? candidates : candidates.slice(0, initialRows);
  return (
    <li className={styles.group} aria-labelledby={id}>
      <div className={styles.groupHead}>
        <Checkbox
          label={
            <>
              <span className="visually-hidden">Select all: </span>
              <span id={id} className={styles.groupTitle}>
                {sourceTitle(source)}
              </span>
            </>
          }
          checked={available.length > 0 && selectedCount === available.length}
          indeterminate={selectedCount > 0 && selectedCount < available.length}
          disabled={available.length === 0}
          onChange={(isOn) => onSelect(available, isOn)}
        />
        <span className={styles.quiet}>{describeGroup(group, selection, existing)}</span>
      </div>
      <ul>
        {farms.map((farm) => (
          <FarmRow
            key={farmKey(farm)}
            farm={farm}
            members={farmMembers(farm, selection, discovery, existing).map(({ name }) => name)}
            isComplete={isFarmComplete(farm, discovery, existing)}
            isSelected={selection.farms.has(farmKey(farm))}
            onSelect={onSelectFarm}
          />
        ))}
        {shown.map((candidate) => (
          <CandidateRow
            key={candidate.name}
            candidate={candidate}
            existingName={findExisting(candidate, existing)}
            isSelected={selection.candidates.has(candidate.name)}
            onSelect={onSelect}
            onAdd={onAdd}
          />
        ))}
        {shown.length < candidates.length && (
          <li className={styles.rest}>
            <Button size="small" kind="quiet" icon="chevron-down" onClick={() => setIsExpanded(true)}>
              Show {candidates.length - shown.length} more
            </Button>
          </li>
        )}
      </ul>
    </li>
  );
}

interface FarmRowProps {
  readonly farm: FarmCandidate;
  /** The members that the imported farm would have. */
  readonly members: readonly string[];
  readonly isComplete: boolean;
  readonly isSelected: boolean;
  readonly onSelect: DiscoveredGroupProps['onSelectFarm'];
}

/** A farm with more nodes than this shows their number instead of their names. */
const maxNames = 4;

function FarmRow({ farm, members, isComplete, isSelected, onSelect }: FarmRowProps) {
  const { name, connections } = farm;
  const total = connections.length;
  const summary = total > maxNames ? formatCount(total, 'node') : formatList(connections);
  return (
    <li className={styles.row}>
      <Checkbox
        label={
          <span className={styles.name}>
            <Icon name="farm" size={14} />
            Farm {name}
          </span>
        }
        description={
          <span className={styles.members}>
            {isSelected && members.length < total ? `${members.length} of ${total}: ${formatList(members)}` : summary}
          </span>
        }
        checked={isSelected || isComplete}
        disabled={isComplete}
        onChange={(isOn) => onSelect(farm, isOn)}
      />
      {farm.farm !== undefined && (
        <span className={styles.existing}>
          {isComplete ? 'already added as ' : 'adds to '}
          <a href={hrefOf({ view: 'farm', name: farm.farm })}>{farm.farm}</a>
        </span>
      )}
    </li>
  );
}

interface CandidateRowProps {
  readonly candidate: Candidate;
  /** The name of the existing connection for it. */
  readonly existingName: string | undefined;
  readonly isSelected: boolean;
  readonly onSelect: DiscoveredGroupProps['onSelect'];
  readonly onAdd: DiscoveredGroupProps['onAdd'];
}

const CandidateRow = memo(function CandidateRow({
  candidate,
  existingName,
  isSelected,
  onSelect,
  onAdd,
}: CandidateRowProps) {
  const { name, uri, notes, sameMachineAs } = candidate;
  const [busy, setBusy] = useState(false);
  return (
    <li className={styles.row}>
      <Checkbox
        label={<span className={styles.name}>{name}</span>}
        description={
          <>
            <code className={styles.uri}>{uri}</code>
            {[...(sameMachineAs === undefined ? [] : [`Same machine as ${sameMachineAs}.`]), ...notes].map((note) => (
              <span key={note} className={styles.note}>
                <Icon name="warning" size={14} />
                {note}
              </span>
            ))}
          </>
        }
        checked={isSelected || existingName !== undefined}
        disabled={existingName !== undefined}
        onChange={(isOn) => onSelect([name], isOn)}
      />
      {existingName === undefined ? (
        <span className={styles.addButton}>
          <Button
            size="small"
            icon="plus"
            busy={busy}
            onClick={() => {
              setBusy(true);
              void onAdd(candidate).finally(() => setBusy(false));
            }}
          >
            Add<span className="visually-hidden"> {name}</span>
          </Button>
        </span>
      ) : (
        <span className={styles.existing}>
          already added as <a href={hrefOf({ view: 'connections', name: existingName })}>{existingName}</a>
        </span>
      )}
    </li>
  );
});
