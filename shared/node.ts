import { z } from 'zod';
import { unusableEmulatorSchema } from './emulation.ts';
import { nodePreferencesSchema } from './node-preferences.ts';
import { platformSchema } from './platform.ts';
import { problemSchema } from './problem.ts';
import { setAsideSchema } from './set-aside.ts';

export const engineKindSchema = z.enum(['podman', 'docker', 'buildkit']);
export type EngineKind = z.infer<typeof engineKindSchema>;

/** The names of engines, everywhere. */
export const engineNames: Readonly<Record<EngineKind, string>> = {
  podman: 'podman',
  docker: 'docker',
  buildkit: 'BuildKit',
};

/**
 * What builds images in docker: BuildKit, or the builder that docker had before it, where BuildKit is off or missing.
 */
export const builderKindSchema = z.enum(['buildkit', 'classic']);
export type BuilderKind = z.infer<typeof builderKindSchema>;

/**
 * What an engine can do for a build, besides the options that it supports (see `option-support.ts`) and the platforms of its node.
 * `notes` are sentences about what a Containerfile cannot use there.
 */
export const capabilitiesSchema = z.object({
  exportFormats: z.array(z.enum(['oci-archive', 'docker-archive'])),
  notes: z.array(z.string()).optional(),
});
export type Capabilities = Readonly<z.infer<typeof capabilitiesSchema>>;

const spaceSchema = z.object({ total: z.number(), free: z.number() });

/**
 * A connection whose engine has answered, and what it can build. Memory and disk are in bytes. The disk is that of the image
 * storage. What only commands on its machine tell is missing where none can be run.
 */
export const nodeSchema = z.object({
  connection: z.string(),
  engine: engineKindSchema,
  /** Only for docker. */
  builder: builderKindSchema.optional(),
  /** docker stores images in containerd, so that its BuildKit has all exporters of a BuildKit daemon. */
  storesInContainerd: z.boolean().optional(),
  version: z.string(),
  apiVersion: z.string(),
  hostname: z.string(),
  distribution: z.string().optional(),
  rootless: z.boolean().optional(),
  /** The platform of the engine. An amd64 engine has no variant here, whatever its processor is. */
  platform: platformSchema,
  /**
   * What its processor can do: the highest variant of the platform's architecture that it runs, and whether it and its kernel
   * run 32-bit programs. Without it, or without one of both, this is not known.
   */
  processor: z.object({ variant: z.string().optional(), runs32Bit: z.boolean().optional() }).optional(),
  /** The platforms that it emulates. It emulates lower variants of them, too. */
  emulated: z.array(platformSchema),
  /** Emulators of its machine that containers cannot use, for platforms that it does not build. */
  unusableEmulators: z.array(unusableEmulatorSchema).optional(),
  /** The only platforms that may be built there, as its connection says. Without it: all that it can build. */
  allowedPlatforms: z.array(platformSchema).optional(),
  /** What a person prefers of it, as its connection says. */
  preferences: nodePreferencesSchema.optional(),
  capabilities: capabilitiesSchema,
  cpus: z.number().optional(),
  /** The load average of its machine over the last minute, of whatever runs there. Missing if it is unknown. */
  load: z.number().optional(),
  memory: spaceSchema.optional(),
  disk: spaceSchema.optional(),
  /** Where podman unpacks contexts, if that is not the disk of its images. */
  temporary: spaceSchema.optional(),
  /** The size of its build cache, and the size that it keeps the cache below by itself. In bytes. */
  buildCache: z.object({ size: z.number(), limit: z.number().optional() }).optional(),
  /** Time of one small request over the open connection, in milliseconds. */
  latencyMs: z.number(),
  /** Equal for all connections that lead to the same machine. Missing if it is unknown. */
  machineId: z.string().optional(),
  /** Equal for all connections that lead to the same engine with the same images. Missing if it is unknown. */
  engineId: z.string().optional(),
});

export type Node = Readonly<z.infer<typeof nodeSchema>>;

/** What a node has said of itself, without what its connection says of it. */
export const nodeFactsSchema = nodeSchema.omit({ connection: true, allowedPlatforms: true, preferences: true });
export type NodeFacts = Readonly<z.infer<typeof nodeFactsSchema>>;

export function factsOf({
  connection: _connection,
  allowedPlatforms: _allowed,
  preferences: _preferences,
  ...facts
}: Node): NodeFacts {
  return facts;
}

/** Below this a build soon fills the disk. In bytes. */
const lowDiskBytes = 5 * 1024 ** 3;
/** The free part below which a disk is low, unless `ampleDiskBytes` are free. */
const lowDiskPart = 0.05;
const ampleDiskBytes = 50 * 1024 ** 3;

/** Whether the disk of a node is nearly full. One whose size is unknown is not. */
export function isDiskLow({ free, total }: { readonly free: number; readonly total: number }): boolean {
  return total > 0 && free < ampleDiskBytes && (free < lowDiskBytes || free < total * lowDiskPart);
}

/** Whether the builder of a node makes attestations and keeps them with the image: docker does only if it stores images in containerd. */
export function makesAttestations({ engine, builder, storesInContainerd }: Node): boolean {
  return engine === 'buildkit' || (engine === 'docker' && builder === 'buildkit' && storesInContainerd === true);
}

/** The engine of a node with its version, everywhere: `docker 26.1.5`, `docker 20.10.24, classic builder`. */
export function engineText({ engine, version, builder }: Pick<Node, 'engine' | 'version' | 'builder'>): string {
  return `${engineNames[engine]} ${version}${builder === 'classic' ? ', classic builder' : ''}`;
}

/** The result of a probe of one connection. */
export const nodeStatusSchema = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('up'),
    connection: z.string(),
    node: nodeSchema,
    /** Another connection to the same engine. */
    sameAs: z.string().optional(),
    /** Another connection to the same machine, perhaps to another engine of it. */
    sameMachineAs: z.string().optional(),
    /** It gets no jobs for a while, because it failed again and again. */
    setAside: setAsideSchema.optional(),
  }),
  z.object({
    state: z.literal('down'),
    connection: z.string(),
    problem: problemSchema,
    /** Its engine has never answered under this URI. */
    neverReached: z.literal(true).optional(),
    /** The next automatic reconnect after a lost connection: its time (ISO 8601) and its number, counted from 1. */
    retry: z.object({ at: z.string(), attempt: z.number() }).optional(),
  }),
]);

export type NodeStatus = Readonly<z.infer<typeof nodeStatusSchema>>;

/** `lost`: down, but reconnecting automatically. `never-reached`: down, and its engine has never answered. */
export type NodeState = 'up' | 'lost' | 'down' | 'never-reached';

export function nodeStateOf(status: NodeStatus): NodeState {
  if (status.state === 'up') {
    return 'up';
  }
  return status.neverReached ? 'never-reached' : status.retry ? 'lost' : 'down';
}

/** The words for the states of nodes, everywhere. */
export const nodeStateWords: Readonly<Record<NodeState, string>> = {
  up: 'Up',
  lost: 'Lost',
  down: 'Down',
  'never-reached': 'Never reached',
};
