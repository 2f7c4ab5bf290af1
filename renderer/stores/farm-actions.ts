import { formatList } from '../../shared/format.ts';
import type { Platform } from '../../shared/platform.ts';
import { call } from '../api.ts';
import { useConnections } from './connections.ts';
import { updateFarm, useFarms } from './farms.ts';
import { probe, useNodes } from './nodes.ts';
import { removalLosses } from './removal-losses.ts';
import { toast, toastProblem } from './toasts.ts';

/** Changes to farms that start from menus and drag and drop. They take effect at once, offer Undo, and report failures as toasts. */

export function addNodes(farm: string, names: readonly string[]): void {
  const members = useFarms.getState().farms.find(({ name }) => name === farm)?.connections ?? [];
  const added = names.filter((name) => !members.includes(name));
  updateFarm({ name: farm, add: added }).then(
    () =>
      toast({
        kind: 'done',
        title: `Added ${formatList(added)} to ${farm}`,
        action: { label: 'Undo', run: () => void updateFarm({ name: farm, remove: added }).catch(toastProblem) },
      }),
    toastProblem,
  );
}

/** Pins a platform to a node for all builds of a farm. An empty name removes the pin. */
export function setPin(farm: string, platform: Platform, node: string): void {
  updateFarm({ name: farm, pins: { [platform]: node } }).catch(toastProblem);
}

export function removeNode(farm: string, node: string): void {
  const before = useFarms.getState().farms.find(({ name }) => name === farm);
  const losses = before ? removalLosses(before, node, useNodes.getState().byName) : [];
  updateFarm({ name: farm, remove: [node] }).then(
    () =>
      toast({
        title: `Removed ${node} from ${farm}`,
        description: [...losses, 'The connection is kept'].map((sentence) => `${sentence}.`).join(' '),
        action: {
          label: 'Undo',
          run: () => void updateFarm({ name: farm, add: [node] }).catch(toastProblem),
        },
      }),
    toastProblem,
  );
}

export function moveNode(node: string, from: string, to: string): void {
  updateFarm({ name: to, add: [node] })
    .then(() => updateFarm({ name: from, remove: [node] }))
    .then(
      () =>
        toast({
          kind: 'done',
          title: `Moved ${node} to ${to}`,
          action: {
            label: 'Undo',
            run: () =>
              void updateFarm({ name: from, add: [node] })
                .then(() => updateFarm({ name: to, remove: [node] }))
                .catch(toastProblem),
          },
        }),
      toastProblem,
    );
}

export function makeDefault(farm: string): void {
  updateFarm({ name: farm, makeDefault: true }).then(
    () => toast({ kind: 'done', title: `${farm} is now the default farm` }),
    toastProblem,
  );
}

/** Probes all nodes. Results arrive in the store of nodes. */
export function probeAllNodes(): void {
  probeNodes(useConnections.getState().connections.map(({ name }) => name));
}

/** Gives jobs again to a node that was set aside. */
export function clearSetAside(name: string): void {
  call('nodes.useAgain', { name }).then(() => toast({ kind: 'done', title: `${name} gets jobs again` }), toastProblem);
}

export function probeNodes(names: readonly string[]): void {
  if (names.length > 0) {
    probe({ connections: [...names] }).catch(toastProblem);
  }
}
