/** The composition root: creates the services, wires them together and answers the calls of all front ends. */
import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import envPaths from 'env-paths';
import type { FrontEnd } from '../shared/app-info.ts';
import type { CallInput, CallName, CallOutput } from '../shared/contract.ts';
import { fail, type Result } from '../shared/problem.ts';
import { Builds } from './builds/builds.ts';
import { History } from './builds/history.ts';
import { ProjectMemories } from './builds/project-memory.ts';
import { SharedPortForwards } from './builds/shared-port-forwards.ts';
import { ConnectionChecks } from './connections/check/connection-checks.ts';
import { AllowedCommands } from './connections/credentials/allowed-commands.ts';
import { AcceptedHostKeys, authCallbacks } from './connections/credentials/auth-callbacks.ts';
import { CommandConsent } from './connections/credentials/command-consent.ts';
import { CredentialCache } from './connections/credentials/credential-cache.ts';
import { CredentialStore, type Keychain } from './connections/credentials/credential-store.ts';
import { openTransport } from './connections/open-transport.ts';
import { ConnectionStore } from './connections/store.ts';
import { Events, type Listener } from './events.ts';
import { FarmStore } from './farms/store.ts';
import { createHandlers, handleCall } from './handlers.ts';
import { ImageStore } from './images/image-store.ts';
import { createReceiver } from './images/receiver/receiver.ts';
import { ConnectionPool } from './nodes/connection-pool.ts';
import { Nodes } from './nodes/nodes.ts';
import { detectWake } from './nodes/wake-detector.ts';
import { Questions } from './questions.ts';
import { Pushes } from './registry/pushes.ts';
import { SettingsStore } from './settings/settings-store.ts';

export interface AppOptions {
  /** The data folder. Without it: `$BARNRAISER_HOME`, else the usual data folder of the platform. */
  readonly home?: string;
  readonly frontEnd: FrontEnd;
  /** An unused connection to a node is closed after this time, in milliseconds. Without it: after some minutes. */
  readonly idleMs?: number;
  /** The system's keychain, if the front end can use it. Without it no secret is saved. */
  readonly keychain?: Keychain;
}

export interface App {
  /** Validates the input and handles the call. Never rejects: a failure is the problem of the result. */
  call<N extends CallName>(name: N, input: CallInput<N>): Promise<Result<CallOutput<N>>>;
  /** Calls the listener with every event. @returns a function that unsubscribes */
  subscribe(listener: Listener): () => void;
  /** To be called when this computer wakes up: checks open connections and reconnects nodes that are down. */
  wake(): Promise<void>;
  /** Cancels all work, closes all connections, and resolves when everything has ended. */
  close(): Promise<void>;
}

/** Creates the app over its data folder. @throws Failure `settings.unwritable` */
export async function createApp({ frontEnd, idleMs, keychain = noKeychain, ...options }: AppOptions): Promise<App> {
  const home = await openHome(options.home);
  const events = new Events();
  const questions = new Questions(events);
  const settings = new SettingsStore(home);
  const connections = new ConnectionStore(home);
  const farms = new FarmStore(home, connections);

  const credentialStore = new CredentialStore(home, keychain);
  const credentials = new CredentialCache(credentialStore);
  const commands = new CommandConsent(new AllowedCommands(home));
  const auth = authCallbacks(
    (question, signal) => questions.ask(question, signal),
    credentials,
    new AcceptedHostKeys(),
    commands,
  );

  const pool = new ConnectionPool((connection, signal) => openTransport(connection, { ...auth, signal }), {
    ...(idleMs === undefined ? {} : { idleMs }),
  });
  const nodes = new Nodes(connections, farms, pool, events, {
    isQuestionOpen: () => questions.list().length > 0,
    reconnects: frontEnd !== 'terminal',
  });
  const stopDetectingWake = detectWake(() => void nodes.wake());
  const checks = new ConnectionChecks({
    authCallbacks: () => auth,
    onChange: (check) => events.emit({ event: 'check.changed', check }),
    onStatus: (status) => nodes.recordStatus(status),
  });

  const store = await ImageStore.open(join(home, 'images'));
  const receiver = createReceiver(store);
  const builds = new Builds({
    store,
    receiver,
    portForwards: new SharedPortForwards(receiver.server),
    pool,
    nodes,
    events,
    settings,
    history: new History(join(home, 'builds')),
    projects: new ProjectMemories(join(home, 'projects')),
    spoolFolder: join(home, 'spool'),
  });
  const pushes = new Pushes(store, events);

  const closing = new AbortController();
  const handlers = createHandlers({
    home,
    frontEnd,
    events,
    questions,
    settings,
    connections,
    farms,
    credentials,
    remember: () => credentialStore.remember,
    commands,
    auth,
    nodes,
    checks,
    store,
    builds,
    pushes,
    closing: closing.signal,
  });

  return {
    call: (name, input) => handleCall(name, input, handlers[name]),
    subscribe: (listener) => events.subscribe(listener),
    wake: () => nodes.wake(),
    close: async () => {
      stopDetectingWake();
      nodes.close();
      closing.abort(fail('image.incomplete', 'Barnraiser was closed before the export was complete.', 'Export again.'));
      questions.close();
      await Promise.all([builds.close(), pushes.close(), checks.close()]);
      await receiver.close();
      await pool.close();
      await credentials.close();
      await store.close();
      events.flush();
    },
  };
}

/** For front ends that cannot use the system's keychain. */
const noKeychain: Keychain = {
  refusal:
    'Only the desktop app can use the system keychain. Here, secrets are kept in memory until Barnraiser is closed.',
  encrypt: () => Promise.reject(new Error('there is no keychain here')),
  decrypt: () => Promise.reject(new Error('there is no keychain here')),
};

/** Creates the data folder if necessary. @throws Failure `settings.unwritable` */
async function openHome(path: string | undefined): Promise<string> {
  const home = path ?? process.env.BARNRAISER_HOME ?? envPaths('barnraiser', { suffix: '' }).data;
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
    await access(home, constants.W_OK);
    return home;
  } catch (error) {
    throw fail(
      'settings.unwritable',
      `The data folder ${home} cannot be created or written to.`,
      'Give your user write access to it, or set BARNRAISER_HOME to another folder.',
      error instanceof Error ? error.message : String(error),
      error,
    );
  }
}
