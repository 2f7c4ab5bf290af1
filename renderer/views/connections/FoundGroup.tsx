import { memo, useId, useState } from 'react';
import type { Candidate, Discovery, FarmCandidate } from '../../../shared/discovery.ts';
import { formatCount, formatList } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { hrefOf } from '../../stores/navigation.ts';
import {
  type Choice,
  farmKey,
  type FoundGroup as Group,
  groupWords,
  type Here,
  isFarmHere,
  knownAs,
  membersOf,
  sourceTitle,
} from './choice.ts';
import styles from './Found.module.css';

/** So many of a group are shown at once; the others when they are asked for or the filter finds them. */
const atFirst = 12;

export interface FoundGroupProps {
  readonly group: Group;
  readonly discovery: Discovery;
  readonly choice: Choice;
  readonly here: Here;
  readonly isFiltered: boolean;
  readonly onTick: (names: readonly string[], isOn: boolean) => void;
  readonly onTickFarm: (farm: FarmCandidate, isOn: boolean) => void;
  /** Adds a single one at once. */
  readonly onAdd: (candidate: Candidate) => Promise<void>;
}

/** What was found in one place: all of it with one tick, or each with its own. */
export function FoundGroup({ group, discovery, choice, here, isFiltered, onTick, onTickFarm, onAdd }: FoundGroupProps) {
  const { source, candidates, farms } = group;
  const id = useId();
  const [isWhole, setWhole] = useState(false);
  const open = candidates.filter((candidate) => knownAs(candidate, here) === undefined).map(({ name }) => name);
  const chosen = open.filter((name) => choice.candidates.has(name)).length;
  const shown = isWhole || isFiltered || candidates.length <= atFirst + 2 ? candidates : candidates.slice(0, atFirst);
  return (
    <li className={styles.group} aria-labelledby={id}>
      <div className={styles.groupHead}>
        <Checkbox
          label={
            <>
              <span className="visually-hidden">All of </span>
              <span id={id} className={styles.groupTitle}>
                {sourceTitle(source)}
              </span>
            </>
          }
          checked={open.length > 0 && chosen === open.length}
          indeterminate={chosen > 0 && chosen < open.length}
          disabled={open.length === 0}
          onChange={(isOn) => onTick(open, isOn)}
        />
        <span className={styles.quiet}>{groupWords(group, choice, here)}</span>
      </div>
      <ul className={styles.rows}>
        {farms.map((farm) => (
          <FarmRow
            key={farmKey(farm)}
            farm={farm}
            members={membersOf(farm, choice, discovery, here).map(({ name }) => name)}
            isHere={isFarmHere(farm, discovery, here)}
            isTicked={choice.farms.has(farmKey(farm))}
            onTick={onTickFarm}
          />
        ))}
        {shown.map((candidate) => (
          <CandidateRow
            key={candidate.name}
            candidate={candidate}
            known={knownAs(candidate, here)}
            isTicked={choice.candidates.has(candidate.name)}
            onTick={onTick}
            onAdd={onAdd}
          />
        ))}
        {shown.length < candidates.length && (
          <li className={styles.rest}>
            <Button size="small" kind="quiet" icon="chevron-down" onClick={() => setWhole(true)}>
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
  /** Those that it would have. */
  readonly members: readonly string[];
  readonly isHere: boolean;
  readonly isTicked: boolean;
  readonly onTick: FoundGroupProps['onTickFarm'];
}

/** More names than this are a number. */
const mostNames = 4;

function FarmRow({ farm, members, isHere, isTicked, onTick }: FarmRowProps) {
  const { name, connections } = farm;
  const all = connections.length;
  const who = all > mostNames ? formatCount(all, 'node') : formatList(connections);
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
            {isTicked && members.length < all ? `${members.length} of ${all}: ${formatList(members)}` : who}
          </span>
        }
        checked={isTicked || isHere}
        disabled={isHere}
        onChange={(isOn) => onTick(farm, isOn)}
      />
      {farm.farm !== undefined && (
        <span className={styles.known}>
          {isHere ? 'is here as ' : 'adds to '}
          <a href={hrefOf({ view: 'farm', name: farm.farm })}>{farm.farm}</a>
        </span>
      )}
    </li>
  );
}

interface CandidateRowProps {
  readonly candidate: Candidate;
  /** The connection that it is already. */
  readonly known: string | undefined;
  readonly isTicked: boolean;
  readonly onTick: FoundGroupProps['onTick'];
  readonly onAdd: FoundGroupProps['onAdd'];
}

const CandidateRow = memo(function CandidateRow({ candidate, known, isTicked, onTick, onAdd }: CandidateRowProps) {
  const { name, uri, notes } = candidate;
  const [busy, setBusy] = useState(false);
  return (
    <li className={styles.row}>
      <Checkbox
        label={<span className={styles.name}>{name}</span>}
        description={
          <>
            <code className={styles.uri}>{uri}</code>
            {notes.map((note) => (
              <span key={note} className={styles.note}>
                <Icon name="warning" size={14} />
                {note}
              </span>
            ))}
          </>
        }
        checked={isTicked || known !== undefined}
        disabled={known !== undefined}
        onChange={(isOn) => onTick([name], isOn)}
      />
      {known === undefined ? (
        <span className={styles.one}>
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
        <span className={styles.known}>
          is here as <a href={hrefOf({ view: 'connections', name: known })}>{known}</a>
        </span>
      )}
    </li>
  );
});
