import { useState } from 'react';
import type { Connection } from '../../../shared/connection.ts';
import { formatCount } from '../../../shared/format.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Menu } from '../../parts/Menu.tsx';
import { Page } from '../../parts/Page.tsx';
import { useConnections } from '../../stores/connections.ts';
import { addBy, chooseFile, exportConnections } from '../../stores/exchange.ts';
import { healthOf, useNodes } from '../../stores/nodes.ts';
import { AddConnection } from './AddConnection.tsx';
import { askAllNodes } from './asking.ts';
import { ConnectionDetails } from './ConnectionDetails.tsx';
import { ConnectionList } from './ConnectionList.tsx';
import styles from './Connections.module.css';
import { knownAs } from './choice.ts';
import { RemoveConnection } from './RemoveConnection.tsx';
import { useCheckCommands } from './use-check-commands.ts';
import { useDiscovery } from './use-discovery.ts';
import { useFileDrop } from './use-file-drop.ts';

export interface ConnectionsViewProps {
  /** The chosen connection; without one, the first. */
  readonly name?: string | undefined;
  /** The form for a new one takes the place of the details. */
  readonly adding?: boolean | undefined;
}

/** The list of connections, and beside it what is known of the chosen one. */
export function ConnectionsView({ name, adding = false }: ConnectionsViewProps) {
  const connections = useConnections((state) => state.connections);
  const found = useDiscovery();
  const fresh = found.discovery?.candidates.filter((each) => knownAs(each, { connections }) === undefined).length ?? 0;
  const isFileOver = useFileDrop();
  const [editing, setEditing] = useState<string>();
  const [removing, setRemoving] = useState<Connection>();

  const chosen = adding ? undefined : connections.find((each) => each.name === (name ?? connections[0]?.name));
  const isAdding = adding || connections.length === 0;

  useCheckCommands(chosen?.name);
  useCommands(
    () =>
      chosen
        ? [
            {
              id: 'connection:edit',
              label: `Edit connection ${chosen.name}`,
              group: 'Here',
              icon: 'edit',
              run: () => setEditing(chosen.name),
            },
            {
              id: 'connection:remove',
              label: `Remove connection ${chosen.name}…`,
              group: 'Here',
              icon: 'trash',
              run: () => setRemoving(chosen),
            },
          ]
        : [],
    [chosen],
  );

  return (
    <Page
      title="Connections"
      note={<Health />}
      layout="full"
      actions={
        connections.length > 0 && (
          <>
            <AskAll />
            <Button icon="plus" kind="primary" onClick={() => addBy('address')} disabled={isAdding}>
              Add connection
            </Button>
            <Menu
              trigger={<IconButton icon="more" label="More about connections" kind="secondary" />}
              items={[
                { label: 'Import from a file…', icon: 'file', run: chooseFile },
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
            chosen={chosen?.name}
            isAdding={isAdding}
            foundElsewhere={fresh}
            onAdd={() => addBy('found')}
            onRemove={setRemoving}
          />
        )}
        <div className={styles.pane}>
          {isAdding ? (
            <AddConnection found={found} fresh={fresh} isFirst={connections.length === 0} />
          ) : chosen ? (
            <ConnectionDetails
              key={chosen.name}
              connection={chosen}
              isEditing={editing === chosen.name}
              onEdit={(wanted) => setEditing(wanted ? chosen.name : undefined)}
              onRemove={() => setRemoving(chosen)}
            />
          ) : (
            <EmptyState icon="connections" title={`There is no connection ${name ?? ''}`}>
              It was removed or has another name now. Choose one from the list.
            </EmptyState>
          )}
        </div>
      </div>
      {isFileOver && (
        <div className={styles.held} role="status">
          Let go to see which connections the file holds
        </div>
      )}
      <RemoveConnection connection={removing} onClose={() => setRemoving(undefined)} />
    </Page>
  );
}

/** `6 up, 1 down` for the title bar. */
function Health() {
  const connections = useConnections((state) => state.connections);
  const nodes = useNodes();
  if (connections.length === 0) {
    return null;
  }
  const healths = connections.map(({ name }) => healthOf(nodes, name));
  const count = (wanted: string): number => healths.filter((health) => health === wanted).length;
  const down = count('down') + count('lost');
  const asked = count('probing');
  const parts = [
    down === connections.length && down > 1 ? 'all down' : undefined,
    down < connections.length && count('up') > 0 ? `${count('up')} up` : undefined,
    down > 0 && (down < connections.length || down === 1) ? `${down} down` : undefined,
    asked > 0 ? `${asked} being asked` : undefined,
  ];
  return [formatCount(connections.length, 'connection'), ...parts.filter(Boolean)].join(' · ');
}

function AskAll() {
  const connections = useConnections((state) => state.connections);
  const isBusy = useNodes(
    ({ probing }) => connections.length > 0 && connections.every(({ name }) => probing.has(name)),
  );
  return (
    <Button icon="refresh" busy={isBusy} onClick={askAllNodes}>
      Ask all
    </Button>
  );
}
