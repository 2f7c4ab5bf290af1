import { useEffect, useState } from 'react';
import type { Discovery } from '../../../shared/discovery.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { discoverConnections, useConnections } from '../../stores/connections.ts';
import { useFarms } from '../../stores/farms.ts';

export interface Found {
  /** Undefined until it is known; what was found last stays while it is looked for again. */
  readonly discovery: Discovery | undefined;
  readonly problem: Problem | undefined;
}

/**
 * What this computer knows of engines and farms, or what a file holds. Looked for again when connections or farms change,
 * since each finding says whether it is here already.
 */
export function useDiscovery(file?: { readonly name: string; readonly text: string }): Found {
  const connections = useConnections((state) => state.connections);
  const farms = useFarms((state) => state.farms);
  const [found, setFound] = useState<Found>({ discovery: undefined, problem: undefined });
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is found depends on what is here
  useEffect(() => {
    let isOver = false;
    discoverConnections(file).then(
      (discovery) => {
        if (!isOver) {
          setFound({ discovery, problem: undefined });
        }
      },
      (error: unknown) => {
        if (!isOver) {
          setFound({ discovery: undefined, problem: problemOf(error) });
        }
      },
    );
    return () => {
      isOver = true;
    };
  }, [file, connections, farms]);
  return found;
}
