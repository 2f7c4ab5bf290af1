import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { Connection } from '../../../shared/connection.ts';
import { engineText, type NodeStatus, nodeStateOf, nodeStateWords } from '../../../shared/node.ts';
import { PlatformChip } from '../../parts/Chip.tsx';
import { classes } from '../../parts/classes.ts';
import { contextMenu } from '../../parts/context-menu.ts';
import { HealthDot, healthWord } from '../../parts/HealthDot.tsx';
import { Icon } from '../../parts/Icon.tsx';
import type { MenuItem } from '../../parts/Menu.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { useCheck, useIsCheckRunning } from '../../stores/checks.ts';
import { useConnections } from '../../stores/connections.ts';
import { hrefOf, replaceView } from '../../stores/navigation.ts';
import { draggableNode } from '../../stores/node-drag.ts';
import { useHealth, useNode, useNodes } from '../../stores/nodes.ts';
import styles from './ConnectionList.module.css';
import { failureSummary } from './failure-summary.ts';

/** The filter is shown if there are more connections than this. */
const maxUnfiltered = 8;

export interface ConnectionListProps {
  readonly selected: string | undefined;
  readonly isAdding: boolean;
  /** The number of discovered engines that have no connection yet. */
  readonly discoveredCount: number;
  readonly onAdd: () => void;
  readonly onRemove: (connection: Connection) => void;
  /** The menu of a connection. */
  readonly itemsOf: (connection: Connection) => readonly MenuItem[];
}

/** Lists all connections with their health. Arrow keys select a connection, Delete asks to remove it. */
export function ConnectionList({ selected, isAdding, discoveredCount, onAdd, onRemove, itemsOf }: ConnectionListProps) {
  const connections = useConnections((state) => state.connections);
  const [filter, setFilter] = useState('');
  const byName = useNodes((state) => state.byName);
  const shown = connections.filter((connection) => matchesFilter(connection, byName[connection.name], filter));

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
      {connections.length > maxUnfiltered && (
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
          No node is responding. Check the network connection or VPN of this computer first.
        </p>
      )}
      <ul className={styles.rows} onKeyDown={onKeyDown}>
        {shown.map((connection) => (
          <Row
            key={connection.name}
            connection={connection}
            isSelected={!isAdding && connection.name === selected}
            itemsOf={itemsOf}
          />
        ))}
        {shown.length === 0 && <li className={styles.none}>No connections match “{filter}”.</li>}
      </ul>
      {discoveredCount > 0 && !isAdding && (
        <button type="button" className={styles.discovered} onClick={onAdd}>
          <Icon name="search" size={14} />
          {discoveredCount} more discovered
        </button>
      )}
    </nav>
  );
}

function matchesFilter({ name, uri }: Connection, status: NodeStatus | undefined, filter: string): boolean {
  const text = filter.trim().toLowerCase();
  if (text === '') {
    return true;
  }
  const node = status?.state === 'up' ? status.node : undefined;
  const values = [
    name,
    uri,
    status && nodeStateWords[nodeStateOf(status)],
    node && engineText(node),
    node?.platform,
    node?.hostname,
  ];
  return values.some((value) => value?.toLowerCase().includes(text));
}

interface RowProps extends Pick<ConnectionListProps, 'itemsOf'> {
  readonly connection: Connection;
  readonly isSelected: boolean;
}

function Row({ connection, isSelected, itemsOf }: RowProps) {
  const { name } = connection;
  const health = useHealth(name);
  const status = useNode(name);
  const check = useCheck(name);
  const isChecking = useIsCheckRunning(name);
  const isBusy = useNodes(({ probing }) => probing.has(name)) || isChecking;
  const node = status?.state === 'up' ? status.node : undefined;
  const failure = isChecking ? undefined : failureSummary(check, status);
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (isSelected) {
      link.current?.scrollIntoView({ block: 'nearest' });
    }
  }, [isSelected]);
  const engine = node && engineText(node);
  return (
    <li>
      <a
        ref={link}
        href={hrefOf({ view: 'connections', name })}
        aria-current={isSelected ? 'true' : undefined}
        className={classes(styles.row, isSelected && styles.selected)}
        {...draggableNode({ connection: name })}
        {...contextMenu(() => itemsOf(connection))}
        onClick={(event) => {
          event.preventDefault();
          replaceView({ view: 'connections', name });
        }}
      >
        <HealthDot health={isBusy ? 'probing' : health} />
        <span className={styles.name}>{name}</span>
        <span className={styles.platform}>{node && <PlatformChip platform={node.platform} small />}</span>
        <span className={classes(styles.status, (health === 'down' || health === 'never-reached') && styles.down)}>
          <span aria-hidden="true">{healthWord(health)}</span>
          {[engine, failure].filter(Boolean).map((text) => ` · ${text}`)}
        </span>
      </a>
    </li>
  );
}
