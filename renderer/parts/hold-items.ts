import type { NodeHold } from '../../shared/queue.ts';
import { holdNode, resumeNode, useQueue } from '../stores/queue.ts';
import type { MenuItem } from './Menu.tsx';

/** What a menu of a node offers to pause, drain or resume it. */
export function holdItems(name: string, hold: NodeHold | undefined = useQueue.getState().holds[name]): MenuItem[] {
  return [
    ...(hold ? [{ label: 'Resume node', icon: 'play', run: () => resumeNode(name) } as const] : []),
    ...(hold?.state === 'paused'
      ? []
      : [
          {
            label: 'Pause node',
            icon: 'pause',
            hint: 'Jobs wait for it',
            run: () => holdNode(name, 'paused'),
          } as const,
        ]),
    ...(hold?.state === 'draining'
      ? []
      : [
          {
            label: 'Drain node',
            icon: 'down',
            hint: 'Waiting jobs move to other nodes',
            run: () => holdNode(name, 'draining'),
          } as const,
        ]),
  ];
}
