import type { DiscoverySource } from '../../../shared/discovery.ts';

/** What a file says about an engine, as it stands there. */
export interface FoundEngine {
  readonly name: string;
  readonly uri: string;
  readonly identity?: string;
  /** The file that says it, or the socket. */
  readonly path: string;
  /** What a person should know before adding it, as sentences. */
  readonly notes?: readonly string[];
}

/** A farm as it stands in a file: its members are names of engines there. */
export interface FoundFarm {
  readonly name: string;
  readonly members: readonly string[];
  readonly path: string;
}

/** Something that was left out, and why, as a sentence. */
export interface Note {
  readonly path: string;
  readonly message: string;
}

/** All that one source holds. */
export interface Found {
  readonly source: DiscoverySource;
  readonly engines: readonly FoundEngine[];
  readonly farms: readonly FoundFarm[];
  /** The farm that builds when none is named, by its name there. */
  readonly defaultFarm?: string;
  readonly notes: readonly Note[];
}

export function nothing(source: DiscoverySource, notes: readonly Note[] = []): Found {
  return { source, engines: [], farms: [], notes };
}
