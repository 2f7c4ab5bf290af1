import { useRef } from 'react';
import type { Connection } from '../../../shared/connection.ts';
import type { Farm } from '../../../shared/farm.ts';
import { formatCount, formatList } from '../../../shared/format.ts';
import type { NodeStatus } from '../../../shared/node.ts';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { useRunningJobCount } from '../../stores/builds.ts';
import { addConnection, removeConnection, useConnections } from '../../stores/connections.ts';
import { updateFarm, useFarms } from '../../stores/farms.ts';
import { replaceView, useNavigation } from '../../stores/navigation.ts';
import { useNodes } from '../../stores/nodes.ts';
import { removalLosses } from '../../stores/removal-losses.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';

export interface RemoveConnectionProps {
  readonly connection: Connection | undefined;
  readonly onClose: () => void;
}

/** Asks before removing a connection, shows which farms are affected, and offers Undo afterwards. */
export function RemoveConnection({ connection, onClose }: RemoveConnectionProps) {
  // keeps the text while the dialog fades out
  const last = useRef(connection);
  last.current = connection ?? last.current;
  return last.current ? (
    <RemoveDialog connection={last.current} open={connection !== undefined} onClose={onClose} />
  ) : null;
}

function RemoveDialog({ connection, open, onClose }: { connection: Connection; open: boolean; onClose: () => void }) {
  const { name } = connection;
  const farms = useFarms((state) => state.farms);
  const byName = useNodes((state) => state.byName);
  const jobs = useRunningJobCount(name);
  const memberOf = farms.filter(({ connections }) => connections.includes(name));

  async function remove(): Promise<void> {
    const { connections } = useConnections.getState();
    const at = connections.findIndex((other) => other.name === name);
    const next = connections[at + 1] ?? connections[at - 1];
    await removeConnection(name);
    const view = useNavigation.getState().route?.view;
    if (view?.view === 'connections') {
      replaceView({ view: 'connections', ...(next ? { name: next.name } : {}) });
    }
    toast({
      title: `Removed ${name}`,
      ...(memberOf.length > 0
        ? { description: `Also removed from ${formatList(memberOf.map((farm) => farm.name))}.` }
        : {}),
      action: { label: 'Undo', run: () => void restore(connection, memberOf).catch(toastProblem) },
    });
  }

  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      title={`Remove connection ${name}?`}
      description="The machine itself is not changed, and its builds stay in the history. You can add the connection again later."
      losses={[
        ...memberOf.flatMap((farm) => describeLosses(farm, name, byName)),
        ...(jobs > 0 ? [`${formatCount(jobs, 'running job')}: restarted on another node, or failed`] : []),
      ]}
      action="Remove connection"
      onConfirm={remove}
    />
  );
}

/** What a farm loses with a connection or, if it loses nothing, with which nodes it continues. */
function describeLosses(farm: Farm, connection: string, statuses: Readonly<Record<string, NodeStatus>>): string[] {
  const others = farm.connections.filter((other) => other !== connection);
  const losses = removalLosses(farm, connection, statuses);
  return losses.length > 0
    ? losses
    : [`Farm ${farm.name} continues with ${others.length > 3 ? `${others.length} other nodes` : formatList(others)}`];
}

async function restore(connection: Connection, farms: readonly Farm[]): Promise<void> {
  const { name } = connection;
  await addConnection(connection);
  for (const farm of farms) {
    await updateFarm({ name: farm.name, add: [name] });
  }
  if (useNavigation.getState().route?.view.view === 'connections') {
    replaceView({ view: 'connections', name });
  }
}
