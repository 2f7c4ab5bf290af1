/** The contract between the app and its front ends: every call and every event, with the schemas of what they carry. */
import { z } from 'zod';
import { appInfoSchema } from './app-info.ts';
import { attestationCalls } from './attestation-calls.ts';
import { automaticValuesSchema } from './automatic-options.ts';
import { bakeSchema } from './bake.ts';
import { baseImageCalls, baseImageEvents } from './base-image.ts';
import { buildRequestSchema, buildSchema, jobStateSchema } from './build.ts';
import { buildEntrySchema, buildFilterSchema } from './build-entry.ts';
import { secretInputsShape } from './build-secrets.ts';
import { checkSchema, fixIdSchema } from './check.ts';
import { compareCalls } from './compare.ts';
import { connectionOptionsSchema, connectionSchema, nameSchema, uriSchema } from './connection.ts';
import { copyCalls, copyEvents } from './copy.ts';
import { discoverySchema, discoverySourceSchema, importReportSchema } from './discovery.ts';
import { equivalentSchema } from './equivalent.ts';
import { farmSchema, nodeSelectionSchema } from './farm.ts';
import { damagedImageSchema, manifestListSchema, referenceSchema } from './image.ts';
import { packageCalls } from './linuxkit.ts';
import { listCalls } from './list-edit.ts';
import { imageDetailsSchema, imagesProgressSchema, localImageCalls } from './local-images.ts';
import { logLinesShape } from './log.ts';
import { nodeStatusSchema } from './node.ts';
import { nodeAlertSchema } from './node-alert.ts';
import { outputCalls, outputEvents } from './output-state.ts';
import { platformSchema } from './platform.ts';
import { problemSchema } from './problem.ts';
import { folderSchema, ignorePatternSchema, instructionSchema, projectSchema } from './project.ts';
import { credentialsSchema, pushCompressionSchema, pushRecordSchema, pushSchema } from './push.ts';
import { allowedCommandSchema, answerSchema, questionSchema, rememberedSecretSchema } from './question.ts';
import { holdStateSchema, nodeHoldSchema, queueMoveSchema, queueSchema } from './queue.ts';
import { bakeDescriptionSchema, bakeImageSchema, recipeSchema } from './recipe.ts';
import { registryCalls, registryEvents } from './registry.ts';
import { nodeSamplesSchema, sampleRangeSchema } from './sample.ts';
import { sampleNames } from './samples.ts';
import { scheduleSchema } from './schedule.ts';
import { settingsSchema } from './settings.ts';
import { statisticsSchema } from './statistics.ts';
import { plannedStepSchema, stepSchema } from './step.ts';
import { storageCalls } from './storage-use.ts';
import { timerDefinitionSchema, timerRunSchema, timerSchema } from './timer.ts';
import { releaseCalls, releaseEvents } from './version-info.ts';
import { watchOptionsSchema, watchSchema } from './watch.ts';
import { memoryKeySchema, rememberedSchema } from './window-memory.ts';

const nothing = z.object({});
/** The file with what was read from standard input, for the context `-`. An absolute path. */
const inputFileSchema = z.string().min(1);
const byId = z.object({ id: z.string() });
const byName = z.object({ name: nameSchema });
/** What the builds of a bake need besides their requests. Nothing of it is kept. */
const bakeInputsShape = {
  pushCredentials: credentialsSchema.optional(),
  /** By the name of the image. */
  given: z.record(z.string(), z.object(secretInputsShape)).optional(),
};
const byReference = z.object({ reference: referenceSchema });

/** The proxies of who starts a build, which it uses if its request says so. Nothing of them is kept. */
const proxyVariables = z.record(z.string(), z.string().max(4096)).optional();
/** What decides what is found in a project. */
const projectInputSchema = buildRequestSchema
  .pick({
    ...{ context: true, file: true, containerfile: true, files: true, filesFor: true, sources: true, contexts: true },
    ...{ target: true, format: true, platforms: true },
  })
  .extend({
    /** Without them, what depends on their values is not said. */
    buildArgs: z.record(z.string(), z.string()).optional(),
    input: inputFileSchema.optional(),
  });

/**
 * Every call that a front end can make: name → input and output. The types of both sides are derived from this table. A
 * call is answered with a `Result`: its output, or the problem. Long work is answered at once and reports through
 * events. A call can be cancelled; if that ends its work, it is answered with `call.cancelled`.
 */
export const calls = {
  'connections.list': { input: nothing, output: z.array(connectionSchema) },
  'connections.add': {
    input: connectionSchema,
    output: connectionSchema,
  },
  'connections.update': {
    /** An option that is empty (an empty text or list, or false) is removed. */
    input: connectionOptionsSchema.extend({
      name: nameSchema,
      rename: nameSchema.optional(),
      uri: uriSchema.optional(),
    }),
    output: connectionSchema,
  },
  'connections.remove': { input: byName, output: nothing },
  /**
   * Finds engines and farms that this computer already knows: local engines, hosts of ~/.ssh/config, what podman,
   * docker and the environment name. With a file: what the file contains. Contacts no host.
   */
  'connections.discover': {
    input: z.object({
      file: z
        .object({ name: z.string(), text: z.string().max(4 * 1024 * 1024, 'The file is larger than 4 MiB.') })
        .optional(),
      /** The sources to search. Without it: all of them, except a file. */
      sources: z.array(discoverySourceSchema.exclude(['file'])).optional(),
    }),
    output: discoverySchema,
  },
  /**
   * Adds several connections and farms, all or none. An engine that already has a connection is not added again. A name
   * that is in use gets a number. A farm that already exists gets the connections that it lacks.
   */
  'connections.import': {
    input: z.object({
      connections: z.array(connectionSchema),
      farms: z
        .array(z.object({ name: nameSchema, connections: z.array(nameSchema), isDefault: z.boolean().default(false) }))
        .default([]),
    }),
    output: importReportSchema,
  },
  /** Returns all connections and farms as the text of a file that can be imported. The file contains no secrets. */
  'connections.export': {
    input: nothing,
    output: z.object({ text: z.string(), connections: z.number(), farms: z.number() }),
  },
  /** Checks a connection stage by stage. Progress is reported by `check.changed`. */
  'connections.check': { input: byName, output: checkSchema },
  /** Cancels a running check. */
  'connections.cancelCheck': { input: byName, output: nothing },
  /** Applies a fix that a check suggested. `output` is what the node printed. */
  'connections.fix': {
    input: z.object({ name: nameSchema, fix: fixIdSchema }),
    output: z.object({ output: z.string() }),
  },
  /** The SSH configuration of a host, as `ssh -G` prints it, and notes on what was ignored. Contacts no host. */
  'connections.resolve': {
    input: z.object({
      /** `host`, `user@host` or `ssh://user@host:port`. */
      host: z.string().min(1),
      /** Absolute path of the configuration file to read instead of the usual files. `none` reads no file. */
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
      /** Pins to set. An empty name removes that of the platform. */
      pins: z.record(platformSchema, nameSchema.or(z.literal(''))).optional(),
      makeDefault: z.boolean().default(false),
    }),
    output: farmSchema,
  },
  'farms.remove': { input: byName, output: nothing },

  /** Probes all selected nodes in parallel. A node that does not answer is reported as down; the call does not fail. */
  'nodes.probe': { input: nodeSelectionSchema, output: z.array(nodeStatusSchema) },
  /** Begins to connect to selected nodes that have answered before, and does not wait for that. What uses them reports the problems. */
  'nodes.connect': { input: nodeSelectionSchema, output: nothing },
  /** The results of the last probes. Contacts no node. */
  'nodes.list': { input: nothing, output: z.array(nodeStatusSchema) },
  /** Gives jobs again to a node that was set aside because it failed again and again. */
  'nodes.useAgain': { input: byName, output: nothing },
  ...storageCalls,
  ...copyCalls,
  ...compareCalls,
  ...baseImageCalls,
  ...listCalls,
  ...registryCalls,

  /**
   * The samples of nodes over a range that ends now. Contacts no node, but those with open connections are sampled more often for
   * a while. With `since` (milliseconds since 1970): only samples of that interval and later ones.
   */
  'samples.get': {
    input: z.object({
      connections: z.array(nameSchema).max(1_000),
      range: sampleRangeSchema,
      since: z.number().min(0).optional(),
    }),
    output: z.array(nodeSamplesSchema),
  },
  /** What the newest builds say about platforms and nodes: all, or those of a farm or of a project (its context folder). */
  'statistics.get': {
    input: z.object({
      farm: nameSchema.optional(),
      project: z.string().optional(),
      /** How many builds are counted, with all others of their days. */
      builds: z.number().int().min(1).max(1_000_000).default(10_000),
    }),
    output: statisticsSchema,
  },

  /** The nodes that a person has paused or drained. */
  'nodes.holds': { input: nothing, output: z.array(nodeHoldSchema) },
  /** Pauses or drains a node: see `holdStateSchema`. */
  'nodes.hold': {
    input: byName.extend({ state: holdStateSchema, reason: z.string().max(10_000).optional() }),
    output: nodeHoldSchema,
  },
  /** Lets a node take jobs again. */
  'nodes.resume': { input: byName, output: nothing },

  /** What a build of a project folder would send, and what is wrong with its Containerfile. */
  'projects.inspect': {
    input: projectInputSchema,
    output: projectSchema,
  },
  /** What is wrong with the Containerfile of a project, as far as `projects.inspect` says it, without reading its files. */
  'projects.lint': {
    input: projectInputSchema.extend({
      /** Also asks the registries of base images which platforms and variables these have. It takes seconds at most. */
      checkBases: z.boolean().optional(),
    }),
    output: projectSchema.pick({ context: true, containerfiles: true, warnings: true, errors: true }),
  },
  /** The build arguments and labels that a build can get from the git repository of the project, with their values. */
  'projects.automatic': {
    input: buildRequestSchema.pick({ context: true, file: true, containerfile: true }),
    output: automaticValuesSchema,
  },
  /**
   * Adds patterns to the ignore file of a project, or removes them again with `undo`. Without an ignore file, it makes one.
   * `file` is the Containerfile, which may have an ignore file of its own.
   */
  'projects.ignore': {
    input: z.object({
      context: z.string().min(1),
      file: z.string().optional(),
      patterns: z.array(ignorePatternSchema).min(1).max(100),
      undo: z.boolean().default(false),
    }),
    output: z.object({
      /** The ignore file, absolute. */
      path: z.string(),
    }),
  },
  /** Writes a sample project into a folder, or into the data folder if none is given. */
  'projects.sample': {
    input: z.object({ name: z.enum(sampleNames), folder: z.string().optional() }),
    output: z.object({ context: z.string() }),
  },
  /** Lists the folders in a folder, for the folder chooser. Without a path: the home folder. */
  'folders.list': { input: z.object({ path: z.string().optional() }), output: folderSchema },

  'builds.preview': { input: buildRequestSchema.extend({ input: inputFileSchema.optional() }), output: scheduleSchema },
  'builds.start': {
    input: buildRequestSchema.extend({
      pushCredentials: credentialsSchema.optional(),
      proxyVariables,
      input: inputFileSchema.optional(),
      ...secretInputsShape,
    }),
    output: buildSchema,
  },
  /**
   * Starts a build that has the finished images of an earlier build, except of the platforms that are named, and builds
   * only the others. It has the same request; its Containerfile and context are read again.
   */
  'builds.retry': {
    input: z.object({
      id: z.string(),
      platforms: z.array(platformSchema).min(1).optional(),
      pushCredentials: credentialsSchema.optional(),
      proxyVariables,
      ...secretInputsShape,
    }),
    output: buildSchema,
  },
  /**
   * Goes on with an interrupted build under the same id: nothing that was finished is built, transferred or pushed again. Its
   * Containerfile and context have to be the same.
   */
  'builds.resume': {
    input: z.object({
      id: z.string(),
      /** Builds the rest although the Containerfile or the context has changed. */
      acceptsChanges: z.boolean().optional(),
      pushCredentials: credentialsSchema.optional(),
      proxyVariables,
      ...secretInputsShape,
    }),
    output: buildSchema,
  },
  /**
   * Stores the finished images of an incomplete build as a manifest list under its reference. The list says which
   * platforms are missing. It replaces an older list with that reference.
   */
  'builds.storeIncomplete': { input: byId, output: buildSchema },
  /** Cancels a build, or one of its platforms. */
  'builds.cancel': { input: z.object({ id: z.string(), platform: platformSchema.optional() }), output: nothing },
  /** Deletes a finished build, its logs, and images that only it has. */
  'builds.remove': { input: byId, output: nothing },
  /** The Containerfile that was built, its instructions in order, and the steps of the stages that the build needs. */
  'builds.source': {
    input: byId,
    output: z.object({
      path: z.string(),
      lines: z.array(z.string()),
      instructions: z.array(instructionSchema),
      steps: z.array(plannedStepSchema),
    }),
  },
  /**
   * Numbers of the lines in a job's log that contain a text, ignoring case and colours. Returns at most `limit` numbers,
   * on demand each with the part of its line around the first match.
   */
  'builds.search': {
    input: z.object({
      id: z.string(),
      platform: platformSchema,
      text: z.string().min(1).max(1_000),
      limit: z.number().int().min(1).max(100_000).default(10_000),
      excerpts: z.boolean().default(false),
    }),
    output: z.object({ lines: z.array(z.number()), more: z.boolean(), excerpts: z.array(z.string()).optional() }),
  },
  /** The same build with other tools: an earlier one, or one that would be started. */
  'builds.equivalents': {
    input: z.union([
      byId.extend({ request: z.undefined().optional() }),
      z.object({ id: z.undefined().optional(), request: buildRequestSchema }),
    ]),
    output: z.array(equivalentSchema),
  },
  'builds.get': { input: byId, output: buildSchema },
  /** A page of the builds that match the filter, newest first. */
  'builds.list': {
    input: z.object({
      /** The `next` of the page before. Without it: the first page. */
      cursor: z.string().max(200).optional(),
      limit: z.number().int().min(1).max(1_000).default(200),
      filter: buildFilterSchema.default({}),
    }),
    output: z.object({
      entries: z.array(buildEntrySchema),
      /** Set if there are more builds. */
      next: z.string().optional(),
    }),
  },
  /** A range of a job's log. `from` counts lines from 0. Returns fewer lines than `count` if they are long. */
  'builds.log': {
    input: z.object({
      id: z.string(),
      platform: platformSchema,
      from: z.number().int().min(0),
      count: z.number().int().min(1).max(10_000),
    }),
    output: z.object({ ...logLinesShape, total: z.number() }),
  },

  /** What a project folder has for builds of several images, and the settings that are kept for it. */
  'recipes.find': {
    input: z.object({ folder: z.string().min(1) }),
    output: z.object({
      /** The names of its recipe, bake files and compose files. */
      files: z.array(z.string()),
      /** Whether it has a `build.yml`, as LinuxKit packages have. */
      hasBuildYml: z.boolean().optional(),
      /** Kept in the app. It comes before that of the project. */
      kept: recipeSchema.optional(),
      /** In the project. */
      ofProject: recipeSchema.optional(),
      /** Why the recipe of the project cannot be read. */
      problem: problemSchema.optional(),
    }),
  },
  /** Reads the files of a project, with the variables of the app's environment, and describes what they would build. */
  'recipes.describe': {
    input: z.object({
      folder: z.string().min(1),
      /** Instead of the files with the usual names. */
      files: z.array(z.string().min(1)).max(50).optional(),
      /** Names of targets and groups. Without them: `default`. */
      targets: z.array(z.string()).max(1000).optional(),
      /** What the files may use besides the project: `fs.read=PATH`, `fs.write=PATH`, `ssh`, `network.host`, `sign`. */
      allow: z.array(z.string()).max(1000).optional(),
      /** Whether the chosen images are pushed. */
      push: z.boolean().optional(),
    }),
    output: bakeDescriptionSchema,
  },
  /** Saves the settings of a project in the app, or in the project as `barnraiser.json`. */
  'recipes.save': {
    input: z.object({
      folder: z.string().min(1),
      recipe: recipeSchema,
      destination: z.enum(['app', 'project']),
      replaces: z.boolean().default(false),
    }),
    output: z.object({ path: z.string() }),
  },
  /** Removes what is kept in the app. */
  'recipes.remove': { input: z.object({ folder: z.string().min(1) }), output: z.object({ removed: z.boolean() }) },

  /** Starts builds of several images, each when those that it depends on are done. Reports through `bake.changed`. */
  'bakes.start': {
    input: z.object({
      project: z.string().min(1),
      images: z.array(bakeImageSchema).min(1).max(200),
      ...bakeInputsShape,
    }),
    output: bakeSchema,
  },
  /** Starts a bake that has the finished images of an earlier one, and builds the others. */
  'bakes.retry': { input: byId.extend(bakeInputsShape), output: bakeSchema },
  'bakes.cancel': { input: byId, output: nothing },
  'bakes.get': { input: byId, output: bakeSchema },

  ...packageCalls,

  'images.list': { input: nothing, output: z.array(manifestListSchema) },
  /** The images that `images.list` leaves out because their manifests are damaged. */
  'images.damaged': { input: nothing, output: z.array(damagedImageSchema) },
  'images.inspect': {
    input: byReference,
    output: z.object({
      list: manifestListSchema,
      manifest: z.unknown(),
      images: z.array(imageDetailsSchema),
      /** What deleting it would free. */
      freedBytes: z.number(),
    }),
  },
  ...localImageCalls,
  'images.remove': { input: byReference, output: z.object({ freedBytes: z.number() }) },
  /** The bytes that are kept for later builds only: layers of images that newer ones have replaced. */
  'images.cache': { input: nothing, output: z.object({ bytes: z.number() }) },
  'images.clearCache': { input: nothing, output: z.object({ freedBytes: z.number() }) },
  ...outputCalls,

  /** The jobs that run on the nodes of a farm, and those that wait, of all builds of all processes. Without a farm: on all nodes. */
  ...attestationCalls,

  'queue.get': { input: z.object({ farm: nameSchema.optional() }), output: queueSchema },
  /** Moves all waiting jobs of a build, on all nodes. */
  'queue.move': { input: byId.extend({ to: queueMoveSchema }), output: nothing },
  /** A paused build starts no further jobs; those that run go on. Without an id: no build does. */
  'queue.pause': { input: z.object({ id: z.string().optional() }), output: nothing },
  'queue.resume': { input: z.object({ id: z.string().optional() }), output: nothing },

  'pushes.start': {
    input: z.object({
      reference: referenceSchema,
      /** Where to push. Without it: the registry that the reference names. */
      destination: referenceSchema.optional(),
      tlsVerify: z.boolean().default(true),
      /** Also pushes a list that lacks platforms. Those that were marked as optional are not asked for. */
      incomplete: z.boolean().optional(),
      /** Adds the images to the list that is there: each replaces that of its platform, and all others stay. */
      merge: z.boolean().optional(),
      /** Used for this push only and never stored. Without it: the saved logins of podman and docker. */
      credentials: credentialsSchema.optional(),
    }),
    output: pushSchema,
  },
  /**
   * Starts a push to each of several destinations. Blobs are sent once to each registry, the tags of a registry are set when everything
   * for them is there, and a destination that fails leaves the others alone.
   */
  'pushes.startAll': {
    input: z.object({
      reference: referenceSchema,
      /** Each once. Empty: the registry that the reference names. */
      destinations: z.array(referenceSchema).max(32),
      tlsVerify: z.boolean().default(true),
      incomplete: z.boolean().optional(),
      merge: z.boolean().optional(),
      credentials: credentialsSchema.optional(),
      compression: pushCompressionSchema.optional(),
    }),
    output: z.array(pushSchema),
  },
  /** The pushes since the app was started, newest first. */
  'pushes.list': { input: nothing, output: z.array(pushSchema) },
  'pushes.cancel': { input: byId, output: nothing },
  /** Where images were pushed, also in earlier runs of the app: the newest push of each reference to each destination first. */
  'pushes.history': { input: nothing, output: z.array(pushRecordSchema) },

  /**
   * Builds a project now and whenever what it sends has changed, until it is stopped or the app ends. What belongs to no request is
   * kept in memory for its builds.
   */
  'watches.start': {
    input: buildRequestSchema.omit({ bake: true, trigger: true }).extend({
      pushCredentials: credentialsSchema.optional(),
      proxyVariables,
      ...secretInputsShape,
      watch: watchOptionsSchema.prefault({}),
    }),
    output: watchSchema,
  },
  /** Waits until a watch has ended. Cancelling the call ends the watch and its build. */
  'watches.hold': { input: byId, output: nothing },
  /** Ends a watch and its build. */
  'watches.stop': { input: byId, output: nothing },
  /** The watches of this process, oldest first. */
  'watches.list': { input: nothing, output: z.array(watchSchema) },

  /** The timers, in the order in which they were added. */
  'timers.list': { input: nothing, output: z.array(timerSchema) },
  /** The next five times of a cron expression. */
  'timers.times': {
    input: timerDefinitionSchema.pick({ cron: true, timeZone: true }),
    output: z.object({ times: z.array(z.string()) }),
  },
  /** Adds a timer, or replaces the one with the name `replaces`. What needs a person, such as a typed secret, is refused. */
  'timers.save': {
    input: z.object({ timer: timerDefinitionSchema, replaces: nameSchema.optional() }),
    output: timerSchema,
  },
  /** A paused timer leaves out its times. A run goes on. */
  'timers.pause': { input: byName.extend({ isPaused: z.boolean() }), output: timerSchema },
  'timers.remove': { input: byName, output: nothing },
  /**
   * Runs a timer now, and is answered when the run has ended. Cancelling the call cancels the run. With `detached`, the run is the
   * app's: the call is answered at once.
   */
  'timers.run': {
    input: byName.extend({ detached: z.boolean().default(false) }),
    output: z.object({ run: timerRunSchema.optional() }),
  },
  /** Starts what is due in this process until the call is cancelled. Windows and browsers need no such call. */
  'timers.serve': { input: nothing, output: nothing },

  'settings.get': { input: nothing, output: settingsSchema },
  'settings.update': { input: settingsSchema.partial(), output: settingsSchema },
  /** What windows remember from one start to the next, by key. */
  'memory.get': { input: nothing, output: rememberedSchema },
  'memory.set': { input: z.object({ key: memoryKeySchema, value: z.json() }), output: nothing },
  ...releaseCalls,
  'app.info': { input: nothing, output: appInfoSchema },
  /**
   * Opens a window of the running app, with a new build of the folder if there is one. With a `url`, the caller opens it
   * in a browser: it works once.
   */
  'app.openWindow': {
    input: z.object({ folder: z.string().optional() }),
    output: z.object({ url: z.string().optional() }),
  },

  /** The saved passwords and passphrases, without their values. */
  'secrets.list': { input: nothing, output: z.array(rememberedSecretSchema) },
  'secrets.forget': { input: byId, output: nothing },

  /** Proxy commands of the SSH configuration that may run without asking again. */
  'commands.list': { input: nothing, output: z.array(allowedCommandSchema) },
  'commands.forget': { input: allowedCommandSchema, output: nothing },

  'questions.list': { input: nothing, output: z.array(questionSchema) },
  'questions.answer': { input: z.object({ id: z.string(), answer: answerSchema }), output: nothing },
} as const;

/** Every event that the app emits: name → payload. */
export const events = {
  ...releaseEvents,
  /** What is done to get the files of a project: of a repository without its login, or an archive. */
  'source.progress': z.object({ context: z.string(), text: z.string() }),
  'node.changed': z.object({ status: nodeStatusSchema }),
  /** Something about nodes that a person should hear of, found while the app runs. */
  'node.alert': z.object({ alert: nodeAlertSchema }),
  'build.started': z.object({
    build: buildSchema,
    /** Another process of the data folder runs the build. It goes on when this app is closed. */
    ofOtherProcess: z.literal(true).optional(),
  }),
  /**
   * How much of a context is packed: its files, their content, and the size of the packed context so far. `done` is true in the
   * last event.
   */
  'build.context': z.object({
    buildId: z.string(),
    files: z.number(),
    bytes: z.number(),
    tarBytes: z.number().optional(),
    done: z.boolean(),
  }),
  /** The state of a job changed. Its steps did not, except that a job that moved to another node starts without steps. */
  'job.changed': z.object({ buildId: z.string(), job: jobStateSchema }),
  /** A step started, started again, made progress or ended. */
  'step.changed': z.object({ buildId: z.string(), platform: platformSchema, step: stepSchema }),
  /** New lines of a job's log. `from` is the number of the first line, counted from 0. Follows the start of their steps. */
  'job.log': z.object({
    buildId: z.string(),
    platform: platformSchema,
    node: z.string(),
    from: z.number(),
    ...logLinesShape,
  }),
  /** A build ended, or an ended build changed. */
  'build.finished': z.object({ build: buildSchema }),
  /** An image of a bake waits, runs or has ended, or the bake has. */
  'bake.changed': z.object({ bake: bakeSchema }),
  /** Builds were deleted from the history. */
  'builds.removed': z.object({ ids: z.array(z.string()) }),
  ...outputEvents,
  'push.progress': z.object({ push: pushSchema }),
  'push.finished': z.object({ push: pushSchema }),
  ...copyEvents,
  ...baseImageEvents,
  ...registryEvents,
  /** The history of pushes, after one was done. */
  'pushes.changed': z.object({ history: z.array(pushRecordSchema) }),
  'check.changed': z.object({ check: checkSchema }),
  'question.asked': z.object({ question: questionSchema }),
  /** A question was answered, or is no longer asked. */
  'question.closed': z.object({ id: z.string() }),
  /** All connections and farms after a change of either. */
  'farms.changed': z.object({
    connections: z.array(connectionSchema),
    farms: z.array(farmSchema),
    default: z.string().optional(),
  }),
  /** A watch was started, has seen a change, builds, waits or has ended. */
  'watch.changed': z.object({ watch: watchSchema }),
  /** The timers after a change of one, or of what became of one. */
  'timers.changed': z.object({ timers: z.array(timerSchema) }),
  /** What a timer has started has ended. */
  'timer.finished': z.object({ name: nameSchema, run: timerRunSchema }),
  /** Jobs came into the queue, started, ended or were moved, or their estimates have changed. */
  'queue.changed': z.object({ queue: queueSchema }),
  /** All nodes that are paused or drained, after a change. */
  'holds.changed': z.object({ holds: z.array(nodeHoldSchema) }),
  'settings.changed': z.object({ settings: settingsSchema }),
  'images.progress': imagesProgressSchema,
  /** Images were stored or removed; `images.list` has the new state. `index` is the digest of the index of the image store. */
  'images.changed': z.object({ index: z.string() }),
} as const;

export type CallName = keyof typeof calls;
export type CallInput<N extends CallName> = z.input<(typeof calls)[N]['input']>;
export type CallOutput<N extends CallName> = z.output<(typeof calls)[N]['output']>;
/** What the handler of a call receives: the parsed input, with defaults. */
export type CallRequest<N extends CallName> = z.output<(typeof calls)[N]['input']>;

export type EventName = keyof typeof events;
export type EventPayload<N extends EventName> = z.output<(typeof events)[N]>;
/** An event with its name, as it is sent to front ends and printed by `--json`. */
export type AppEvent = { [N in EventName]: { readonly event: N } & EventPayload<N> }[EventName];

/** The id of the build that an event is about, if it is about one. */
export function buildIdOf(event: AppEvent): string | undefined {
  if ('build' in event) {
    return event.build.id;
  }
  if ('push' in event) {
    return event.push.buildId;
  }
  if ('output' in event) {
    return event.output.buildId;
  }
  return 'buildId' in event ? event.buildId : undefined;
}
