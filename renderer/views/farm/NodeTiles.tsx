import { useState } from 'react';
import { formatCount } from '../../../shared/format.ts';
import { PlatformChip } from '../../parts/Chip.tsx';
import { classes } from '../../parts/classes.ts';
import { contextMenu } from '../../parts/context-menu.ts';
import { HealthDot, healthWord } from '../../parts/HealthDot.tsx';
import { Popover } from '../../parts/Popover.tsx';
import { Segmented } from '../../parts/Segmented.tsx';
import { useRunningJobCount } from '../../stores/builds.ts';
import { draggableNode } from '../../stores/node-drag.ts';
import { healthOf, summarizeNotUp, useHealth, useNode, useNodes } from '../../stores/nodes.ts';
import { NodeCard, nodeItems } from './NodeCard.tsx';
import styles from './NodeTiles.module.css';

interface NodeTilesProps {
  readonly farm: string;
  readonly members: readonly string[];
  readonly down: readonly string[];
  readonly isHighlighted: boolean;
}

/** The nodes of a large farm as compact tiles. A tile opens the card of its node. */
export function NodeTiles({ farm, members, down, isHighlighted }: NodeTilesProps) {
  const [filter, setFilter] = useState<'all' | 'down'>('all');
  const notUp = useNodes((nodes) => summarizeNotUp(down.map((name) => healthOf(nodes, name)))?.text) ?? '';
  // the filter is hidden, and ignored, when no node is down any more
  const shown = filter === 'down' && down.length > 0 ? down : members;
  return (
    <div className={styles.group}>
      {down.length > 0 && (
        <Segmented
          label="Filter nodes"
          value={shown === down ? 'down' : 'all'}
          options={[
            { value: 'all', label: `All ${members.length}` },
            { value: 'down', label: notUp },
          ]}
          onChange={setFilter}
        />
      )}
      <ul className={styles.tiles} aria-label="Nodes">
        {shown.map((name) => (
          <li
            key={name}
            {...draggableNode({ connection: name, from: farm })}
            {...contextMenu(() => nodeItems(name, farm))}
          >
            <Tile name={name} farm={farm} isHighlighted={isHighlighted} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Tile({ name, farm, isHighlighted }: { name: string; farm: string; isHighlighted: boolean }) {
  const status = useNode(name);
  const health = useHealth(name);
  const jobs = useRunningJobCount(name);
  return (
    <Popover
      title={name}
      trigger={
        <button
          type="button"
          className={classes(
            styles.tile,
            status?.state === 'down' && (health === 'lost' ? styles.lost : styles.down),
            isHighlighted && status?.state === 'up' && styles.highlighted,
          )}
        >
          <HealthDot health={health} />
          <span className={styles.name}>{name}</span>
          {jobs > 0 && (
            <span className={styles.jobs}>
              {jobs}
              <span className="visually-hidden"> {formatCount(jobs, 'job').replace(/^\S+ /, '')} running</span>
            </span>
          )}
          {status?.state === 'up' && <PlatformChip platform={status.node.platform} kind="native" small />}
          {status?.state === 'down' && <span className={styles.status}>{healthWord(health)}</span>}
        </button>
      }
    >
      <NodeCard name={name} farm={farm} isEmbedded />
    </Popover>
  );
}
