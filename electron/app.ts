/** The composition root: creates the services, wires them together and answers the calls of all front ends. */
import { createHash } from 'node:crypto';
import { access, constants, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FrontEnd } from '../shared/app-info.ts';
import type { CallInput, CallName, CallOutput } from '../shared/contract.ts';
import { Failure, fail, type Result } from '../shared/problem.ts';
import { Bakes } from './builds/bakes.ts';
import { Builds } from './builds/builds.ts';
import { History } from './builds/history.ts';
import { NodeWork } from './builds/node-work.ts';
import { ProjectMemories } from './builds/project-memory.ts';
import { RunningBuilds } from './builds/running-builds.ts';
import { SharedPortForwards } from './builds/shared-port-forwards.ts';
import { changedConnections } from './connections/changed-connections.ts';
import { ConnectionChecks } from './connections/check/connection-checks.ts';
import { AllowedCommands } from './connections/credentials/allowed-commands.ts';
import { AcceptedHostKeys, authCallbacks } from './connections/credentials/auth-callbacks.ts';
import { CommandConsent } from './connections/credentials/command-consent.ts';
import { type AskPerson, CredentialCache } from './connections/credentials/credential-cache.ts';
import { CredentialStore, type Keychain } from './connections/credentials/credential-store.ts';
import { openTransport } from './connections/open-transport.ts';
import { ConnectionStore } from './connections/store.ts';
import { TarLayouts } from './context/tar-layouts.ts';
import { Events, type Listener } from './events.ts';
import { FarmStore } from './farms/store.ts';
import { type CallOptions, createHandlers, handleCall } from './handlers.ts';
import { ImageStore } from './images/image-store.ts';
import { createReceiver } from './images/receiver/receiver.ts';
import { AnsweredNodes } from './nodes/answered-nodes.ts';
import { ConnectionPool } from './nodes/connection-pool.ts';
import { NodeSlots } from './nodes/node-slots.ts';
import { Nodes } from './nodes/nodes.ts';
import { detectWake } from './nodes/wake-detector.ts';
import { Questions } from './questions.ts';
import { Recipes } from './recipes/recipes.ts';
import { BlobLocations } from './registry/blob-locations.ts';
import { PushHistory } from './registry/push-history.ts';
import { Pushes } from './registry/pushes.ts';
import { SettingsStore } from './settings/settings-store.ts';
import { SharedState } from './settings/shared-state.ts';
import { WindowMemory } from './settings/window-memory.ts';
import { ContextSources } from './sources/context-sources.ts';
import { GitRepositories } from './sources/git-repository.ts';
import { dataFolder } from './system/data-folder.ts';
import { DiskReserve } from './system/disk-reserve.ts';
import { makeDataFolder } from './system/own-data-folder.ts';
import { RunningCalls } from './system/running-calls.ts';
import { removeStaleStagingAreas, StagingArea } from './system/staging-area.ts';
import { watchFiles } from './system/watch-files.ts';

export interface AppOptions {
  /** The data folder. Without it: `$BARNRAISER_HOME`, else the usual data folder of the platform. */
  readonly home?: string;
  readonly frontEnd: FrontEnd;
  /** An unused connection to a node is closed after this time, in milliseconds. Without it: after some minutes. */
  readonly idleMs?: number;
  /** The system's keychain, if the front end can use it. Without it no secret is saved. */
  readonly keychain?: Keychain;
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
  idleMs,
  keychain = noKeychain,
  hasWindow = () => false,
  openWindow = refuseWindow,
  ...options
}: AppOptions): Promise<App> {
  const home = await openHome(options.home);
  const events = new Events();
  const questions = new Questions(events);
  const settings = new SettingsStore(home);
  const connections = new ConnectionStore(home);
  const farms = new FarmStore(home, connections);

  const credentialStore = new CredentialStore(home, keychain);
  const credentials = new CredentialCache(credentialStore);
  const commands = new CommandConsent(new AllowedCommands(home));
  const ask: AskPerson = (question, signal) => questions.ask(question, signal);
  const auth = authCallbacks(ask, credentials, new AcceptedHostKeys(), commands);

  const pool = new ConnectionPool((connection, signal) => openTransport(connection, { ...auth, signal }), {
    ...(idleMs === undefined ? {} : { idleMs }),
  });
  const nodes = new Nodes(connections, farms, pool, events, {
    answered: new AnsweredNodes(home),
    isQuestionOpen: () => questions.list().length > 0,
    reconnects: frontEnd !== 'terminal',
  });
  const stopDetectingWake = detectWake(() => void nodes.wake());
  const checks = new ConnectionChecks({
    authCallbacks: () => auth,
    onChange: (check) => events.emit({ event: 'check.changed', check }),
    onStatus: (status, connection) => nodes.recordStatus(status, connection),
  });

  const reserve = new DiskReserve(join(home, 'reserve'));
  const store = await reserve.lend(() => ImageStore.open(join(home, 'images')));
  const spool = await reserve.lend(() => StagingArea.open(join(home, 'spool')));
  await removeStaleStagingAreas(join(home, 'spool'));
  const receiver = createReceiver(store);
  const running = new RunningBuilds(join(home, 'running'));
  const projects = new ProjectMemories(join(home, 'projects'));
  const pushHistory = new PushHistory(home);
  const pushes = new Pushes({
    store,
    events,
    locations: new BlobLocations(home),
    record: (record) => shared.pushes.change(() => pushHistory.add(record)),
  });
  const sources = new ContextSources({
    repositories: new GitRepositories(join(home, 'repositories')),
    spoolFolder: spool.folder,
    onProgress: (context, text) => events.batch({ event: 'source.progress', context, text }),
  });
  const builds = new Builds({
    sources,
    store,
    receiver,
    portForwards: new SharedPortForwards(receiver.server),
    pool,
    nodes,
    events,
    settings,
    askSecret: credentials.credentialProvider(ask),
    running,
    pushes,
    slots: new NodeSlots(
      join(home, 'slots'),
      async () => (await settings.get()).jobsPerNode,
      (connection) => nodes.machineOf(connection),
    ),
    history: new History(join(home, 'builds'), running, (reference) => store.find(reference)),
    projects,
    layouts: new TarLayouts(join(home, 'context-layouts')),
    nodeWork: new NodeWork(join(home, 'node-work'), running, (node) => projects.cachedOn(node)),
    spoolFolder: spool.folder,
    indexFolder: join(home, 'contexts'),
    // a terminal shows only what its own command does
    followsOthers: frontEnd !== 'terminal',
  });

  const bakes = new Bakes({
    builds,
    events,
    running: new RunningBuilds(join(home, 'running-bakes')),
    folder: join(home, 'bakes'),
  });

  const shared = {
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
            nodes.rename(change.name, change.now);
          } else {
            void nodes.forget(change.name, unused);
          }
        }
        nodes.updatePlatforms(now.connections);
      },
    }),
    settings: new SharedState({
      read: async () => {
        const value = await settings.get();
        return { value, signature: JSON.stringify(value) };
      },
      onChange: (now) => events.emit({ event: 'settings.changed', settings: now }),
    }),
    pushes: new SharedState({
      read: async () => {
        const value = await pushHistory.list();
        return { value, signature: JSON.stringify(value) };
      },
      onChange: (history) => events.emit({ event: 'pushes.changed', history }),
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
  const stopWatching = frontEnd === 'terminal' ? () => undefined : await watchSharedState(home, shared);
  events.subscribe(({ event }) => {
    if (event === 'build.finished') {
      void shared.images.refresh();
    }
  });

  const calls = new RunningCalls();
  const handlers = createHandlers({
    home,
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
    checks,
    store,
    reserve,
    builds,
    bakes,
    recipes: new Recipes(join(home, 'recipes')),
    sources,
    pushes,
    pushHistory,
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
    wake: () => nodes.wake(),
    close: async () => {
      stopDetectingWake();
      stopWatching();
      const nodesClosed = nodes.close();
      calls.cancelAll(
        fail('call.cancelled', 'Barnraiser was closed before this was done.', 'Start it again if it is still needed.'),
      );
      questions.close();
      // before the builds, so that none of its images starts any more
      await bakes.close();
      await Promise.all([builds.close(), pushes.close(), checks.close(), nodesClosed]);
      await receiver.close();
      await pool.close();
      await credentials.close();
      await store.close();
      await sources.close();
      await spool.close();
      events.flush();
    },
  };
}

/** Reports what other processes change in the data folder. Resolves when every change from now on is noticed. */
async function watchSharedState(
  home: string,
  {
    farms,
    settings,
    pushes,
    images,
  }: Record<'farms' | 'settings' | 'pushes' | 'images', Pick<SharedState<unknown>, 'refresh'>>,
): Promise<() => void> {
  const watched = new Map([
    [join(home, 'connections.json'), farms],
    [join(home, 'farms.json'), farms],
    [join(home, 'settings.json'), settings],
    [join(home, 'pushes.json'), pushes],
    [join(home, 'images', 'index.json'), images],
  ]);
  const stop = watchFiles([...watched.keys()], (path) => void watched.get(path)?.refresh());
  await Promise.all([...watched.values()].map((state) => state.refresh()));
  return stop;
}

function refuseWindow(): Promise<never> {
  return Promise.reject(fail('input.invalid', 'The running Barnraiser has no windows.', 'Open the desktop app.'));
}

/** For front ends that cannot use the system's keychain. */
const noKeychain: Keychain = {
  refusal:
    'Only the desktop app can use the system keychain. Here, secrets are kept in memory until Barnraiser is closed.',
  encrypt: () => Promise.reject(new Error('there is no keychain here')),
  decrypt: () => Promise.reject(new Error('there is no keychain here')),
};

/** Creates the data folder if necessary, and closes it to others. @throws Failure `settings.unwritable` */
async function openHome(path: string | undefined): Promise<string> {
  const home = path ?? dataFolder();
  try {
    await makeDataFolder(home);
    await access(home, constants.W_OK);
    return home;
  } catch (error) {
    if (error instanceof Failure && error.cause === undefined) {
      throw error;
    }
    throw fail(
      'settings.unwritable',
      `The data folder ${home} cannot be created or written to.`,
      'Give your user write access to it, or set BARNRAISER_HOME to another folder.',
      error instanceof Error ? error.message : String(error),
      error,
    );
  }
}
