/** What takes space on nodes and here, and what a prune removes. */
import { z } from 'zod';
import { nodeSelectionSchema } from './farm.ts';
import { problemSchema } from './problem.ts';
import { defaultParts, type KeptReason, keptReasons, localParts, pruneOrder, storageKinds } from './storage-kinds.ts';

const keptReasonSchema = z.enum(Object.keys(keptReasons) as [KeptReason, ...KeptReason[]]);
const prunePartSchema = z.enum(pruneOrder);

/** So many milliseconds are a hundred years: more is a mistake. */
const maxAgeMs = 100 * 365 * 24 * 3600 * 1000;

/** What a prune removes of what nothing uses. */
export const pruneRulesSchema = z.object({
  parts: z.array(prunePartSchema).min(1).default(defaultParts),
  /** Only what was last used, or else made, so many milliseconds ago. */
  olderThanMs: z.number().int().min(0).max(maxAgeMs).optional(),
  /** What was used last stays, up to so many bytes on each node together with what cannot be removed. */
  keepBytes: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
});
export type PruneRules = Readonly<z.infer<typeof pruneRulesSchema>>;

const sumSchema = z.object({ count: z.number(), bytes: z.number() });
export type StorageSum = Readonly<z.infer<typeof sumSchema>>;

/** What one kind takes on a node. `own` was left there by Barnraiser, as far as that is known. `reclaimable` is what nothing uses. */
const kindUseSchema = sumSchema.extend({ kind: z.enum(storageKinds), own: sumSchema, reclaimable: sumSchema });
export type KindUse = Readonly<z.infer<typeof kindUseSchema>>;

const spaceSchema = z.object({ total: z.number(), free: z.number() });

/** What takes space on a node. A node that cannot report it has a problem instead. */
export const nodeUseSchema = z.object({
  node: z.string(),
  kinds: z.array(kindUseSchema),
  /** Where the images are. Missing if no commands can be run there. */
  disk: spaceSchema.optional(),
  /** Where builds have their temporary files, if that is another file system. */
  temporary: spaceSchema.optional(),
  /** Another connection to the same engine, which has the figures. */
  sameAs: z.string().optional(),
  problem: problemSchema.optional(),
});
export type NodeUse = Readonly<z.infer<typeof nodeUseSchema>>;

/** What takes space in the data folder of this computer. */
export const localUseSchema = z.object({
  folder: z.string(),
  parts: z.array(sumSchema.extend({ name: z.enum(localParts) })),
  disk: spaceSchema.optional(),
});
export type LocalUse = Readonly<z.infer<typeof localUseSchema>>;
/** One thing that goes. `names` are those of an image, or what the engine says of a cache record. */
export const prunedItemSchema = z.object({
  kind: z.enum(storageKinds),
  part: prunePartSchema,
  id: z.string(),
  names: z.array(z.string()),
  bytes: z.number(),
  /** When it was last used, or else made (ISO 8601). Missing if the engine does not know. */
  usedAt: z.string().optional(),
  own: z.boolean(),
});
export type PrunedItem = Readonly<z.infer<typeof prunedItemSchema>>;

const nodePreviewSchema = z.object({
  node: z.string(),
  parts: z.array(sumSchema.extend({ part: prunePartSchema })),
  kept: z.array(sumSchema.extend({ reason: keptReasonSchema })),
  /** All that images, cache and contexts take now. */
  bytes: z.number(),
  /** More than the sum may become free: the engine does not say how images share layers. */
  atLeast: z.boolean(),
  sameAs: z.string().optional(),
  problem: problemSchema.optional(),
});
export type NodePreview = Readonly<z.infer<typeof nodePreviewSchema>>;

/** What a prune would remove. It is kept for a while under its id. */
export const prunePreviewSchema = z.object({
  id: z.string(),
  rules: pruneRulesSchema,
  nodes: z.array(nodePreviewSchema),
});
export type PrunePreview = Readonly<z.infer<typeof prunePreviewSchema>>;

/** What a prune removed on one node. */
export const pruneReportSchema = z.object({
  node: z.string(),
  removed: z.number(),
  reclaimedBytes: z.number(),
  /** What was in the preview and stays. */
  kept: z.array(sumSchema.extend({ reason: keptReasonSchema })),
  problem: problemSchema.optional(),
});
export type PruneReport = Readonly<z.infer<typeof pruneReportSchema>>;

/** Calls about storage, for the contract. */
export const storageCalls = {
  /** What takes space on nodes. Those that cannot be reached are reported as such. */
  'storage.use': { input: nodeSelectionSchema, output: z.array(nodeUseSchema) },
  'storage.local': { input: z.object({}), output: localUseSchema },
  /** What a prune of nodes would remove. With `from`, an earlier preview with other rules, without asking the nodes again. */
  'storage.preview': {
    input: nodeSelectionSchema.extend({ rules: pruneRulesSchema.prefault({}), from: z.string().optional() }),
    output: prunePreviewSchema,
  },
  /** What a preview removes, node by node: what goes first comes first. */
  'storage.items': {
    input: z.object({
      id: z.string(),
      node: z.string(),
      from: z.number().int().min(0).default(0),
      count: z.number().int().min(1).max(1000).default(200),
    }),
    output: z.array(prunedItemSchema),
  },
  /** Removes exactly what a preview shows, except for what has come into use since then. */
  'storage.prune': { input: z.object({ id: z.string() }), output: z.array(pruneReportSchema) },
} as const;
