import type { ConnectionOptions } from '../../../shared/connection.ts';
import type { DiscoverySource } from '../../../shared/discovery.ts';

/** An engine as a source describes it. */
export interface DiscoveredEngine extends ConnectionOptions {
  readonly name: string;
  /** What farms of the source call it, where that is not its name. */
  readonly key?: string;
  readonly uri: string;
  /** A local engine that runs in a virtual machine. */
  readonly isInMachine?: boolean;
  /** The file that describes it, or its socket. */
  readonly path: string;
  /** Sentences to read before importing it. */
  readonly notes?: readonly string[];
}

/** A farm as a source describes it. Its members are names or keys of engines in the same source. */
export interface DiscoveredFarm {
  readonly name: string;
  readonly members: readonly string[];
  readonly path: string;
}

/** Why something was left out. */
export interface ImportNote {
  readonly path: string;
  /** A sentence. */
  readonly message: string;
}

/** Everything that one source contains. */
export interface ImportSource {
  readonly source: DiscoverySource;
  readonly engines: readonly DiscoveredEngine[];
  readonly farms: readonly DiscoveredFarm[];
  /** The default farm, by its name in the source. */
  readonly defaultFarm?: string;
  readonly notes: readonly ImportNote[];
}

export function emptySource(source: DiscoverySource, notes: readonly ImportNote[] = []): ImportSource {
  return { source, engines: [], farms: [], notes };
}
