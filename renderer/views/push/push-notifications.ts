import { formatReferenceShort } from '../../../shared/format.ts';
import type { Push } from '../../../shared/push.ts';
import { openSheet } from '../../stores/navigation.ts';
import { usePushes } from '../../stores/pushes.ts';
import { toast } from '../../stores/toasts.ts';

const watched = new Set<string>();
/** How many open sheets show a push. No toast is needed for a push that is visible. */
const visibleCounts = new Map<string, number>();
/** By reference, the id of a push that ended while no sheet showed it. The next sheet for the reference shows it. */
const endedUnseen = new Map<string, string>();

/** Shows a toast when a push ends, unless a sheet shows the push. */
export function notifyWhenPushEnds(id: string): void {
  if (watched.has(id)) {
    return;
  }
  watched.add(id);
  const stop = usePushes.subscribe(({ byId }) => {
    const push = byId[id];
    if (push && push.status !== 'running') {
      stop();
      watched.delete(id);
      if (!visibleCounts.has(id)) {
        endedUnseen.set(push.reference, id);
        notify(push);
      }
    }
  });
}

/** Marks a push as shown by a sheet until the returned function is called. */
export function markPushVisible(id: string): () => void {
  visibleCounts.set(id, (visibleCounts.get(id) ?? 0) + 1);
  return () => {
    const count = (visibleCounts.get(id) ?? 1) - 1;
    if (count === 0) {
      visibleCounts.delete(id);
    } else {
      visibleCounts.set(id, count);
    }
  };
}

/** @returns the newest push of a reference if it is running, has failed or ended unseen; a sheet then shows it instead of the form */
export function findPushToShow(reference: string, destination?: string): string | undefined {
  const { order, byId } = usePushes.getState();
  const newest = order
    .map((id) => byId[id])
    .find((push) => push?.reference === reference && push.destination === (destination ?? push.destination));
  if (!newest) {
    return undefined;
  }
  const isUnseen = endedUnseen.get(reference) === newest.id;
  endedUnseen.delete(reference);
  return newest.status === 'running' || newest.status === 'failed' || isUnseen ? newest.id : undefined;
}

function notify({ reference, destination, status, problem }: Push): void {
  const name = formatReferenceShort(reference);
  const action = { label: 'Show push', run: () => openSheet({ sheet: 'push', reference }) };
  if (status === 'done') {
    toast({ title: `Pushed ${name}`, description: destination, kind: 'done', action });
  } else if (status === 'failed') {
    toast({
      title: `Could not push ${name}`,
      ...(problem ? { description: problem.message } : {}),
      kind: 'failed',
      action,
    });
  }
}
