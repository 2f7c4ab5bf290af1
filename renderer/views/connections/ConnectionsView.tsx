/** Connections: the list, details, connection check and import. */

import { useState } from 'react';
import type { Connection } from '../../../shared/connection.ts';
import { formatCount } from '../../../shared/format.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Menu } from '../../parts/Menu.tsx';
import { Page } from '../../parts/Page.tsx';
import { exportConnections } from '../../stores/connection-export.ts';
import { chooseImportFile, openAddConnections } from '../../stores/connection-import.ts';
import { useConnections } from '../../stores/connections.ts';
import { probeAllNodes } from '../../stores/farm-actions.ts';
import { type Health, healthOf, useNodes } from '../../stores/nodes.ts';
import { AddConnection } from './AddConnection.tsx';
import { ConnectionDetails } from './ConnectionDetails.tsx';
import { ConnectionList } from './ConnectionList.tsx';
import styles from './Connections.module.css';
import { findExisting } from './import-selection.ts';
import { RemoveConnection } from './RemoveConnection.tsx';
import { useCheckCommands } from './use-check-commands.ts';
import { useDiscovery } from './use-discovery.ts';
import { useFileDrop } from './use-file-drop.ts';

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

  useCheckCommands(selected?.name);
  useCommands(
    () =>
      selected
        ? [
            {
              id: 'connection:edit',
              label: `Edit connection ${selected.name}`,
              group: 'Current view',
              icon: 'edit',
              run: () => setEditing(selected.name),
            },
            {
              id: 'connection:remove',
              label: `Remove connection ${selected.name}…`,
              group: 'Current view',
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

/** `6 up, 1 down` for the title bar. */
function HealthSummary() {
  const connections = useConnections((state) => state.connections);
  const nodes = useNodes();
  if (connections.length === 0) {
    return null;
  }
  const healths = connections.map(({ name }) => healthOf(nodes, name));
  const count = (health: Health): number => healths.filter((other) => other === health).length;
  const down = count('down') + count('lost');
  const checking = count('probing');
  const parts = [
    down === connections.length && down > 1 ? 'all down' : undefined,
    down < connections.length && count('up') > 0 ? `${count('up')} up` : undefined,
    down > 0 && (down < connections.length || down === 1) ? `${down} down` : undefined,
    checking > 0 ? `${checking} being checked` : undefined,
  ];
  return [formatCount(connections.length, 'connection'), ...parts.filter(Boolean)].join(' · ');
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
