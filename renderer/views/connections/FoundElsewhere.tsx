import { type KeyboardEvent, useCallback, useMemo, useRef, useState } from 'react';
import type { Candidate, Discovery, FarmCandidate } from '../../../shared/discovery.ts';
import { freeName } from '../../../shared/free-name.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { addConnection, useConnections } from '../../stores/connections.ts';
import { addBy, importConnections } from '../../stores/exchange.ts';
import { useFarms } from '../../stores/farms.ts';
import {
  type Choice,
  groupsOf,
  type Here,
  importWords,
  isAllHere,
  planOf,
  startChoice,
  tick,
  tickFarm,
} from './choice.ts';
import styles from './Found.module.css';
import { FoundGroup } from './FoundGroup.tsx';
import { LeftOut } from './LeftOut.tsx';
import type { Found } from './use-discovery.ts';

/** With more findings than this the list can be filtered. */
const mostWithoutFilter = 8;

export interface FoundElsewhereProps {
  readonly found: Found;
  /** It was found in a file, not on this computer. */
  readonly isFile?: boolean;
}

/** What is known elsewhere, by where, to choose from; and one button that takes what is chosen. */
export function FoundElsewhere({ found: { discovery, problem }, isFile = false }: FoundElsewhereProps) {
  return (
    <div className={styles.found}>
      {problem && <ProblemNote problem={problem} warning={!isFile} />}
      {discovery === undefined ? (
        problem === undefined && <Waiting>Looking for engines</Waiting>
      ) : (
        <ToChoose discovery={discovery} isFile={isFile} />
      )}
    </div>
  );
}

function ToChoose({ discovery, isFile }: { discovery: Discovery; isFile: boolean }) {
  const connections = useConnections((state) => state.connections);
  const { farms, default: standard } = useFarms();
  const here = useMemo<Here>(
    () => ({ connections, farms, hasDefault: standard !== undefined }),
    [connections, farms, standard],
  );
  // until a person ticks something, what is ticked follows from what is found
  const [ticked, setTicked] = useState<Choice>();
  const [filter, setFilter] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const choice = ticked ?? startChoice(discovery, here);
  const plan = planOf(discovery, choice, here);
  const groups = groupsOf(discovery, filter);
  const isNothingNew = isAllHere(discovery, here);

  // rows are drawn anew only where something about them changes: what they call must stay the same
  const present = useRef({ choice, discovery, here, isFile });
  present.current = { choice, discovery, here, isFile };
  const onTick = useCallback((names: readonly string[], isOn: boolean): void => {
    const now = present.current;
    setTicked(tick(now.choice, names, isOn, now.discovery, now.here));
  }, []);
  const onTickFarm = useCallback((farm: FarmCandidate, isOn: boolean): void => {
    const now = present.current;
    setTicked(tickFarm(now.choice, farm, isOn, now.discovery, now.here));
  }, []);
  const onAdd = useCallback(async ({ name, uri, identity }: Candidate): Promise<void> => {
    setProblem(undefined);
    // the list stays in sight, for whoever adds several
    addBy(present.current.isFile ? 'file' : 'found');
    try {
      const taken = useConnections.getState().connections.map((each) => each.name);
      await addConnection({
        name: freeName(name, (other) => taken.includes(other)),
        uri,
        ...(identity ? { identity } : {}),
      });
    } catch (error) {
      setProblem(problemOf(error));
    }
  }, []);

  async function run(): Promise<void> {
    if (busy || plan.connections + plan.farms === 0) {
      return;
    }
    setBusy(true);
    setProblem(undefined);
    addBy(isFile ? 'file' : 'found');
    try {
      await importConnections(plan.input);
      setTicked(undefined);
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  }
  const latest = useRef(run);
  latest.current = run;
  const label = importWords(plan);
  const isAny = plan.connections + plan.farms > 0;
  useCommands(
    () =>
      isAny
        ? [{ id: 'connection:import-chosen', label, group: 'Here', icon: 'plus', run: () => void latest.current() }]
        : [],
    [label, isAny],
  );

  return (
    <>
      {discovery.candidates.length > mostWithoutFilter && (
        <TextField
          label="Filter what was found"
          hideLabel
          type="search"
          icon="search"
          placeholder={`Filter ${discovery.candidates.length} by name or host`}
          value={filter}
          onChange={setFilter}
        />
      )}
      {discovery.candidates.length + discovery.farms.length === 0 ? (
        <p className={styles.quiet}>
          {isFile
            ? 'The file holds no connection that can be used.'
            : 'No engine, no host in ~/.ssh/config and no connection of podman or docker was found here.'}
        </p>
      ) : (
        isNothingNew && <p className={styles.quiet}>Everything {isFile ? 'in it' : 'found'} is here already.</p>
      )}
      <ul className={styles.groups} onKeyDown={onArrowKey}>
        {groups.map((group) => (
          <FoundGroup
            key={group.source}
            group={group}
            discovery={discovery}
            choice={choice}
            here={here}
            isFiltered={filter.trim() !== ''}
            onTick={onTick}
            onTickFarm={onTickFarm}
            onAdd={onAdd}
          />
        ))}
      </ul>
      {groups.length === 0 && filter !== '' && <p className={styles.quiet}>Nothing matches “{filter}”.</p>}
      <LeftOut notes={discovery.notes} />
      {problem && <ProblemNote problem={problem} />}
      {!isNothingNew && (
        <div className={styles.bar}>
          <Button kind="primary" busy={busy} disabled={!isAny} onClick={() => void run()}>
            {label}
          </Button>
          <span className={styles.quiet}>
            {isAny ? 'Nothing is contacted before; each is asked when it is here.' : 'Tick what shall build for you.'}
          </span>
        </div>
      )}
    </>
  );
}

/** Arrow keys go from one tick to the next; Tab goes through everything, which is long in a long list. */
function onArrowKey(event: KeyboardEvent<HTMLElement>): void {
  const boxes = [...event.currentTarget.querySelectorAll<HTMLElement>('[role="checkbox"]:not([data-disabled])')];
  const at = boxes.findIndex((box) => box.matches(':focus'));
  const target = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: boxes.length - 1 }[event.key];
  if (at >= 0 && target !== undefined) {
    event.preventDefault();
    boxes[target]?.focus();
  }
}
