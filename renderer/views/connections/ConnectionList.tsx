import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { Connection } from '../../../shared/connection.ts';
import { formatCount } from '../../../shared/format.ts';
import type { NodeStatus } from '../../../shared/node.ts';
import { PlatformChip } from '../../parts/Chip.tsx';
import { classes } from '../../parts/classes.ts';
import { HealthDot, healthWord } from '../../parts/HealthDot.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { useCheck, useIsChecked } from '../../stores/checks.ts';
import { useConnections } from '../../stores/connections.ts';
import { hrefOf, replaceView } from '../../stores/navigation.ts';
import { draggableNode } from '../../stores/node-drag.ts';
import { useHealth, useNode, useNodes } from '../../stores/nodes.ts';
import styles from './ConnectionList.module.css';
import { obstacleOf } from './obstacle.ts';

/** With more connections than this the list can be filtered. */
const mostWithoutFilter = 8;

export interface ConnectionListProps {
  readonly chosen: string | undefined;
  readonly isAdding: boolean;
  /** How many engines this computer knows of that are no connections. */
  readonly foundElsewhere: number;
  readonly onAdd: () => void;
  readonly onRemove: (connection: Connection) => void;
}

/** Every connection with its health. Arrow keys choose another, Delete asks to remove the chosen one. */
export function ConnectionList({ chosen, isAdding, foundElsewhere, onAdd, onRemove }: ConnectionListProps) {
  const connections = useConnections((state) => state.connections);
  const [filter, setFilter] = useState('');
  const byName = useNodes((state) => state.byName);
  const shown = connections.filter((connection) => matches(connection, byName[connection.name], filter));

  const isAllDown = connections.length > 1 && connections.every(({ name }) => byName[name]?.state === 'down');

  function onKeyDown(event: KeyboardEvent<HTMLElement>): void {
    const links = [...event.currentTarget.querySelectorAll('a')];
    const at = links.findIndex((link) => link.matches(':focus'));
    const target = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    if (target !== undefined) {
      event.preventDefault();
      const link = links[target];
      const name = shown[target]?.name;
      if (link && name !== undefined) {
        link.focus();
        replaceView({ view: 'connections', name });
      }
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      const connection = shown[at];
      if (connection) {
        event.preventDefault();
        onRemove(connection);
      }
    }
  }

  return (
    <nav aria-label="Connections" className={styles.list}>
      {connections.length > mostWithoutFilter && (
        <div className={styles.filter}>
          <TextField
            label="Filter connections"
            hideLabel
            type="search"
            icon="search"
            placeholder="Filter by name, host or platform"
            value={filter}
            onChange={setFilter}
          />
        </div>
      )}
      {isAllDown && (
        <p className={styles.allDown} role="status">
          <Icon name="lost" />
          No node answers. Look at this computer’s own network first, a VPN perhaps.
        </p>
      )}
      <ul className={styles.rows} onKeyDown={onKeyDown}>
        {shown.map((connection) => (
          <Row key={connection.name} connection={connection} isChosen={!isAdding && connection.name === chosen} />
        ))}
        {shown.length === 0 && <li className={styles.none}>Nothing matches “{filter}”.</li>}
      </ul>
      {foundElsewhere > 0 && !isAdding && (
        <button type="button" className={styles.found} onClick={onAdd}>
          <Icon name="search" size={14} />
          {formatCount(foundElsewhere, 'more', 'more')} found here
        </button>
      )}
    </nav>
  );
}

function matches({ name, uri }: Connection, status: NodeStatus | undefined, filter: string): boolean {
  const wanted = filter.trim().toLowerCase();
  if (wanted === '') {
    return true;
  }
  const node = status?.state === 'up' ? status.node : undefined;
  const said = [name, uri, status?.state, node?.engine, node?.platform, node?.hostname];
  return said.some((text) => text?.toLowerCase().includes(wanted));
}

function Row({ connection, isChosen }: { connection: Connection; isChosen: boolean }) {
  const { name } = connection;
  const health = useHealth(name);
  const status = useNode(name);
  const check = useCheck(name);
  const isChecked = useIsChecked(name);
  const isAsked = useNodes(({ probing }) => probing.has(name)) || isChecked;
  const node = status?.state === 'up' ? status.node : undefined;
  // while it is tested nobody knows yet
  const obstacle = isChecked ? undefined : obstacleOf(check, status);
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (isChosen) {
      link.current?.scrollIntoView({ block: 'nearest' });
    }
  }, [isChosen]);
  const engine = node && `${node.engine} ${node.version}`;
  return (
    <li>
      <a
        ref={link}
        href={hrefOf({ view: 'connections', name })}
        aria-current={isChosen ? 'true' : undefined}
        className={classes(styles.row, isChosen && styles.chosen)}
        {...draggableNode({ connection: name })}
        onClick={(event) => {
          event.preventDefault();
          replaceView({ view: 'connections', name });
        }}
      >
        <HealthDot health={isAsked ? 'probing' : health} />
        <span className={styles.name}>{name}</span>
        <span className={styles.platform}>{node && <PlatformChip platform={node.platform} small />}</span>
        <span className={classes(styles.said, health === 'down' && styles.down)}>
          <span aria-hidden="true">{healthWord(health)}</span>
          {[engine, obstacle].filter(Boolean).map((text) => ` · ${text}`)}
        </span>
      </a>
    </li>
  );
}
