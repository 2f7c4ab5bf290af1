import { useState } from 'react';
import type { Discovery, DiscoverySource, FarmCandidate } from '../../../shared/discovery.ts';
import { formatList } from '../../../shared/format.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { useConnections } from '../../stores/connections.ts';
import { importConnections, undoImport } from '../../stores/exchange.ts';
import { useFarms } from '../../stores/farms.ts';
import { navigate } from '../../stores/navigation.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';
import { type Choice, farmKey, type Here, isFarmHere, planOf, tickFarm } from '../connections/choice.ts';
import styles from './FirstStart.module.css';

const knowers: Readonly<Record<DiscoverySource, string>> = {
  local: 'This computer',
  'ssh-config': '~/.ssh/config',
  podman: 'podman',
  'containers-conf': 'containers.conf',
  docker: 'docker',
  file: 'The file',
};

const nothing: Choice = { candidates: new Set(), farms: new Set() };

/** Farms that another tool has made already: one press uses such a farm as it is. */
export function FarmOffers({ discovery }: { discovery: Discovery }) {
  const connections = useConnections((state) => state.connections);
  const { farms, default: standard } = useFarms();
  const here: Here = { connections, farms, hasDefault: standard !== undefined };
  const offered = discovery.farms.filter((farm) => !isFarmHere(farm, discovery, here));
  return offered.length === 0 ? null : (
    <ul className={styles.offers} aria-label="Farms found">
      {offered.map((farm) => (
        <Offer key={farmKey(farm)} farm={farm} discovery={discovery} here={here} />
      ))}
    </ul>
  );
}

function Offer({ farm, discovery, here }: { farm: FarmCandidate; discovery: Discovery; here: Here }) {
  const { name, source, connections } = farm;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  async function use(): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      const { input } = planOf(discovery, tickFarm(nothing, farm, true, discovery, here), here);
      const done = await importConnections(input);
      const [made = name] = [...done.report.farmsCreated, ...done.report.farmsChanged];
      navigate({ view: 'farm', name: made });
      toast({
        kind: 'done',
        title: `Farm ${made} is here`,
        action: {
          label: 'Undo',
          run: () =>
            void undoImport(done).then(() => {
              // back to where it was offered, since the farm is gone
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
    <li className={styles.offer}>
      <Icon name="farm" />
      <div className={styles.offerWords}>
        <p>
          {knowers[source]} knows a farm <strong>{name}</strong> of {connections.length}
          {connections.length <= 4 && `: ${formatList(connections)}`}.
        </p>
        {problem && <ProblemNote problem={problem} />}
      </div>
      <Button size="small" busy={busy} onClick={() => void use()}>
        {farm.farm === undefined ? `Use farm ${name}` : `Add to farm ${farm.farm}`}
      </Button>
    </li>
  );
}
