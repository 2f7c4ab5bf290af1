import { useConnections } from '../../stores/connections.ts';
import { probe } from '../../stores/nodes.ts';
import { toastProblem } from '../../stores/toasts.ts';

/** Asks every node anew, all at the same time. What they say is in the store of nodes. */
export function askAllNodes(): void {
  const connections = useConnections.getState().connections.map(({ name }) => name);
  if (connections.length > 0) {
    probe({ connections }).catch(toastProblem);
  }
}
