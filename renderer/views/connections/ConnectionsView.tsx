/** Connections: the list, details, connection check and import. */

import { useState } from 'react';
import type { Connection } from '../../../shared/connection.ts';
import { formatCount } from '../../../shared/format.ts';
import { wordOf } from '../../../shared/words.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { healthWord } from '../../parts/HealthDot.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { lazyPart } from '../../parts/lazy-part.tsx';
import { Menu, type MenuItem } from '../../parts/Menu.tsx';
import { Page } from '../../parts/Page.tsx';
import { runCheck } from '../../stores/checks.ts';
import { exportConnections } from '../../stores/connection-export.ts';
import { chooseImportFile, openAddConnections } from '../../stores/connection-import.ts';
import { useConnections } from '../../stores/connections.ts';
import { probeAllNodes } from '../../stores/farm-actions.ts';
import { askToFreeDisk } from '../../stores/free-disk.ts';
import { openSheet, replaceView } from '../../stores/navigation.ts';
import { healthOf, useNodes } from '../../stores/nodes.ts';
import { ConnectionDetails } from './ConnectionDetails.tsx';
import { ConnectionList } from './ConnectionList.tsx';
import styles from './Connections.module.css';
import { findExisting } from './import-selection.ts';
import { RemoveConnection } from './RemoveConnection.tsx';
import { useCheckCommands } from './use-check-commands.ts';
import { useDiscovery } from './use-discovery.ts';
import { useFileDrop } from './use-file-drop.ts';

const AddConnection = lazyPart(async () => (await import('./AddConnection.tsx')).AddConnection);

export interface ConnectionsViewProps {
  /** The selected connection. Defaults to the first one. */
  readonly name?: string | undefined;
  /** Shows *Add connection* instead of the details. */
  readonly adding?: boolean | undefined;
}

/** The connections view: the list of connections, and the details of the selected one. */
export function ConnectionsView({ name, adding = false }: ConnectionsViewProps) {
  const connections = useConnections((state) => state.connections);
  const discovery = useDiscovery();
  const newCount =
    discovery.discovery?.candidates.filter((candidate) => findExisting(candidate, { connections }) === undefined)
      .length ?? 0;
  const isFileOver = useFileDrop();
  const [editing, setEditing] = useState<string>();
  const [removing, setRemoving] = useState<Connection>();

  const selected = adding
    ? undefined
    : connections.find((connection) => connection.name === (name ?? connections[0]?.name));
  const isAdding = adding || connections.length === 0;

  const itemsOf = (connection: Connection): readonly MenuItem[] => {
    const show = (): void => replaceView({ view: 'connections', name: connection.name });
    return [
      {
        label: 'Check connection',
        icon: 'refresh',
        run: () => {
          show();
          void runCheck(connection.name);
        },
      },
      {
        label: 'Edit connection',
        icon: 'edit',
        run: () => {
          show();
          setEditing(connection.name);
        },
      },
      { label: 'Disk use', icon: 'disk', run: () => openSheet({ sheet: 'storage', node: connection.name }) },
      { label: 'Free disk space…', icon: 'disk', run: () => askToFreeDisk([connection.name]) },
      'separator',
      { label: 'Remove connection…', icon: 'trash', danger: true, run: () => setRemoving(connection) },
    ];
  };

  useCheckCommands(selected?.name);
  useCommands(
    () =>
      selected
        ? [
            {
              id: 'connection:edit',
              label: `Edit connection ${selected.name}`,
              group: 'view',
              icon: 'edit',
              run: () => setEditing(selected.name),
            },
            {
              id: 'connection:remove',
              label: `Remove connection ${selected.name}…`,
              group: 'view',
              icon: 'trash',
              run: () => setRemoving(selected),
            },
          ]
        : [],
    [selected],
  );

  return (
    <Page
      title="Connections"
      note={<HealthSummary />}
      layout="full"
      actions={
        connections.length > 0 && (
          <>
            <CheckAllButton />
            <Button icon="plus" kind="primary" onClick={() => openAddConnections('address')} disabled={isAdding}>
              Add connection
            </Button>
            <Menu
              trigger={<IconButton icon="more" label="More actions" kind="secondary" />}
              items={[
                { label: 'Import from a file…', icon: 'file', run: chooseImportFile },
                { label: 'Export connections…', icon: 'download', run: exportConnections },
              ]}
            />
          </>
        )
      }
    >
      <div className={styles.columns}>
        {connections.length > 0 && (
          <ConnectionList
            selected={selected?.name}
            isAdding={isAdding}
            discoveredCount={newCount}
            onAdd={() => openAddConnections('discovered')}
            onRemove={setRemoving}
            itemsOf={itemsOf}
          />
        )}
        <div className={styles.pane}>
          {isAdding ? (
            <AddConnection discovery={discovery} newCount={newCount} isFirst={connections.length === 0} />
          ) : selected ? (
            <ConnectionDetails
              key={selected.name}
              connection={selected}
              isEditing={editing === selected.name}
              onEdit={(isEditing) => setEditing(isEditing ? selected.name : undefined)}
              onRemove={() => setRemoving(selected)}
            />
          ) : (
            <EmptyState icon="connections" title={`Connection ${name ?? ''} not found`}>
              It was removed or renamed. Select another connection from the list.
            </EmptyState>
          )}
        </div>
      </div>
      {isFileOver && (
        <div className={styles.dropHint} role="status">
          Drop to import connections from this file
        </div>
      )}
      <RemoveConnection connection={removing} onClose={() => setRemoving(undefined)} />
    </Page>
  );
}

/** `6 connections · 4 up · 1 down · 1 never reached` for the title bar. */
function HealthSummary() {
  const connections = useConnections((state) => state.connections);
  const nodes = useNodes();
  if (connections.length === 0) {
    return null;
  }
  const healths = connections.map(({ name }) => healthOf(nodes, name));
  const parts = (['up', 'down', 'never-reached', 'lost', 'set-aside', 'probing'] as const).flatMap((health) => {
    const count = healths.filter((other) => other === health).length;
    const isAll = count === connections.length && count > 1 && health !== 'up';
    const word = health === 'probing' ? 'being checked' : healthWord(health).toLowerCase();
    return count === 0 ? [] : [`${isAll ? wordOf('all') : count} ${word}`];
  });
  return [formatCount(connections.length, 'connection'), ...parts].join(' · ');
}

function CheckAllButton() {
  const connections = useConnections((state) => state.connections);
  const isBusy = useNodes(
    ({ probing }) => connections.length > 0 && connections.every(({ name }) => probing.has(name)),
  );
  return (
    <Button icon="refresh" busy={isBusy} onClick={probeAllNodes}>
      Check all
    </Button>
  );
}
