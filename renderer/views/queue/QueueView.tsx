/** The queue: which jobs run on the nodes, which wait, and until when. */

import { useState } from 'react';
import { formatCount, formatNumber } from '../../../shared/format.ts';
import type { Queue } from '../../../shared/queue.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { Page } from '../../parts/Page.tsx';
import { Select } from '../../parts/Select.tsx';
import { useFarm, useFarms } from '../../stores/farms.ts';
import { replaceView } from '../../stores/navigation.ts';
import { jobCounts, setQueuePaused, useQueue } from '../../stores/queue.ts';
import { BuildOrder } from './BuildOrder.tsx';
import { NodeLanes } from './NodeLanes.tsx';
import styles from './Queue.module.css';

/** Is not the name of a farm. */
const allNodes = '*';

export function QueueView({ farm }: { farm: string | undefined }) {
  const { isPaused } = useQueue(({ queue }) => queue);
  const { builds, nodes } = useShownQueue(farm);
  const { running, waiting } = jobCounts(builds);
  useCommands(
    () => [
      {
        id: 'queue:pause',
        label: isPaused ? 'Resume the queue' : 'Pause the queue',
        group: 'view',
        icon: isPaused ? 'play' : 'pause',
        keywords: ['jobs', 'builds', 'stop', 'hold'],
        run: () => setQueuePaused(!isPaused),
      },
    ],
    [isPaused],
  );
  return (
    <Page
      title="Queue"
      note={builds.length > 0 && `${formatNumber(running)} running, ${formatNumber(waiting)} waiting`}
      actions={
        <>
          <FarmChoice farm={farm} />
          {(builds.length > 0 || isPaused) && (
            <Button icon={isPaused ? 'play' : 'pause'} onClick={() => setQueuePaused(!isPaused)}>
              {isPaused ? 'Resume queue' : 'Pause queue'}
            </Button>
          )}
        </>
      }
    >
      <div className={styles.body}>
        {isPaused && (
          <output className={styles.paused}>
            <Icon name="pause" />
            The queue is paused: no build starts further jobs. Jobs that run go on.
          </output>
        )}
        {builds.length === 0 && <NothingQueued />}
        {builds.length > 0 && <BuildOrder builds={builds} />}
        <Nodes nodes={nodes} />
      </div>
    </Page>
  );
}

/** The queue, or the part of it that is on the nodes of a farm. */
function useShownQueue(name: string | undefined): Pick<Queue, 'builds' | 'nodes'> {
  const queue = useQueue((state) => state.queue);
  const farm = useFarm(name);
  if (!farm) {
    return queue;
  }
  const nodes = queue.nodes.filter(({ connections }) =>
    connections.some((connection) => farm.connections.includes(connection.name)),
  );
  const ids = new Set(nodes.flatMap(({ jobs }) => jobs.map(({ buildId }) => buildId)));
  return { nodes, builds: queue.builds.filter(({ id }) => ids.has(id)) };
}

function FarmChoice({ farm }: { farm: string | undefined }) {
  const farms = useFarms((state) => state.farms);
  return farms.length < 2 ? null : (
    <Select
      label="Farm"
      hideLabel
      value={farm ?? allNodes}
      options={[{ value: allNodes, label: 'All nodes' }, ...farms.map(({ name }) => ({ value: name, label: name }))]}
      onChange={(name) => replaceView({ view: 'queue', ...(name === allNodes ? {} : { farm: name }) })}
    />
  );
}

function NothingQueued() {
  return (
    <EmptyState icon="clock" title="No jobs run or wait">
      While builds run, their jobs appear here: which node builds what, what waits for it, and until when.
    </EmptyState>
  );
}

function Nodes({ nodes }: Pick<Queue, 'nodes'>) {
  const [showsIdle, setShowsIdle] = useState(false);
  const isIdle = ({ jobs, connections }: Queue['nodes'][number]): boolean =>
    jobs.length === 0 && connections.every(({ hold }) => !hold);
  const idle = nodes.filter(isIdle).length;
  const shown = showsIdle ? nodes : nodes.filter((node) => !isIdle(node));
  return (
    <section aria-label="Nodes" className={styles.section}>
      <div className={styles.heading}>
        <h2>Nodes</h2>
        {idle > 0 && (
          <Checkbox label={`Show ${formatCount(idle, 'idle node')}`} checked={showsIdle} onChange={setShowsIdle} />
        )}
      </div>
      {shown.length > 0 && <NodeLanes nodes={shown} />}
    </section>
  );
}
