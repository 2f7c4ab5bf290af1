import type { Push } from '../../../shared/contract.ts';
import { formatReferenceShort } from '../../../shared/format.ts';
import { openSheet } from '../../stores/navigation.ts';
import { usePushes } from '../../stores/pushes.ts';
import { toast } from '../../stores/toasts.ts';

const watched = new Set<string>();
/** Those that a sheet shows now: it tells of them itself. */
const shown = new Map<string, number>();
/** Pushes that have ended while no sheet showed them, by reference: the sheet opens with them. */
const unseen = new Map<string, string>();

/** Tells in a toast how a push has ended, unless a sheet shows it. */
export function watchPush(id: string): void {
  if (watched.has(id)) {
    return;
  }
  watched.add(id);
  const stop = usePushes.subscribe(({ byId }) => {
    const push = byId[id];
    if (push && push.status !== 'running') {
      stop();
      watched.delete(id);
      if (!shown.has(id)) {
        unseen.set(push.reference, id);
        tell(push);
      }
    }
  });
}

/** A sheet shows the push until the returned function is called. */
export function showPush(id: string): () => void {
  shown.set(id, (shown.get(id) ?? 0) + 1);
  return () => {
    const count = (shown.get(id) ?? 1) - 1;
    if (count === 0) {
      shown.delete(id);
    } else {
      shown.set(id, count);
    }
  };
}

/** The push that a sheet for a reference opens with: the newest, where it runs, has failed, or has ended unseen. */
export function pushToShow(reference: string, destination?: string): string | undefined {
  const { order, byId } = usePushes.getState();
  const newest = order
    .map((id) => byId[id])
    .find((push) => push?.reference === reference && push.destination === (destination ?? push.destination));
  if (!newest) {
    return undefined;
  }
  const isUnseen = unseen.get(reference) === newest.id;
  unseen.delete(reference);
  return newest.status === 'running' || newest.status === 'failed' || isUnseen ? newest.id : undefined;
}

function tell({ reference, destination, status, problem }: Push): void {
  const name = formatReferenceShort(reference);
  const action = { label: 'Show', run: () => openSheet({ sheet: 'push', reference }) };
  if (status === 'done') {
    toast({ title: `Pushed ${name}`, description: destination, kind: 'done', action });
  } else if (status === 'failed') {
    toast({
      title: `${name} could not be pushed`,
      ...(problem ? { description: problem.message } : {}),
      kind: 'failed',
      action,
    });
  }
}
