import { z } from 'zod';
import { buildRequestSchema, buildSchema, jobSchema } from './build.ts';
import { checkSchema, fixIdSchema } from './check.ts';
import { connectionSchema, nameSchema, uriSchema } from './connection.ts';
import { discoverySchema, discoverySourceSchema, importReportSchema } from './discovery.ts';
import { farmSchema, scheduleSchema } from './farm.ts';
import { digestSchema, manifestListSchema, referenceSchema } from './image.ts';
import { nodeStatusSchema } from './node.ts';
import { platformSchema } from './platform.ts';
import { problemSchema } from './problem.ts';
import { allowedCommandSchema, answerSchema, questionSchema, rememberedSchema, rememberSchema } from './question.ts';

const nothing = z.object({});
const byName = z.object({ name: nameSchema });
const byReference = z.object({ reference: referenceSchema });

/** Which nodes are meant: a farm or connections by name; neither means the default farm, else every connection. */
const selectionSchema = z.object({
  farm: nameSchema.optional(),
  connections: z.array(nameSchema).min(1).optional(),
});
export type Selection = Readonly<z.infer<typeof selectionSchema>>;

/** The progress of a push. Bytes count blobs only; `skipped` were in the registry already. `done` of `total` includes them. */
export const pushSchema = z.object({
  id: z.string(),
  reference: z.string(),
  destination: z.string(),
  status: z.enum(['running', 'done', 'failed', 'cancelled']),
  totalBytes: z.number(),
  uploadedBytes: z.number(),
  skippedBytes: z.number(),
  images: z.array(
    z.object({ platform: platformSchema, digest: digestSchema, totalBytes: z.number(), doneBytes: z.number() }),
  ),
  digest: digestSchema.optional(),
  problem: problemSchema.optional(),
});
export type Push = Readonly<z.infer<typeof pushSchema>>;

export const pruneReportSchema = z.object({
  node: z.string(),
  reclaimedBytes: z.number(),
  problem: problemSchema.optional(),
});
export type PruneReport = Readonly<z.infer<typeof pruneReportSchema>>;

/** What a folder holds for a build, found without reading file contents but for the Containerfile. Sizes in bytes. */
export const projectSchema = z.object({
  context: z.string(),
  name: z.string(),
  /** The Containerfiles found, as paths relative to the context; the chosen one first. */
  containerfiles: z.array(z.string()),
  stages: z.array(z.string()),
  buildArgs: z.array(z.object({ name: z.string(), default: z.string().optional() })),
  files: z.number(),
  bytes: z.number(),
  ignoredCount: z.number(),
  largest: z.array(z.object({ path: z.string(), bytes: z.number() })),
  warnings: z.array(z.object({ kind: z.string(), path: z.string(), message: z.string() })),
});
export type Project = Readonly<z.infer<typeof projectSchema>>;

/** A folder as the folder chooser shows it. */
export const folderSchema = z.object({
  path: z.string(),
  parent: z.string().optional(),
  folders: z.array(z.object({ name: z.string(), path: z.string(), hasContainerfile: z.boolean() })),
  hasContainerfile: z.boolean(),
});
export type Folder = Readonly<z.infer<typeof folderSchema>>;

export const settingsSchema = z.object({
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  /** How many builds are kept in the history; older ones go with their logs. */
  keepBuilds: z.number().int().min(1).max(100_000).default(1000),
  /** How many jobs one node runs at once. */
  jobsPerNode: z.number().int().min(1).max(32).default(2),
});
export type Settings = Readonly<z.infer<typeof settingsSchema>>;

/** The instruction of a Containerfile that a step runs. Lines count from 1. */
export const instructionSchema = z.object({ text: z.string(), firstLine: z.number(), lastLine: z.number() });

/**
 * Everything a door can ask of the app: name → input and output. All types of both sides are derived from this.
 * An answer is a `Result`: the output, or the problem in the way. Long work answers at once and reports in events.
 */
export const calls = {
  'connections.list': { input: nothing, output: z.array(connectionSchema) },
  'connections.add': {
    input: z.object({ name: nameSchema, uri: uriSchema, identity: z.string().optional() }),
    output: connectionSchema,
  },
  'connections.update': {
    input: z.object({
      name: nameSchema,
      rename: nameSchema.optional(),
      uri: uriSchema.optional(),
      /** An empty text takes the identity away. */
      identity: z.string().optional(),
    }),
    output: connectionSchema,
  },
  'connections.remove': { input: byName, output: nothing },
  /**
   * What this computer knows of engines and farms already: its own, hosts of ~/.ssh/config, connections of podman and docker;
   * or, where a file is given, what that holds. Nothing is contacted.
   */
  'connections.discover': {
    input: z.object({
      file: z
        .object({ name: z.string(), text: z.string().max(4 * 1024 * 1024, 'The file is larger than 4 MiB.') })
        .optional(),
      /** Look only there; without it, everywhere but in a file. */
      sources: z.array(discoverySourceSchema.exclude(['file'])).optional(),
    }),
    output: discoverySchema,
  },
  /**
   * Adds many connections and farms at once, wholly or not at all. Engines that are connections already are not added again, names
   * that are taken get a number, and farms that are there get what they lack.
   */
  'connections.import': {
    input: z.object({
      connections: z.array(z.object({ name: nameSchema, uri: uriSchema, identity: z.string().optional() })),
      farms: z
        .array(z.object({ name: nameSchema, connections: z.array(nameSchema), isDefault: z.boolean().default(false) }))
        .default([]),
    }),
    output: importReportSchema,
  },
  /** All connections and farms as a file that others can import; it holds no secret. */
  'connections.export': {
    input: nothing,
    output: z.object({ text: z.string(), connections: z.number(), farms: z.number() }),
  },
  /** Goes the way to an engine stage by stage and says what each has found; `check.changed` tells of it on the way. */
  'connections.check': { input: byName, output: checkSchema },
  /** Ends a check that is under way. */
  'connections.cancelCheck': { input: byName, output: nothing },
  /** Does on a node what a remedy offers. Resolves with what the node said. */
  'connections.fix': {
    input: z.object({ name: nameSchema, fix: fixIdSchema }),
    output: z.object({ said: z.string() }),
  },
  /** What the SSH configuration says about a host, as `ssh -G` prints it, and what was left out of it. Nothing is contacted. */
  'connections.resolve': {
    input: z.object({
      /** `host`, `user@host` or `ssh://user@host:port`. */
      host: z.string().min(1),
      /** The absolute path of a configuration file to read instead of the usual ones; `none` reads none. */
      sshConfig: z.string().min(1).optional(),
    }),
    output: z.object({ lines: z.array(z.object({ key: z.string(), value: z.string() })), notes: z.array(z.string()) }),
  },

  'farms.list': { input: nothing, output: z.object({ farms: z.array(farmSchema), default: z.string().optional() }) },
  'farms.create': {
    input: z.object({ name: nameSchema, connections: z.array(nameSchema), makeDefault: z.boolean().default(false) }),
    output: farmSchema,
  },
  'farms.update': {
    input: z.object({
      name: nameSchema,
      rename: nameSchema.optional(),
      add: z.array(nameSchema).default([]),
      remove: z.array(nameSchema).default([]),
      makeDefault: z.boolean().default(false),
    }),
    output: farmSchema,
  },
  'farms.remove': { input: byName, output: nothing },

  /** Asks all the selected nodes at the same time; a node that does not answer is reported, not thrown. */
  'nodes.probe': { input: selectionSchema, output: z.array(nodeStatusSchema) },
  /** What the last probes found, without asking again. */
  'nodes.list': { input: nothing, output: z.array(nodeStatusSchema) },
  /** Frees what dangling images and build caches take on the nodes. */
  'nodes.prune': { input: selectionSchema, output: z.array(pruneReportSchema) },

  /** Looks at a project folder: what would be sent, and what is worth a warning. */
  'projects.inspect': { input: z.object({ context: z.string(), file: z.string().optional() }), output: projectSchema },
  /** Makes the sample project, in a folder or in the data folder, and says where. */
  'projects.sample': { input: z.object({ folder: z.string().optional() }), output: z.object({ context: z.string() }) },
  /** The folders in a folder; without a path, the person's home. For the folder chooser. */
  'folders.list': { input: z.object({ path: z.string().optional() }), output: folderSchema },

  'builds.preview': { input: buildRequestSchema, output: scheduleSchema },
  'builds.start': { input: buildRequestSchema, output: buildSchema },
  /** Cancels a build, or one of its platforms. */
  'builds.cancel': { input: z.object({ id: z.string(), platform: platformSchema.optional() }), output: nothing },
  /** Forgets an ended build with its logs. */
  'builds.remove': { input: z.object({ id: z.string() }), output: nothing },
  /** The Containerfile as it was sent, and its instructions in their order. */
  'builds.source': {
    input: z.object({ id: z.string() }),
    output: z.object({ path: z.string(), lines: z.array(z.string()), instructions: z.array(instructionSchema) }),
  },
  /** The numbers of the lines of a job's log that hold a text, case folded; at most `limit`. */
  'builds.search': {
    input: z.object({
      id: z.string(),
      platform: platformSchema,
      text: z.string().min(1),
      limit: z.number().int().min(1).max(100_000).default(10_000),
    }),
    output: z.object({ lines: z.array(z.number()), more: z.boolean() }),
  },
  'builds.get': { input: z.object({ id: z.string() }), output: buildSchema },
  'builds.list': { input: nothing, output: z.array(buildSchema) },
  /** A range of a job's log, read from disk; `from` counts lines from 0. Where they are long, fewer than `count` are given. */
  'builds.log': {
    input: z.object({
      id: z.string(),
      platform: platformSchema,
      from: z.number().int().min(0),
      count: z.number().int().min(1).max(10_000),
    }),
    output: z.object({ lines: z.array(z.string()), total: z.number() }),
  },

  'images.list': { input: nothing, output: z.array(manifestListSchema) },
  'images.inspect': { input: byReference, output: z.object({ list: manifestListSchema, manifest: z.unknown() }) },
  'images.remove': { input: byReference, output: z.object({ freedBytes: z.number() }) },
  /** Writes one list with all its images as `oci:DIR` or `oci-archive:FILE`. */
  'images.export': {
    input: z.object({ reference: referenceSchema, destination: z.string() }),
    output: z.object({ path: z.string(), bytes: z.number() }),
  },

  'pushes.start': {
    input: z.object({
      reference: referenceSchema,
      /** Where to; without one, the registry that the reference names. */
      destination: referenceSchema.optional(),
      tlsVerify: z.boolean().default(true),
      /** Used for this push only and kept nowhere. Without it, the credential stores of podman and docker are read. */
      credentials: z.object({ username: z.string(), password: z.string() }).optional(),
    }),
    output: pushSchema,
  },
  /** Pushes of this run of the app, newest first. */
  'pushes.list': { input: nothing, output: z.array(pushSchema) },
  'pushes.cancel': { input: z.object({ id: z.string() }), output: nothing },

  'settings.get': { input: nothing, output: settingsSchema },
  'settings.update': { input: settingsSchema.partial(), output: settingsSchema },
  'app.info': {
    input: nothing,
    output: z.object({
      version: z.string(),
      home: z.string(),
      frontEnd: z.enum(['desktop', 'browser', 'terminal']),
      system: z.string(),
      /** May secrets be remembered here at all? */
      remember: rememberSchema,
    }),
  },

  /** What is remembered for sign-ins, without what it is. */
  'secrets.list': { input: nothing, output: z.array(rememberedSchema) },
  'secrets.forget': { input: z.object({ id: z.string() }), output: nothing },

  /** The commands that may be run to reach hosts of the SSH configuration, without being asked about again. */
  'commands.list': { input: nothing, output: z.array(allowedCommandSchema) },
  'commands.forget': { input: allowedCommandSchema, output: nothing },

  'questions.list': { input: nothing, output: z.array(questionSchema) },
  'questions.answer': { input: z.object({ id: z.string(), answer: answerSchema }), output: nothing },
} as const;

/** Everything the app tells without being asked: name → payload. */
export const events = {
  'node.changed': z.object({ status: nodeStatusSchema }),
  'build.started': z.object({ build: buildSchema }),
  /** The context as it is packed; `done` with the last one. */
  'build.context': z.object({ buildId: z.string(), files: z.number(), bytes: z.number(), done: z.boolean() }),
  'job.changed': z.object({ buildId: z.string(), job: jobSchema }),
  /** New lines of a job's log; `from` is the number of the first, counted from 0. */
  'job.log': z.object({
    buildId: z.string(),
    platform: platformSchema,
    node: z.string(),
    from: z.number(),
    lines: z.array(z.string()),
  }),
  'build.finished': z.object({ build: buildSchema }),
  'push.progress': z.object({ push: pushSchema }),
  'push.finished': z.object({ push: pushSchema }),
  'check.changed': z.object({ check: checkSchema }),
  'question.asked': z.object({ question: questionSchema }),
  'question.settled': z.object({ id: z.string() }),
  /** The connections and farms as they are now. */
  'farms.changed': z.object({
    connections: z.array(connectionSchema),
    farms: z.array(farmSchema),
    default: z.string().optional(),
  }),
  'settings.changed': z.object({ settings: settingsSchema }),
} as const;

export type CallName = keyof typeof calls;
export type CallInput<N extends CallName> = z.input<(typeof calls)[N]['input']>;
export type CallOutput<N extends CallName> = z.output<(typeof calls)[N]['output']>;
/** What a handler of a call gets: the input after defaults and normalisation. */
export type CallRequest<N extends CallName> = z.output<(typeof calls)[N]['input']>;

export type EventName = keyof typeof events;
export type EventPayload<N extends EventName> = z.output<(typeof events)[N]>;
/** An event with its name, as it is sent over a wire and printed by `--json`. */
export type AppEvent = { [N in EventName]: { readonly event: N } & EventPayload<N> }[EventName];
