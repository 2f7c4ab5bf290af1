import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import envPaths from 'env-paths';
import { z } from 'zod';
import { type CallInput, type CallName, type CallOutput, type CallRequest, calls } from '../shared/contract.ts';
import { fail, problemOf, type Result } from '../shared/problem.ts';
import { Builds } from './builds/builds.ts';
import { History } from './builds/history.ts';
import { fixConnection } from './connections/check/apply-fix.ts';
import { Checks } from './connections/check/checks.ts';
import { AllowedCommands } from './connections/credentials/allowed-commands.ts';
import { CommandConsent } from './connections/credentials/command-consent.ts';
import { type Ask, CredentialCache } from './connections/credentials/credentials.ts';
import { type Keychain, SecretStore } from './connections/credentials/secret-store.ts';
import { authCallbacks, SessionHostKeys } from './connections/credentials/session-callbacks.ts';
import { discover } from './connections/import/discover.ts';
import { writeOwnFile } from './connections/import/own-file.ts';
import { openTransport } from './connections/open-transport.ts';
import { resolveConnection } from './connections/resolve.ts';
import { ConnectionStore } from './connections/store.ts';
import { Events, type Listener } from './events.ts';
import { importAll } from './farms/import.ts';
import { FarmStore } from './farms/store.ts';
import { exportList } from './images/import-archive.ts';
import { createReceiver } from './images/receiver.ts';
import { ImageStore } from './images/store.ts';
import { ConnectionPool } from './nodes/connection-pool.ts';
import { Nodes } from './nodes/nodes.ts';
import { watchClock } from './nodes/wake.ts';
import { listFolders } from './projects/folders.ts';
import { inspectProject } from './projects/inspect.ts';
import { writeSample } from './projects/sample.ts';
import { Questions } from './questions.ts';
import { Pushes } from './registry/pushes.ts';
import { SettingsStore } from './settings/settings.ts';
import { version } from './system/version.ts';

export interface AppOptions {
  /** Where everything that Barnraiser keeps lives; without one `$BARNRAISER_HOME`, else the platform's usual data folder. */
  readonly home?: string;
  /** Who shows it. */
  readonly frontEnd: 'desktop' | 'browser' | 'terminal';
  /** After how many milliseconds a line to a node that nobody uses is closed; without it, after some minutes. */
  readonly idleMs?: number;
  /** The system's keychain, where the door has a way to it. Without it nothing is remembered. */
  readonly vault?: Keychain;
}

export interface App {
  /** Never rejects: what goes wrong is the result's problem. Input is checked here, wherever it comes from. */
  call<N extends CallName>(name: N, input: CallInput<N>): Promise<Result<CallOutput<N>>>;
  /** Calls the listener with every event until the function that it returns is called. */
  subscribe(listener: Listener): () => void;
  /** To be called when this computer wakes up: asks what nodes are still there, and tries again those that were down. */
  wake(): Promise<void>;
  /** Cancels what runs, closes every line and resolves when nothing is left behind. */
  close(): Promise<void>;
}

type Handlers = { readonly [N in CallName]: (request: CallRequest<N>) => Promise<CallOutput<N>> };

/** Makes the services, wires them together and answers every call of the contract. @throws Failure `settings.unwritable` */
export async function createApp({ frontEnd: door, idleMs, vault = noVault, ...options }: AppOptions): Promise<App> {
  const home = await makeHome(options.home);
  const events = new Events();
  const questions = new Questions(events);
  const settings = new SettingsStore(home);
  const connections = new ConnectionStore(home);
  const farms = new FarmStore(home, connections);
  const secretStore = new SecretStore(home, vault);
  const secrets = new CredentialCache(secretStore);
  const commands = new CommandConsent(new AllowedCommands(home));
  /** How hosts are trusted and signed in to. A question that nobody waits for any more is taken back. */
  const ask: Ask = (question, signal) => questions.ask(question, signal);
  const trust = authCallbacks(ask, secrets, new SessionHostKeys(), commands);
  const lines = new ConnectionPool((connection, signal) => openTransport(connection, { ...trust, signal }), {
    ...(idleMs === undefined ? {} : { idleMs }),
  });
  const nodes = new Nodes(connections, farms, lines, events, {
    isPersonAsked: () => questions.list().length > 0,
    keepsTrying: door !== 'terminal',
  });
  const checks = new Checks({
    trust: () => trust,
    onChange: (check) => events.emit({ event: 'check.changed', check }),
    onStatus: (status) => nodes.learn(status),
  });
  const unwatchClock = watchClock(() => void nodes.wake());
  const store = await ImageStore.open(join(home, 'images'));
  const history = new History(join(home, 'builds'));
  const receiver = createReceiver(store);
  const folders = { spoolFolder: join(home, 'spool'), projectsFolder: join(home, 'projects') };
  const builds = new Builds({ store, receiver, lines, events, history, ...folders }, nodes, settings);
  const pushes = new Pushes(store, events);
  const closing = new AbortController();

  const farmsList = async (): Promise<CallOutput<'farms.list'>> => {
    const { farms: all, default: standard } = await farms.list();
    return { farms: [...all], ...(standard ? { default: standard } : {}) };
  };
  const tellFarms = async (): Promise<void> =>
    events.emit({ event: 'farms.changed', connections: [...(await connections.list())], ...(await farmsList()) });
  /** Does a change and tells what connections and farms there are after it. */
  const changing = async <T>(change: Promise<T>): Promise<T> => {
    const result = await change;
    await tellFarms();
    return result;
  };

  const handlers: Handlers = {
    'connections.list': async () => [...(await connections.list())],
    'connections.add': (connection) => changing(connections.add(connection)),
    'connections.update': async ({ name, ...change }) => {
      const changed = await connections.update(name, change);
      await checks.cancel(name);
      if (changed.name !== name) {
        await farms.renameConnection(name, changed.name);
      }
      await nodes.forget(name);
      await tellFarms();
      return changed;
    },
    'connections.remove': async ({ name }) => {
      await connections.remove(name);
      await checks.cancel(name);
      await farms.forgetConnection(name);
      await nodes.forget(name);
      await tellFarms();
      return {};
    },
    'connections.discover': async (request) => {
      const [all, known] = await Promise.all([farms.list(), connections.list()]);
      return discover(request, { connections: known, farms: all.farms.map(({ name }) => name) });
    },
    'connections.import': (request) => changing(importAll(connections, farms, request)),
    'connections.export': async () => {
      const [known, all] = await Promise.all([connections.list(), farms.list()]);
      return { text: writeOwnFile(known, all), connections: known.length, farms: all.farms.length };
    },
    'connections.check': async ({ name }) => checks.check(await connections.get(name)),
    'connections.cancelCheck': async ({ name }) => {
      await checks.cancel(name);
      return {};
    },
    'connections.fix': async ({ name, fix }) => {
      const changeUri = async (uri: string): Promise<void> => {
        await handlers['connections.update']({ name, uri });
      };
      const { signal } = closing;
      return fixConnection(await connections.get(name), fix, { ...trust, signal, changeUri });
    },
    'connections.resolve': (request) => resolveConnection(request),

    'farms.list': farmsList,
    'farms.create': ({ name, connections: members, makeDefault }) => changing(farms.create(name, members, makeDefault)),
    'farms.update': ({ name, rename = name, ...change }) => changing(farms.update(name, { rename, ...change })),
    'farms.remove': async ({ name }) => {
      await changing(farms.remove(name));
      return {};
    },

    'nodes.probe': (selection) => nodes.probe(selection),
    'nodes.list': async () => nodes.known(),
    'nodes.prune': (selection) => nodes.prune(selection),

    'projects.inspect': (request) => inspectProject(request),
    'projects.sample': async ({ folder }) => ({ context: await writeSample(folder ?? join(home, 'sample')) }),
    'folders.list': ({ path }) => listFolders(path),

    'builds.preview': (request) => builds.preview(request),
    'builds.start': (request) => builds.start(request),
    'builds.cancel': async ({ id, platform }) => {
      await builds.cancel(id, platform);
      return {};
    },
    'builds.get': ({ id }) => builds.get(id),
    'builds.list': () => builds.list(),
    'builds.remove': async ({ id }) => {
      await builds.remove(id);
      return {};
    },
    'builds.log': (range) => builds.log(range),
    'builds.search': (search) => builds.search(search),
    'builds.source': ({ id }) => builds.source(id),

    'images.list': () => store.list(),
    'images.inspect': async ({ reference }) => {
      const list = await store.find(reference);
      const manifest: unknown = JSON.parse((await store.rawManifest(list.digest)).bytes.toString('utf8'));
      return { list, manifest };
    },
    'images.remove': async ({ reference }) => store.remove(reference),
    'images.export': ({ reference, destination }) =>
      exportList(store, reference, destination, { signal: closing.signal }),

    'pushes.start': (request) => pushes.start(request),
    'pushes.list': async () => pushes.list(),
    'pushes.cancel': async ({ id }) => {
      await pushes.cancel(id);
      return {};
    },

    'settings.get': () => settings.get(),
    'settings.update': async (change) => {
      const changed = await settings.update(change);
      events.emit({ event: 'settings.changed', settings: changed });
      return changed;
    },
    'app.info': async () => ({
      version,
      home,
      frontEnd: door,
      system: process.platform,
      remember: secretStore.remember,
    }),

    'secrets.list': () => secrets.list(),
    'secrets.forget': async ({ id }) => {
      await secrets.forget(id);
      return {};
    },

    'commands.list': () => commands.list(),
    'commands.forget': async (command) => {
      await commands.forget(command);
      return {};
    },

    'questions.list': async () => questions.list(),
    'questions.answer': async ({ id, answer: given }) => {
      questions.answer(id, given);
      return {};
    },
  };

  return {
    call: (name, input) => answer(name, input, handlers[name]),
    subscribe: (listener) => events.subscribe(listener),
    wake: () => nodes.wake(),
    close: async () => {
      unwatchClock();
      nodes.close();
      closing.abort(fail('image.incomplete', 'Barnraiser was closed before the export was whole.', 'Export again.'));
      questions.close();
      await Promise.all([builds.close(), pushes.close(), checks.close()]);
      await receiver.close();
      await lines.close();
      await secrets.close();
      await store.close();
      events.flush();
    },
  };
}

/** For doors that have no way to the system's keychain. */
const noVault: Keychain = {
  refusal:
    "Only Barnraiser's desktop app reaches the system's keychain. Here it is kept in memory until Barnraiser is closed.",
  encrypt: () => Promise.reject(new Error('there is no keychain here')),
  decrypt: () => Promise.reject(new Error('there is no keychain here')),
};

async function makeHome(given: string | undefined): Promise<string> {
  const home = given ?? process.env.BARNRAISER_HOME ?? envPaths('barnraiser', { suffix: '' }).data;
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
    await access(home, constants.W_OK);
    return home;
  } catch (error) {
    throw fail(
      'settings.unwritable',
      `The data folder ${home} cannot be made or written to.`,
      'Give its place to your user, or name another in BARNRAISER_HOME.',
      error instanceof Error ? error.message : String(error),
      error,
    );
  }
}

/** The contract's calls, each tied to what its handler gets. */
const inputs: { readonly [N in CallName]: { readonly input: z.ZodType<CallRequest<N>> } } = calls;

async function answer<N extends CallName>(
  name: N,
  input: CallInput<N>,
  handler: Handlers[N],
): Promise<Result<CallOutput<N>>> {
  try {
    const parsed = inputs[name].input.safeParse(input);
    if (!parsed.success) {
      throw fail('input.invalid', z.prettifyError(parsed.error), 'Correct it and try again.');
    }
    return { ok: true, value: await handler(parsed.data) };
  } catch (error) {
    return { ok: false, problem: problemOf(error) };
  }
}
