import { useState } from 'react';
import type { Connection } from '../../../shared/connection.ts';
import { formatCount } from '../../../shared/format.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { Page } from '../../parts/Page.tsx';
import { useConnections } from '../../stores/connections.ts';
import { replaceView } from '../../stores/navigation.ts';
import { healthOf, useNodes } from '../../stores/nodes.ts';
import { AddConnection } from './AddConnection.tsx';
import { askAllNodes, askNode } from './asking.ts';
import { ConnectionDetails } from './ConnectionDetails.tsx';
import { ConnectionList } from './ConnectionList.tsx';
import styles from './Connections.module.css';
import { RemoveConnection } from './RemoveConnection.tsx';
import { useCandidates } from './use-candidates.ts';

export interface ConnectionsViewProps {
  /** The chosen connection; without one, the first. */
  readonly name?: string | undefined;
  /** The form for a new one takes the place of the details. */
  readonly adding?: boolean | undefined;
}

function add(): void {
  replaceView({ view: 'connections', adding: true });
}

/** The list of connections, and beside it what is known of the chosen one. */
export function ConnectionsView({ name, adding = false }: ConnectionsViewProps) {
  const connections = useConnections((state) => state.connections);
  const { candidates, problem } = useCandidates();
  const [editing, setEditing] = useState<string>();
  const [removing, setRemoving] = useState<Connection>();

  const chosen = adding ? undefined : connections.find((each) => each.name === (name ?? connections[0]?.name));
  const isAdding = adding || connections.length === 0;

  useCommands(
    () =>
      chosen
        ? [
            {
              id: 'connection:test',
              label: `Test connection ${chosen.name}`,
              group: 'Here',
              icon: 'refresh',
              shortcut: 'Mod+R',
              keywords: ['probe', 'check'],
              run: () => void askNode(chosen.name),
            },
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
            <TestAll />
            <Button icon="plus" kind="primary" onClick={add} disabled={isAdding}>
              Add connection
            </Button>
          </>
        )
      }
    >
      <div className={styles.columns}>
        {connections.length > 0 && (
          <ConnectionList
            chosen={chosen?.name}
            isAdding={isAdding}
            foundElsewhere={candidates.filter(({ uri }) => !connections.some((each) => each.uri === uri)).length}
            onAdd={add}
            onRemove={setRemoving}
          />
        )}
        <div className={styles.pane}>
          {isAdding ? (
            <AddConnection candidates={candidates} problem={problem} isFirst={connections.length === 0} />
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
  const down = count('down');
  const asked = count('probing');
  const parts = [
    down === connections.length && down > 1 ? 'all down' : undefined,
    down < connections.length && count('up') > 0 ? `${count('up')} up` : undefined,
    down > 0 && (down < connections.length || down === 1) ? `${down} down` : undefined,
    asked > 0 ? `${asked} being asked` : undefined,
  ];
  return [formatCount(connections.length, 'connection'), ...parts.filter(Boolean)].join(' · ');
}

function TestAll() {
  const connections = useConnections((state) => state.connections);
  const isBusy = useNodes(
    ({ probing }) => connections.length > 0 && connections.every(({ name }) => probing.has(name)),
  );
  return (
    <Button icon="refresh" busy={isBusy} onClick={askAllNodes}>
      Test all
    </Button>
  );
}
