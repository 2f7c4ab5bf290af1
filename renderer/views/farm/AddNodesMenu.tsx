import { type ReactElement, useMemo } from 'react';
import type { Farm } from '../../../shared/farm.ts';
import { Menu, type MenuItem } from '../../parts/Menu.tsx';
import { useConnections } from '../../stores/connections.ts';
import { addNodes } from '../../stores/farm-actions.ts';
import { navigate } from '../../stores/navigation.ts';

/** A menu of the connections that are not in the farm; choosing one adds it. */
export function AddNodesMenu({ farm, trigger }: { farm: Farm; trigger: ReactElement<Record<string, unknown>> }) {
  const connections = useConnections((state) => state.connections);
  const items = useMemo<MenuItem[]>(() => {
    const others = connections.filter(({ name }) => !farm.connections.includes(name));
    return [
      ...others.map(
        ({ name, uri }): MenuItem => ({
          label: name,
          hint: uri,
          icon: 'node',
          run: () => addNodes(farm.name, [name]),
        }),
      ),
      ...(others.length > 1
        ? [
            {
              label: `Add all ${others.length}`,
              icon: 'plus' as const,
              run: () =>
                addNodes(
                  farm.name,
                  others.map(({ name }) => name),
                ),
            },
          ]
        : []),
      ...(others.length > 0 ? ['separator' as const] : []),
      {
        label: 'Add connection…',
        icon: 'connections',
        run: () => navigate({ view: 'connections', adding: true }),
      },
    ];
  }, [connections, farm]);
  return <Menu trigger={trigger} items={items} />;
}
