/** The handlers of all calls of the contract. */
import { join } from 'node:path';
import { z } from 'zod';
import type { FrontEnd } from '../shared/app-info.ts';
import { type CallInput, type CallName, type CallOutput, type CallRequest, calls } from '../shared/contract.ts';
import { Failure, fail, type Problem, problemOf, type Result } from '../shared/problem.ts';
import type { RememberOption } from '../shared/question.ts';
import {
  generateKeyFiles,
  inspectKey,
  listPackages,
  listSignatures,
  readProvenance,
  signImage,
  writeSbom,
} from './attestations/attestations.ts';
import { TrustedKeys } from './attestations/trusted-keys.ts';
import { nextTimes } from './automation/cron.ts';
import type { Timers } from './automation/timers.ts';
import type { Watches } from './automation/watches.ts';
import type { Bakes } from './builds/bakes.ts';
import type { Builds } from './builds/builds.ts';
import { reproduceImage } from './builds/reproduce.ts';
import { applyFix } from './connections/check/apply-fix.ts';
import type { ConnectionChecks } from './connections/check/connection-checks.ts';
import type { CommandConsent } from './connections/credentials/command-consent.ts';
import type { CredentialCache } from './connections/credentials/credential-cache.ts';
import { discover } from './connections/import/discover.ts';
import { writeExportFile } from './connections/import/export-file.ts';
import type { AuthCallbacks } from './connections/open-session.ts';
import { resolveConnection } from './connections/resolve.ts';
import type { ConnectionStore } from './connections/store.ts';
import type { Events } from './events.ts';
import { importAll } from './farms/import.ts';
import type { FarmStore } from './farms/store.ts';
import { updateConnection } from './farms/update-connection.ts';
import type { Housekeeping } from './housekeeping/housekeeping.ts';
import type { LocalImages } from './housekeeping/local-images.ts';
import { localUse } from './housekeeping/local-use.ts';
import { pruneAsFix } from './housekeeping/prune-as-fix.ts';
import type { ImageStore } from './images/image-store.ts';
import { hasImages } from './images/load-images.ts';
import { describePackages, packageTags } from './linuxkit/packages.ts';
import type { BaseImageWatch } from './monitoring/base-images.ts';
import type { Monitoring } from './monitoring/monitoring.ts';
import type { Releases } from './monitoring/releases.ts';
import type { NodeHolds } from './nodes/node-holds.ts';
import type { Nodes } from './nodes/nodes.ts';
import type { QueueMonitor } from './nodes/queue-monitor.ts';
import type { Outputs } from './outputs/outputs.ts';
import { listFolders } from './projects/folders.ts';
import { ignoreFiles } from './projects/ignore-files.ts';
import { automaticOptions, inspectProject, lintProject } from './projects/project.ts';
import { writeSampleProject } from './projects/sample-project.ts';
import type { Questions } from './questions.ts';
import type { Recipes } from './recipes/recipes.ts';
import type { Copies } from './registry/copies.ts';
import { deleteImage } from './registry/delete-image.ts';
import { directLimits } from './registry/direct-limits.ts';
import { editList, inspectList } from './registry/edit-lists.ts';
import { ImageFactsReader } from './registry/image-facts.ts';
import { listTags } from './registry/list-tags.ts';
import type { PushHistory } from './registry/push-history.ts';
import type { Pushes } from './registry/pushes.ts';
import type { Registries } from './registry/registries.ts';
import type { SettingsStore } from './settings/settings-store.ts';
import type { SharedState } from './settings/shared-state.ts';
import type { WindowMemory } from './settings/window-memory.ts';
import type { ContextSources } from './sources/context-sources.ts';
import { abortable } from './system/abortable.ts';
import type { DiskReserve } from './system/disk-reserve.ts';
import { observeNeededConnections } from './system/needed-connections.ts';
import { version, versionInfo } from './system/version.ts';

export interface Services {
  readonly home: string;
  readonly events: Events;
  readonly frontEnd: FrontEnd;
  readonly questions: Questions;
  readonly settings: SettingsStore;
  readonly memory: WindowMemory;
  readonly connections: ConnectionStore;
  readonly farms: FarmStore;
  readonly credentials: CredentialCache;
  /** Whether credentials can be saved. */
  readonly remember: () => RememberOption;
  readonly commands: CommandConsent;
  readonly auth: AuthCallbacks;
  readonly nodes: Nodes;
  readonly housekeeping: Housekeeping;
  readonly holds: NodeHolds;
  readonly queue: QueueMonitor;
  readonly checks: ConnectionChecks;
  readonly store: ImageStore;
  readonly localImages: LocalImages;
  readonly reserve: DiskReserve;
  readonly builds: Builds;
  readonly monitoring: Monitoring;
  readonly bakes: Bakes;
  readonly timers: Timers;
  readonly watches: Watches;
  readonly recipes: Recipes;
  readonly sources: ContextSources;
  readonly pushes: Pushes;
  readonly copies: Copies;
  readonly bases: BaseImageWatch;
  readonly releases: Releases;
  readonly pushHistory: PushHistory;
  readonly registries: Registries;
  readonly outputs: Outputs;
  /** What other processes change, too. Changes are made through it, so that all front ends hear of them. */
  readonly shared: {
    readonly farms: Pick<SharedState<unknown>, 'change'>;
    readonly settings: Pick<SharedState<unknown>, 'change'>;
    readonly images: Pick<SharedState<unknown>, 'change'>;
    readonly holds: Pick<SharedState<unknown>, 'change'>;
    readonly queue: Pick<SharedState<unknown>, 'change'>;
  };
  /** Whether a window can show questions. */
  readonly hasWindow: () => boolean;
  readonly openWindow: (folder: string | undefined) => Promise<CallOutput<'app.openWindow'>>;
}

export interface CallContext {
  /** Aborts when the call is cancelled and when the app is closed. Work that changes nothing, or can take long, ends. */
  readonly signal: AbortSignal;
}

export type Handlers = {
  readonly [N in CallName]: (request: CallRequest<N>, context: CallContext) => Promise<CallOutput<N>>;
};

export function createHandlers(services: Services): Handlers {
  const { home, frontEnd, questions, settings, credentials, remember, commands, auth, hasWindow, openWindow } =
    services;
  const {
    connections,
    farms,
    nodes,
    housekeeping,
    holds,
    queue,
    checks,
    store,
    localImages,
    reserve,
    builds,
    monitoring,
    bakes,
    recipes,
    sources,
    pushes,
    copies,
    bases,
    pushHistory,
    registries,
    outputs,
    shared,
  } = services;

  const trustedKeys = new TrustedKeys(home);
  const attested = { store, registries, trustedKeys, events: services.events };
  const imageFacts = new ImageFactsReader(() => services.registries.source());
  const handlers: Handlers = {
    'connections.list': async () => [...(await connections.list())],
    'connections.add': (connection) => shared.farms.change(() => connections.add(connection)),
    'connections.update': async ({ name, ...change }) => {
      const changed = await shared.farms.change(() => updateConnection(connections, farms, name, change));
      if (changed.name !== name) {
        await shared.holds.change(() => holds.follow(name, changed.name));
      }
      await nodes.closed(name);
      return changed;
    },
    'connections.remove': async ({ name }) => {
      await shared.farms.change(async () => {
        await connections.get(name);
        // first from the farms: after a crash in between, no farm has a connection that does not exist
        await farms.removeConnection(name);
        await connections.remove(name);
      });
      await shared.holds.change(() => holds.follow(name, undefined));
      await nodes.closed(name);
      return {};
    },
    'connections.discover': async (request, { signal }) => {
      const [all, known] = await Promise.all([farms.list(), connections.list()]);
      return abortable(signal, discover(request, { connections: known, farms: all.farms.map(({ name }) => name) }));
    },
    'connections.import': (request) => shared.farms.change(() => importAll(connections, farms, request)),
    'connections.export': async () => {
      const [known, all] = await Promise.all([connections.list(), farms.list()]);
      return { text: writeExportFile(known, all), connections: known.length, farms: all.farms.length };
    },
    'connections.check': async ({ name }, { signal }) => checks.check(await connections.get(name), signal),
    'connections.cancelCheck': async ({ name }) => {
      await checks.cancel(name);
      return {};
    },
    'connections.fix': async ({ name, fix }, { signal }) => {
      const changeUri = async (uri: string): Promise<void> => {
        await handlers['connections.update']({ name, uri }, { signal });
      };
      if (fix === 'prune') {
        return pruneAsFix(housekeeping, name, signal);
      }
      return applyFix(await connections.get(name), fix, { ...auth, signal, changeUri });
    },
    'connections.resolve': (request) => resolveConnection(request),

    'farms.list': async () => {
      const all = await farms.list();
      return { ...all, farms: [...all.farms] };
    },
    'farms.create': ({ name, connections: members, makeDefault }) =>
      shared.farms.change(() => farms.create(name, members, makeDefault)),
    'farms.update': ({ name, rename = name, ...change }) =>
      shared.farms.change(() => farms.update(name, { rename, ...change })),
    'farms.remove': async ({ name }) => {
      await shared.farms.change(() => farms.remove(name));
      return {};
    },

    'nodes.probe': (selection, { signal }) => nodes.probe(selection, signal),
    'nodes.connect': async (selection) => {
      await nodes.connect(selection);
      return {};
    },
    'nodes.list': async () => nodes.statuses(),
    'nodes.useAgain': async ({ name }) => {
      await nodes.readmit(name);
      return {};
    },
    'storage.use': (selection, { signal }) => housekeeping.use(selection, signal),
    'storage.local': (_, { signal }) => localUse(home, signal),
    'storage.preview': (request, { signal }) => housekeeping.preview(request, signal),
    'storage.items': async (range) => housekeeping.items(range),
    'storage.prune': (preview, { signal }) => housekeeping.prune(preview, signal),

    'samples.get': (request) => monitoring.samples(request),
    'statistics.get': (request, { signal }) => monitoring.statistics(request, signal),

    'nodes.holds': async () => [...(await holds.list())],
    'nodes.hold': async ({ name, state, reason }) => {
      await connections.get(name);
      return shared.holds.change(() => holds.hold(name, state, reason));
    },
    'nodes.resume': async ({ name }) => {
      await connections.get(name);
      await shared.holds.change(() => holds.resume(name));
      return {};
    },

    'projects.inspect': (request, { signal }) => inspectProject(request, sources, signal),
    'projects.lint': ({ checkBases, ...request }, { signal }) =>
      lintProject({ ...request, ...(checkBases ? { imageFacts: imageFacts.read } : {}) }, sources, signal),
    'projects.automatic': (request, { signal }) => automaticOptions(request, sources, signal),
    'projects.ignore': ignoreFiles,
    'projects.sample': async ({ name, folder = join(home, 'sample-projects', name) }) => {
      await writeSampleProject(name, folder);
      return { context: folder };
    },
    'folders.list': ({ path }) => listFolders(path),

    'builds.preview': ({ input, ...request }, { signal }) => builds.preview(request, signal, { contextInput: input }),
    'builds.start': ({ pushCredentials, proxyVariables, secretValues, agentSocket, input, ...request }, { signal }) =>
      builds.start(
        request,
        { pushCredentials, proxyVariables, given: { secretValues, agentSocket }, contextInput: input },
        signal,
      ),
    'builds.cancel': async ({ id, platform }) => {
      await builds.cancel(id, platform);
      return {};
    },
    'builds.equivalents': (request, { signal }) => builds.equivalents(request, signal),
    'builds.get': ({ id }) => builds.get(id),
    'builds.list': (request, { signal }) => builds.list(request, signal),
    'builds.retry': (request, { signal }) => builds.retry(request, signal),
    'builds.resume': (request, { signal }) => builds.resume(request, signal),
    'builds.storeIncomplete': ({ id }) => shared.images.change(() => builds.storeIncomplete(id)),
    'builds.remove': async ({ id }) => {
      await reserve.lend(() => builds.remove(id));
      return {};
    },
    'builds.log': (range) => builds.log(range),
    'builds.search': (search, { signal }) => builds.search(search, signal),
    'builds.source': ({ id }) => builds.source(id),

    'packages.tags': ({ folders, options }, { signal }) => packageTags(folders, options, signal),
    'packages.describe': ({ folders, options }, { signal }) => describePackages(folders, options, store, signal),
    'recipes.find': (request) => recipes.find(request),
    'recipes.describe': (request) => recipes.describe(request),
    'recipes.save': (request) => recipes.save(request),
    'recipes.remove': (request) => recipes.remove(request),

    'bakes.start': ({ project, images, ...inputs }) => bakes.start(project, images, inputs),
    'bakes.retry': ({ id, ...inputs }) => bakes.retry(id, inputs),
    'bakes.cancel': async ({ id }) => {
      await bakes.cancel(id);
      return {};
    },
    'bakes.get': ({ id }) => bakes.get(id),

    'images.list': () => store.list(),
    'images.damaged': () => store.damaged(),
    'images.inspect': ({ reference }) => localImages.inspect(reference),
    'images.files': (request, { signal }) => localImages.files(request, signal),
    'images.saveFile': (request, { signal }) => localImages.saveFile(request, signal),
    'images.tag': (request) => localImages.tag(request),
    'images.untag': (request) => localImages.untag(request),
    'images.restore': (request) => localImages.restore(request),
    'images.verify': (request, { signal }) => localImages.verify(request, signal),
    'images.recognise': async ({ path }) => ({ hasImages: await hasImages(path) }),
    'images.load': (request, { signal }) => localImages.load(request, signal),
    'images.remove': ({ reference }) => shared.images.change(() => reserve.lend(() => store.remove(reference))),
    'images.cache': async () => ({ bytes: await store.cacheBytes() }),
    'images.clearCache': () => shared.images.change(() => reserve.lend(() => store.clearCache())),

    'outputs.start': (request) => outputs.start(request),
    'outputs.repeat': (request) => builds.writeOutput(request),
    'outputs.cancel': async ({ id }) => {
      await outputs.cancel(id);
      return {};
    },
    'outputs.list': async () => outputs.list(),

    'images.packages': (request, { signal }) => listPackages(attested, request, signal),
    'images.sbom': (request, { signal }) => writeSbom(attested, request, signal),
    'images.provenance': (request, { signal }) => readProvenance(attested, request, signal),
    'images.signatures': (request, { signal }) => listSignatures(attested, request, signal),
    'images.sign': (request, { signal }) => signImage(attested, request, signal),

    'images.reproduce': (request, { signal }) => {
      const remove = (reference: string) => shared.images.change(() => store.remove(reference));
      return reproduceImage({ builds, store, remove }, request, signal);
    },
    'keys.inspect': inspectKey,
    'keys.generate': generateKeyFiles,
    'keys.trusted': () => trustedKeys.list(),
    'keys.trust': (request) => trustedKeys.trust(request),
    'keys.distrust': async (request) => {
      await trustedKeys.distrust(request);
      return {};
    },

    'queue.get': async ({ farm }) => queue.get(farm === undefined ? undefined : (await farms.get(farm)).connections),
    'queue.move': async ({ id, to }) => {
      await shared.queue.change(() => queue.move(id, to));
      return {};
    },
    'queue.pause': async ({ id }) => {
      await shared.queue.change(() => queue.setPaused(true, id));
      return {};
    },
    'queue.resume': async ({ id }) => {
      await shared.queue.change(() => queue.setPaused(false, id));
      return {};
    },

    'copies.pull': async (request) => copies.pull(request),
    'copies.start': async (request) => copies.start(request),
    'copies.list': async () => copies.list(),
    'copies.cancel': async ({ id }) => {
      await copies.cancel(id);
      return {};
    },
    'lists.inspect': (request, { signal }) => inspectList(store, request, copies.access(signal)),
    'lists.edit': (request, { signal }) =>
      shared.images.change(() => reserve.lend(() => editList(store, request, copies.access(signal)))),
    'bases.list': (request, { signal }) => bases.list(request, signal),
    'images.compare': async ({ a, b, files, platforms, ...given }, { signal }) => {
      const { compareImages } = await import('./comparison/compare-images.ts');
      return compareImages(a, b, {
        ...copies.access(signal)(given),
        store,
        files,
        platforms,
        findBuild: (id) => builds.get(id),
      });
    },
    'registry.tags': (request, { signal }) => listTags(request, copies.access(signal)),

    'pushes.start': (request) => pushes.start(request),
    'pushes.startAll': (request) => pushes.startAll(request),
    'registries.list': () => registries.list(),
    'registries.add': (change) => registries.add(change),
    'registries.set': (change) => registries.set(change),
    'registries.remove': async ({ name }) => {
      await registries.remove(name);
      return {};
    },
    'registries.check': (request, { signal }) => registries.check(request, signal),
    'registries.directLimits': (request) => directLimits(request, registries.source()),
    'registries.delete': (request, { signal }) => deleteImage(request, registries.source(request.credentials), signal),
    'registries.logins': () => registries.logins(),
    'registries.login': (request, { signal }) => registries.login(request, signal),
    'registries.logout': (request) => registries.logout(request),
    'pushes.list': async () => pushes.list(),
    'pushes.history': () => pushHistory.list(),
    'pushes.cancel': async ({ id }) => {
      await pushes.cancel(id);
      return {};
    },

    'watches.start': ({ pushCredentials, proxyVariables, secretValues, agentSocket, watch, ...request }, { signal }) =>
      services.watches.start(
        request,
        { pushCredentials, proxyVariables, given: { secretValues, agentSocket } },
        watch,
        signal,
      ),
    'watches.hold': async ({ id }, { signal }) => {
      await services.watches.hold(id, signal);
      return {};
    },
    'watches.stop': async ({ id }) => {
      await services.watches.stop(id);
      return {};
    },
    'watches.list': async () => services.watches.list(),

    'timers.list': () => services.timers.list(),
    'timers.times': async (times) => ({ times: nextTimes(times, 5, new Date()).map((time) => time.toISOString()) }),
    'timers.save': ({ timer, replaces }, { signal }) => services.timers.save(timer, replaces, signal),
    'timers.pause': ({ name, isPaused }) => services.timers.pause(name, isPaused),
    'timers.remove': async ({ name }) => {
      await services.timers.remove(name);
      return {};
    },
    'timers.run': async ({ name, detached }, { signal }) =>
      detached ? services.timers.start(name) : { run: await services.timers.run(name, signal) },
    'timers.serve': async (_, { signal }) => services.timers.serveUntil(signal),

    'settings.get': () => settings.get(),
    'settings.update': (change) => shared.settings.change(() => settings.update(change)),
    'memory.get': () => services.memory.get(),
    'memory.set': async ({ key, value }) => {
      await services.memory.set(key, value);
      return {};
    },
    'app.info': async () => ({
      version,
      build: versionInfo(),
      home,
      frontEnd,
      system: process.platform,
      hasWindow: hasWindow(),
      remember: remember(),
    }),
    'releases.get': () => services.releases.get(),
    'releases.check': (_, { signal }) => services.releases.check(signal),
    'app.openWindow': ({ folder }) => openWindow(folder),

    'secrets.list': () => credentials.list(),
    'secrets.forget': async ({ id }) => {
      await credentials.forget(id);
      return {};
    },

    'commands.list': () => commands.list(),
    'commands.forget': async (command) => {
      await commands.forget(command);
      return {};
    },

    'questions.list': async () => questions.list(),
    'questions.answer': async ({ id, answer }) => {
      questions.answer(id, answer);
      return {};
    },
  };
  return handlers;
}

/** The input schema of each call, typed by the request that its handler receives. */
const inputs: { readonly [N in CallName]: { readonly input: z.ZodType<CallRequest<N>> } } = calls;

export interface CallOptions {
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  /** Called with the name of each connection that the call needs, also for what it leaves running, such as a build. */
  readonly onConnection?: (name: string) => void;
}

/**
 * Validates the input of a call and passes it to its handler. Never rejects: a failure is the problem of the result.
 */
export async function handleCall<N extends CallName>(
  name: N,
  input: CallInput<N>,
  handler: Handlers[N],
  { signal, onConnection }: CallOptions & CallContext,
): Promise<Result<CallOutput<N>>> {
  try {
    const parsed = inputs[name].input.safeParse(input);
    if (!parsed.success) {
      throw fail('input.invalid', z.prettifyError(parsed.error), 'Correct the input and try again.');
    }
    signal.throwIfAborted();
    return { ok: true, value: await observeNeededConnections(onConnection, () => handler(parsed.data, { signal })) };
  } catch (error) {
    return { ok: false, problem: signal.aborted ? cancelledProblem(signal) : problemOf(error) };
  }
}

function cancelledProblem({ reason }: AbortSignal): Problem {
  return reason instanceof Failure
    ? reason.problem
    : fail('call.cancelled', 'This was cancelled.', 'Start it again if it is still needed.').problem;
}
