/** The composition root: creates the services, wires them together and answers the calls of all front ends. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallInput, CallName, CallOutput } from '../shared/contract.ts';
import { dataFormats } from '../shared/data-formats.ts';
import { fail, type Result } from '../shared/problem.ts';
import { TimedBuilds } from './automation/timed-build.ts';
import { TimedPrunes } from './automation/timed-prune.ts';
import { timerFile } from './automation/timer-store.ts';
import { Timers } from './automation/timers.ts';
import { Watches } from './automation/watches.ts';
import { Bakes } from './builds/bakes.ts';
import { Builds } from './builds/builds.ts';
import { History } from './builds/history.ts';
import { NodeWork } from './builds/node-work.ts';
import { ProjectMemories } from './builds/project-memory.ts';
import { RunningBuilds } from './builds/running-builds.ts';
import { SharedPortForwards } from './builds/shared-port-forwards.ts';
import { changedConnections } from './connections/changed-connections.ts';
import { ConnectionChecks } from './connections/check/connection-checks.ts';
import { TarLayouts } from './context/tar-layouts.ts';
import type { Listener } from './events.ts';
import { type CallOptions, createHandlers, handleCall } from './handlers.ts';
import { Housekeeping } from './housekeeping/housekeeping.ts';
import { ImageRepair } from './housekeeping/image-repair.ts';
import { LocalImages } from './housekeeping/local-images.ts';
import { ImageStore } from './images/image-store.ts';
import { createReceiver } from './images/receiver/receiver.ts';
import { BaseImageWatch } from './monitoring/base-images.ts';
import { Monitoring } from './monitoring/monitoring.ts';
import { Releases } from './monitoring/releases.ts';
import { type NodeAccess, type NodeAccessOptions, openNodeAccess } from './node-access.ts';
import { LinkSpeeds } from './nodes/link-speeds.ts';
import { NodeHolds } from './nodes/node-holds.ts';
import { NodeSlots } from './nodes/node-slots.ts';
import { QueueControls } from './nodes/queue-controls.ts';
import { QueueMonitor } from './nodes/queue-monitor.ts';
import { detectWake } from './nodes/wake-detector.ts';
import { Outputs } from './outputs/outputs.ts';
import { WrittenFolders } from './outputs/written-folders.ts';
import { Recipes } from './recipes/recipes.ts';
import { BlobLocations } from './registry/blob-locations.ts';
import { Copies } from './registry/copies.ts';
import { PushHistory } from './registry/push-history.ts';
import { Pushes } from './registry/pushes.ts';
import { Registries } from './registry/registries.ts';
import { RegistrySettingsStore } from './registry/registry-settings.ts';
import { SavedLogins } from './registry/saved-logins.ts';
import { SettingsStore } from './settings/settings-store.ts';
import { SharedState } from './settings/shared-state.ts';
import { WindowMemory } from './settings/window-memory.ts';
import { ContextSources } from './sources/context-sources.ts';
import { GitRepositories } from './sources/git-repository.ts';
import { abortable } from './system/abortable.ts';
import { DiskReserve } from './system/disk-reserve.ts';
import { RunningCalls } from './system/running-calls.ts';
import { removeStaleStagingAreas, StagingArea } from './system/staging-area.ts';
import { watchFiles } from './system/watch-files.ts';

export interface AppOptions extends NodeAccessOptions {
  /** With the same data folder and front end. Without it, the app opens its own. */
  readonly access?: NodeAccess;
  /** How often nodes with open connections are sampled, in milliseconds. Without it: as often as is useful. */
  readonly sampleMs?: number;
  /** How long a node is down before that is reported, in milliseconds. */
  readonly downAfterMs?: number;
  /** Whether a window is open that can show questions. Without it: never. */
  readonly hasWindow?: () => boolean;
  /** Opens a window, or resolves with the URL of one. Without it, the front end has no windows. */
  readonly openWindow?: (folder: string | undefined) => Promise<CallOutput<'app.openWindow'>>;
}

export interface App {
  /** Validates the input and handles the call. Never rejects: a failure is the problem of the result. */
  call<N extends CallName>(name: N, input: CallInput<N>, options?: CallOptions): Promise<Result<CallOutput<N>>>;
  /** Calls the listener with every event and its number. @returns a function that unsubscribes */
  subscribe(listener: Listener): () => void;
  /** To be called when this computer wakes up: checks open connections and reconnects nodes that are down. */
  wake(): Promise<void>;
  /** Cancels all work, closes all connections, and resolves when everything has ended. */
  close(): Promise<void>;
}

/** Creates the app over its data folder. @throws Failure `settings.unwritable` */
export async function createApp({
  frontEnd,
  access,
  sampleMs,
  downAfterMs,
  hasWindow = () => false,
  openWindow = refuseWindow,
  ...options
}: AppOptions): Promise<App> {
  const opened = access ?? (await openNodeAccess({ frontEnd, ...options }));
  const { home, events, questions, connections, farms, pool, breaker, nodes } = opened;
  const { credentialStore, credentials, commands, ask, auth } = opened;
  const settings = new SettingsStore(home);
  let wokeAt = 0;
  const wake = async (): Promise<void> => {
    wokeAt = Date.now();
    monitoring.wake();
    await nodes.wake();
  };
  const stopDetectingWake = detectWake(() => void wake());
  const checks = new ConnectionChecks({
    authCallbacks: () => auth,
    onChange: (check) => {
      events.emit({ event: 'check.changed', check });
      if (check.status === 'passed') {
        void nodes.readmit(check.connection).catch(() => undefined);
      }
    },
    onStatus: (status, connection) => nodes.recordStatus(status, connection),
  });

  const reserve = new DiskReserve(join(home, 'reserve'));
  const store = await reserve.lend(() => ImageStore.open(join(home, 'images')));
  const spool = await reserve.lend(() => StagingArea.open(join(home, 'spool')));
  await removeStaleStagingAreas(join(home, 'spool'));
  const receiver = createReceiver(store);
  const running = new RunningBuilds(join(home, 'running'));
  const projects = new ProjectMemories(join(home, 'projects'));
  const nodeWork = new NodeWork(join(home, 'node-work'), running, (node) => projects.cachedOn(node));
  const links = new LinkSpeeds(home);
  const pushHistory = new PushHistory(home);
  const registrySettings = new RegistrySettingsStore(home);
  const registries = new Registries({
    settings: registrySettings,
    logins: new SavedLogins(credentialStore, { runsOn: frontEnd !== 'terminal' }),
    pushes: () => pushHistory.list(),
    onChange: () => events.emit({ event: 'registries.changed' }),
  });
  const pushes = new Pushes({
    store,
    events,
    locations: new BlobLocations(home),
    source: (explicit) => registries.source(explicit),
    record: (record) => shared.pushes.change(() => pushHistory.add(record)),
  });
  const outputs = new Outputs({
    store,
    events,
    pool,
    written: new WrittenFolders(join(home, 'output-folders.json')),
    connection: (name) => connections.get(name),
  });
  const copies = new Copies({
    store,
    events,
    locations: new BlobLocations(home),
    source: (explicit) => pushes.source(explicit),
    change: (work) => shared.images.change(() => reserve.lend(work)),
    record: (record) => shared.pushes.change(() => pushHistory.add(record)),
  });
  const sources = new ContextSources({
    repositories: new GitRepositories(join(home, 'repositories')),
    spoolFolder: spool.folder,
    onProgress: (context, text) => events.batch({ event: 'source.progress', context, text }),
  });
  const holds = new NodeHolds(home);
  const controls = new QueueControls(home);
  const slots = new NodeSlots(join(home, 'slots'), {
    slotsOf: async () => {
      const [{ jobsPerNode }, all] = await Promise.all([settings.get(), connections.list()]);
      const own = new Map(all.map(({ name, slots }) => [name, slots]));
      return (connection) => own.get(connection) || jobsPerNode;
    },
    machineOf: (connection) => nodes.machineOf(connection),
    holds,
    controls,
  });
  const history = new History(join(home, 'builds'), running, (reference) => store.find(reference));
  const monitoring = new Monitoring({
    folder: join(home, 'samples'),
    pool,
    events,
    history,
    connections: () => connections.list(),
    // a terminal ends with its command
    isSampling: frontEnd !== 'terminal',
    downAfterMs,
    ...(sampleMs === undefined ? {} : { intervals: { busyMs: sampleMs, quietMs: sampleMs } }),
  });
  const queue = new QueueMonitor({ slots, holds, controls, events, connections: () => connections.list() });
  const portForwards = new SharedPortForwards(receiver.server);
  const builds = new Builds({
    sources,
    store,
    receiver,
    portForwards,
    pool,
    nodes,
    breaker,
    events,
    settings,
    askSecret: credentials.credentialProvider(ask),
    running,
    pushes,
    outputs,
    slots,
    history,
    projects,
    wokeAt: () => wokeAt,
    links,
    layouts: new TarLayouts(join(home, 'context-layouts')),
    nodeWork,
    spoolFolder: spool.folder,
    indexFolder: join(home, 'contexts'),
    // a terminal shows only what its own command does
    followsOthers: frontEnd !== 'terminal',
  });

  // a node that was lost in a job still has what the job left
  const cleanups = new Set<Promise<void>>();
  events.subscribe((event) => {
    if (event.event === 'node.changed' && event.status.state === 'up') {
      const cleanup = cleanUpNode(event.status.connection, { nodeWork, connections, pool })
        .catch(() => undefined)
        .finally(() => cleanups.delete(cleanup));
      cleanups.add(cleanup);
    }
  });
  const housekeeping = new Housekeeping({ nodes, pool, projects, nodeWork });
  const localImages = new LocalImages({
    store,
    events,
    repair: new ImageRepair({ store, pushHistory, history, connections, pool, receiver, portForwards, registries }),
    change: (work) => shared.images.change(() => reserve.lend(work)),
  });

  const bakes = new Bakes({
    builds,
    events,
    running: new RunningBuilds(join(home, 'running-bakes')),
    folder: join(home, 'bakes'),
  });

  const releases = new Releases({
    folder: home,
    settings: () => settings.get(),
    ...(frontEnd === 'terminal' ? {} : { events }),
  });
  releases.watch();
  const bases = new BaseImageWatch({
    folder: home,
    builds,
    events,
    interval: async () => (await settings.get()).baseChecks ?? 'off',
    access: (signal) => copies.access(signal),
    isWatching: frontEnd !== 'terminal',
  });
  const watches = new Watches({ builds, sources, events });
  const timers: Timers = new Timers({
    file: timerFile(home),
    kinds: {
      build: new TimedBuilds({ builds, sources, registries, bases }),
      prune: new TimedPrunes({ housekeeping, nodes }),
    },
    running: new RunningBuilds(join(home, 'running-timers')),
    change: (make) => shared.timers.change(make),
    onEnd: (name, run) => events.emit({ event: 'timer.finished', name, run }),
  });

  const shared = {
    timers: new SharedState({
      read: async () => {
        const value = await timers.list();
        return { value, signature: JSON.stringify(value) };
      },
      onChange: (now) => {
        events.emit({ event: 'timers.changed', timers: now });
        timers.changed();
      },
    }),
    farms: new SharedState({
      read: async () => {
        const value = { connections: [...(await connections.list())], ...(await farms.list()) };
        return { value, signature: JSON.stringify(value) };
      },
      onChange: async (now, before) => {
        const changes = changedConnections(before.connections, now.connections);
        await Promise.all(changes.map(({ name }) => checks.cancel(name)));
        events.emit({ event: 'farms.changed', ...now, farms: [...now.farms] });
        for (const change of changes) {
          const unused = builds.connectionChanged(change);
          if (change.kind === 'renamed') {
            slots.rename(change.name, change.now.name);
            nodes.rename(change.name, change.now);
          } else {
            void nodes.forget(change.name, unused);
          }
        }
        nodes.updatePreferences(now.connections);
      },
    }),
    settings: new SharedState({
      read: async () => {
        const value = await settings.get();
        return { value, signature: JSON.stringify(value) };
      },
      onChange: (now) => events.emit({ event: 'settings.changed', settings: now }),
    }),
    registries: new SharedState({
      read: async () => {
        const value = await registrySettings.list();
        return { value, signature: JSON.stringify(value) };
      },
      onChange: () => events.emit({ event: 'registries.changed' }),
    }),
    pushes: new SharedState({
      read: async () => {
        const value = await pushHistory.list();
        return { value, signature: JSON.stringify(value) };
      },
      onChange: (history) => events.emit({ event: 'pushes.changed', history }),
    }),
    holds: new SharedState({
      read: async () => {
        const value = await holds.list();
        return { value, signature: JSON.stringify(value) };
      },
      onChange: async (now) => {
        events.emit({ event: 'holds.changed', holds: [...now] });
        await queue.decided();
      },
    }),
    queue: new SharedState({
      read: async () => {
        const value = await controls.signature();
        return { value, signature: value };
      },
      onChange: () => queue.decided(),
    }),
    images: new SharedState({
      read: async () => {
        const index = createHash('sha256')
          .update(await readFile(join(home, 'images', 'index.json')))
          .digest('hex');
        return { value: index, signature: index };
      },
      onChange: (index) => events.emit({ event: 'images.changed', index }),
    }),
  };
  const stopServing = frontEnd === 'terminal' ? () => undefined : timers.serve();
  if (frontEnd !== 'terminal') {
    queue.follow();
  }
  const stopWatching = frontEnd === 'terminal' ? () => undefined : await watchSharedState(home, { ...shared, breaker });
  events.subscribe(({ event }) => {
    if (event === 'build.finished') {
      void shared.images.refresh();
    }
  });

  const calls = new RunningCalls();
  const handlers = createHandlers({
    home,
    events,
    frontEnd,
    questions,
    settings,
    memory: new WindowMemory(home),
    connections,
    farms,
    credentials,
    remember: () => credentialStore.remember,
    commands,
    auth,
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
    timers,
    watches,
    recipes: new Recipes(join(home, 'recipes')),
    sources,
    pushes,
    copies,
    bases,
    releases,
    pushHistory,
    registries,
    outputs,
    shared,
    hasWindow,
    openWindow,
  });

  return {
    call: (name, input, { signal, onConnection } = {}) =>
      calls.run(signal, async (either) => {
        // what the handler reads includes at least the effect of this event
        const { seq } = events;
        const context = { signal: either, ...(onConnection ? { onConnection } : {}) };
        const result = await handleCall(name, input, handlers[name], context);
        return result.ok ? { ...result, seq } : result;
      }),
    subscribe: (listener) => events.subscribe(listener),
    wake,
    close: async () => {
      stopDetectingWake();
      stopWatching();
      queue.close();
      breaker.close();
      const nodesClosed = nodes.close();
      calls.cancelAll(
        fail('call.cancelled', 'Barnraiser was closed before this was done.', 'Start it again if it is still needed.'),
      );
      questions.close();
      stopServing();
      // before the builds, so that none is started any more
      await Promise.all([timers.close(), watches.close(), bases.close(), releases.close()]);
      await bakes.close();
      await Promise.all([
        builds.close(),
        pushes.close(),
        outputs.close(),
        copies.close(),
        checks.close(),
        nodesClosed,
        monitoring.close(),
      ]);
      await receiver.close();
      // what a short command has begun is done, too
      await abortable(AbortSignal.timeout(cleanupTimeoutMs), Promise.all(cleanups)).catch(() => undefined);
      await pool.close();
      await credentials.close();
      await links.close();
      await store.close();
      await sources.close();
      await spool.close();
      events.flush();
    },
  };
}

/** How long closing waits for that, in milliseconds. The next build on the node does the rest. */
const cleanupTimeoutMs = 5_000;

/** Ends and removes what jobs have left on a node that has answered. */
async function cleanUpNode(
  name: string,
  {
    nodeWork,
    connections,
    pool,
  }: {
    readonly nodeWork: NodeWork;
    readonly connections: NodeAccess['connections'];
    readonly pool: NodeAccess['pool'];
  },
): Promise<void> {
  if (await nodeWork.hasLeftovers(name)) {
    const { engine } = await pool.connect(await connections.get(name));
    if (engine.retention) {
      await nodeWork.cleanUp(name, engine.retention);
    }
  }
}

/** Reports what other processes change in the data folder. Resolves when every change from now on is noticed. */
async function watchSharedState(
  home: string,
  {
    farms,
    settings,
    pushes,
    registries,
    images,
    timers,
    holds,
    queue,
    breaker,
  }: Record<
    'farms' | 'settings' | 'pushes' | 'registries' | 'images' | 'timers' | 'holds' | 'queue' | 'breaker',
    Pick<SharedState<unknown>, 'refresh'>
  >,
): Promise<() => void> {
  const watched = new Map([
    [join(home, 'connections.json'), farms],
    [join(home, 'farms.json'), farms],
    [join(home, 'settings.json'), settings],
    [join(home, 'pushes.json'), pushes],
    [join(home, dataFormats.registries.path), registries],
    [join(home, 'timers.json'), timers],
    [join(home, 'images', 'index.json'), images],
    [join(home, 'node-holds.json'), holds],
    [join(home, 'queue.json'), queue],
    [join(home, dataFormats.circuits.path), breaker],
  ]);
  const stop = watchFiles([...watched.keys()], (path) => void watched.get(path)?.refresh());
  await Promise.all([...watched.values()].map((state) => state.refresh()));
  return stop;
}

function refuseWindow(): Promise<never> {
  return Promise.reject(fail('input.invalid', 'The running Barnraiser has no windows.', 'Open the desktop app.'));
}
