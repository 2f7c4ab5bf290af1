import { useState } from 'react';
import type { Discovery, DiscoverySource, FarmCandidate } from '../../../shared/discovery.ts';
import { formatCount, formatList } from '../../../shared/format.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { importConnections, undoImport } from '../../stores/connection-import.ts';
import { useConnections } from '../../stores/connections.ts';
import { useFarms } from '../../stores/farms.ts';
import { navigate } from '../../stores/navigation.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';
import {
  type ExistingEntries,
  farmKey,
  type ImportSelection,
  isFarmComplete,
  selectFarm,
  toImportRequest,
} from '../connections/import-selection.ts';
import styles from './FirstStart.module.css';

const sources: Readonly<Record<DiscoverySource, string>> = {
  local: 'This computer',
  'ssh-config': '~/.ssh/config',
  podman: 'podman',
  'containers-conf': 'containers.conf',
  docker: 'docker',
  buildx: 'docker buildx',
  environment: 'The environment',
  file: 'The file',
};

const emptySelection: ImportSelection = { candidates: new Set(), farms: new Set() };

/** Lists farms that other tools have configured, each with a button that imports it. */
export function DiscoveredFarms({ discovery }: { discovery: Discovery }) {
  const connections = useConnections((state) => state.connections);
  const { farms, default: defaultFarm } = useFarms();
  const existing: ExistingEntries = { connections, farms, hasDefault: defaultFarm !== undefined };
  const available = discovery.farms.filter((farm) => !isFarmComplete(farm, discovery, existing));
  return available.length === 0 ? null : (
    <ul className={styles.discoveredFarms} aria-label="Discovered farms">
      {available.map((farm) => (
        <DiscoveredFarm key={farmKey(farm)} farm={farm} discovery={discovery} existing={existing} />
      ))}
    </ul>
  );
}

function DiscoveredFarm({
  farm,
  discovery,
  existing,
}: {
  farm: FarmCandidate;
  discovery: Discovery;
  existing: ExistingEntries;
}) {
  const { name, source, connections } = farm;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  async function importFarm(): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      const { input } = toImportRequest(
        discovery,
        selectFarm(emptySelection, farm, true, discovery, existing),
        existing,
      );
      const done = await importConnections(input);
      const [importedName = name] = [...done.report.farmsCreated, ...done.report.farmsChanged];
      navigate({ view: 'farm', name: importedName });
      toast({
        kind: 'done',
        title: `Imported farm ${importedName}`,
        action: {
          label: 'Undo',
          run: () =>
            void undoImport(done).then(() => {
              // the view of the removed farm would be empty
              navigate({ view: 'first-start' });
            }, toastProblem),
        },
      });
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  }

  return (
    <li className={styles.discoveredFarm}>
      <Icon name="farm" />
      <div className={styles.discoveredFarmText}>
        <p>
          {sources[source]} has a {source === 'buildx' ? 'builder' : 'farm'} <strong>{name}</strong> with{' '}
          {formatCount(connections.length, 'node')}
          {connections.length <= 4 && `: ${formatList(connections)}`}.
        </p>
        {problem && <ProblemNote problem={problem} />}
      </div>
      <Button size="small" busy={busy} onClick={() => void importFarm()}>
        {farm.farm === undefined ? `Import farm ${name}` : `Add to farm ${farm.farm}`}
      </Button>
    </li>
  );
}
