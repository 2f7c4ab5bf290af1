import { useEffect, useState } from 'react';
import type { Discovery } from '../../../shared/discovery.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { discoverConnections, useConnections } from '../../stores/connections.ts';
import { useFarms } from '../../stores/farms.ts';

export interface DiscoveryResult {
  /** Undefined until the first discovery has finished. The last result stays while it runs again. */
  readonly discovery: Discovery | undefined;
  readonly problem: Problem | undefined;
}

/**
 * Discovers engines and farms on this computer or in a file. Runs again when connections or farms change, because each entry
 * tells whether it has been added already.
 */
export function useDiscovery(file?: { readonly name: string; readonly text: string }): DiscoveryResult {
  const connections = useConnections((state) => state.connections);
  const farms = useFarms((state) => state.farms);
  const [result, setResult] = useState<DiscoveryResult>({ discovery: undefined, problem: undefined });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the app compares the entries with connections and farms
  useEffect(() => {
    const superseded = new AbortController();
    const { signal } = superseded;
    discoverConnections(file, signal).then(
      (discovery) => {
        if (!signal.aborted) {
          setResult({ discovery, problem: undefined });
        }
      },
      (error: unknown) => {
        if (!signal.aborted) {
          setResult({ discovery: undefined, problem: problemOf(error) });
        }
      },
    );
    return () => superseded.abort();
  }, [file, connections, farms]);
  return result;
}
