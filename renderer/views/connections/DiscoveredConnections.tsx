import { type KeyboardEvent, useCallback, useMemo, useRef, useState } from 'react';
import { optionsOf } from '../../../shared/connection.ts';
import type { Candidate, Discovery, FarmCandidate } from '../../../shared/discovery.ts';
import { freeName } from '../../../shared/free-name.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { importConnections, openAddConnections } from '../../stores/connection-import.ts';
import { addConnectionTo, useConnections } from '../../stores/connections.ts';
import { useFarms } from '../../stores/farms.ts';
import styles from './Discovered.module.css';
import { DiscoveredGroup } from './DiscoveredGroup.tsx';
import { FarmChoice, useFarmChoice } from './FarmChoice.tsx';
import {
  defaultSelection,
  type ExistingEntries,
  groupBySource,
  hasNothingNew,
  type ImportSelection,
  importLabel,
  selectCandidates,
  selectFarm,
  toImportRequest,
} from './import-selection.ts';
import { SkippedEntries } from './SkippedEntries.tsx';
import type { DiscoveryResult } from './use-discovery.ts';

/** The filter is shown if there are more entries than this. */
const maxUnfiltered = 8;

export interface DiscoveredConnectionsProps {
  readonly result: DiscoveryResult;
  /** True if the entries are from a file and not from this computer. */
  readonly isFile?: boolean;
}

/** Lists discovered connections and farms by source, with checkboxes and a button that imports the selected ones. */
export function DiscoveredConnections({ result: { discovery, problem }, isFile = false }: DiscoveredConnectionsProps) {
  return (
    <div className={styles.discovered}>
      {problem && <ProblemNote problem={problem} warning={!isFile} />}
      {discovery === undefined ? (
        problem === undefined && <Waiting>Looking for engines</Waiting>
      ) : (
        <DiscoveryList discovery={discovery} isFile={isFile} />
      )}
    </div>
  );
}

function DiscoveryList({ discovery, isFile }: { discovery: Discovery; isFile: boolean }) {
  const connections = useConnections((state) => state.connections);
  const { farms, default: defaultFarm } = useFarms();
  const existing = useMemo<ExistingEntries>(
    () => ({ connections, farms, hasDefault: defaultFarm !== undefined }),
    [connections, farms, defaultFarm],
  );
  // the default selection follows the discovery until a checkbox is changed
  const [changedSelection, setChangedSelection] = useState<ImportSelection>();
  const [filter, setFilter] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const selection = changedSelection ?? defaultSelection(discovery, existing);
  const choice = useFarmChoice();
  const request = toImportRequest(discovery, selection, existing, choice.farm);
  const groups = groupBySource(discovery, filter);
  const isNothingNew = hasNothingNew(discovery, existing);

  // the rows are memoized, so their callbacks must not change
  const latest = useRef({ selection, discovery, existing, isFile, farm: choice.farm });
  latest.current = { selection, discovery, existing, isFile, farm: choice.farm };
  const onSelect = useCallback((names: readonly string[], isOn: boolean): void => {
    const current = latest.current;
    setChangedSelection(selectCandidates(current.selection, names, isOn, current.discovery, current.existing));
  }, []);
  const onSelectFarm = useCallback((farm: FarmCandidate, isOn: boolean): void => {
    const current = latest.current;
    setChangedSelection(selectFarm(current.selection, farm, isOn, current.discovery, current.existing));
  }, []);
  const onAdd = useCallback(async (candidate: Candidate): Promise<void> => {
    const { farm } = latest.current;
    if (farm.error !== undefined) {
      return;
    }
    setProblem(undefined);
    // keeps the list visible, so that several can be added one by one
    openAddConnections(latest.current.isFile ? 'file' : 'discovered');
    try {
      const names = useConnections.getState().connections.map((connection) => connection.name);
      await addConnectionTo(farm, {
        name: freeName(candidate.name, (other) => names.includes(other)),
        uri: candidate.uri,
        ...optionsOf(candidate),
      });
    } catch (error) {
      setProblem(problemOf(error));
    }
  }, []);

  const hasSelection = request.connections + request.farms > 0;
  const canImport = hasSelection && choice.farm.error === undefined;

  async function run(): Promise<void> {
    if (busy || !canImport) {
      return;
    }
    setBusy(true);
    setProblem(undefined);
    openAddConnections(isFile ? 'file' : 'discovered');
    try {
      await importConnections(request.input);
      setChangedSelection(undefined);
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  }
  const latestRun = useRef(run);
  latestRun.current = run;
  const label = importLabel(request);
  useCommands(
    () =>
      hasSelection
        ? [
            {
              id: 'connection:import-selected',
              label,
              group: 'view',
              icon: 'plus',
              run: () => void latestRun.current(),
            },
          ]
        : [],
    [label, hasSelection],
  );

  return (
    <>
      {discovery.candidates.length > maxUnfiltered && (
        <TextField
          label="Filter discovered connections"
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
            ? 'The file contains no usable connections.'
            : 'No engines, podman connections, Docker contexts, Buildx builders or hosts in ~/.ssh/config were found.'}
        </p>
      ) : (
        isNothingNew && (
          <p className={styles.quiet}>Everything {isFile ? 'in this file' : 'discovered'} has already been added.</p>
        )
      )}
      <ul className={styles.groups} onKeyDown={onArrowKey}>
        {groups.map((group) => (
          <DiscoveredGroup
            key={group.source}
            group={group}
            discovery={discovery}
            selection={selection}
            existing={existing}
            isFiltered={filter.trim() !== ''}
            onSelect={onSelect}
            onSelectFarm={onSelectFarm}
            onAdd={onAdd}
          />
        ))}
      </ul>
      {groups.length === 0 && filter !== '' && <p className={styles.quiet}>No connections match “{filter}”.</p>}
      <SkippedEntries notes={discovery.notes} />
      {problem && <ProblemNote problem={problem} />}
      {!isNothingNew && (
        <div className={styles.bar}>
          <div className={styles.choice}>
            <FarmChoice choice={choice} />
          </div>
          <Button kind="primary" busy={busy} disabled={!canImport} onClick={() => void run()}>
            {label}
          </Button>
          <span className={styles.quiet}>
            {hasSelection ? 'Nothing is contacted until you import.' : 'Select what to import.'}
          </span>
        </div>
      )}
    </>
  );
}

/** Arrow keys move between the checkboxes. With Tab alone, moving through a long list would be tedious. */
function onArrowKey(event: KeyboardEvent<HTMLElement>): void {
  const boxes = [...event.currentTarget.querySelectorAll<HTMLElement>('[role="checkbox"]:not([data-disabled])')];
  const at = boxes.findIndex((box) => box.matches(':focus'));
  const target = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: boxes.length - 1 }[event.key];
  if (at >= 0 && target !== undefined) {
    event.preventDefault();
    boxes[target]?.focus();
  }
}
