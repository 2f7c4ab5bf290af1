import { useRef } from 'react';
import type { Connection } from '../../../shared/connection.ts';
import type { Farm } from '../../../shared/farm.ts';
import { formatCount, formatList } from '../../../shared/format.ts';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { useJobsOn } from '../../stores/builds.ts';
import { addConnection, removeConnection, useConnections } from '../../stores/connections.ts';
import { updateFarm, useFarms } from '../../stores/farms.ts';
import { replaceView, useNavigation } from '../../stores/navigation.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';

export interface RemoveConnectionProps {
  readonly connection: Connection | undefined;
  readonly onClose: () => void;
}

/** Asks before a connection goes, says from which farms, and offers to put it back. */
export function RemoveConnection({ connection, onClose }: RemoveConnectionProps) {
  // the words stay while the dialog closes
  const last = useRef(connection);
  last.current = connection ?? last.current;
  return last.current ? <Ask connection={last.current} open={connection !== undefined} onClose={onClose} /> : null;
}

function Ask({ connection, open, onClose }: { connection: Connection; open: boolean; onClose: () => void }) {
  const { name } = connection;
  const farms = useFarms((state) => state.farms);
  const jobs = useJobsOn(name);
  const holding = farms.filter(({ connections }) => connections.includes(name));

  async function remove(): Promise<void> {
    const { connections } = useConnections.getState();
    const at = connections.findIndex((each) => each.name === name);
    const next = connections[at + 1] ?? connections[at - 1];
    await removeConnection(name);
    const view = useNavigation.getState().place?.view;
    if (view?.view === 'connections') {
      replaceView({ view: 'connections', ...(next ? { name: next.name } : {}) });
    }
    toast({
      title: `Removed ${name}`,
      ...(holding.length > 0 ? { description: `Also from ${formatList(holding.map((farm) => farm.name))}.` } : {}),
      action: { label: 'Undo', run: () => void putBack(connection, holding).catch(toastProblem) },
    });
  }

  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      title={`Remove connection ${name}?`}
      description="Nothing changes on the machine itself, and its builds stay in the history. You can add it again."
      losses={[
        ...holding.map((farm) => lossOf(farm, name)),
        ...(jobs > 0
          ? [`${formatCount(jobs, 'platform')} it builds now: started anew on another node, or failed`]
          : []),
      ]}
      action="Remove connection"
      onConfirm={remove}
    />
  );
}

/** What a farm loses with a connection: `Farm home goes on with big-amd and this-computer`. */
export function lossOf({ name: farm, connections }: Farm, connection: string): string {
  const others = connections.filter((each) => each !== connection);
  return others.length === 0
    ? `Farm ${farm}: it has no other node and can build nothing then`
    : others.length > 3
      ? `Farm ${farm}: it goes on with ${others.length} other nodes`
      : `Farm ${farm}: it goes on with ${formatList(others)}`;
}

async function putBack({ name, uri, identity }: Connection, farms: readonly Farm[]): Promise<void> {
  await addConnection({ name, uri, ...(identity ? { identity } : {}) });
  for (const farm of farms) {
    await updateFarm({ name: farm.name, add: [name] });
  }
  if (useNavigation.getState().place?.view.view === 'connections') {
    replaceView({ view: 'connections', name });
  }
}
