/** The handlers of all calls of the contract. */
import { join } from 'node:path';
import { z } from 'zod';
import type { FrontEnd } from '../shared/app-info.ts';
import { type CallInput, type CallName, type CallOutput, type CallRequest, calls } from '../shared/contract.ts';
import { fail, problemOf, type Result } from '../shared/problem.ts';
import type { RememberOption } from '../shared/question.ts';
import type { Builds } from './builds/builds.ts';
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
import { exportList } from './images/export-list.ts';
import type { ImageStore } from './images/image-store.ts';
import type { Nodes } from './nodes/nodes.ts';
import { listFolders } from './projects/folders.ts';
import { inspectProject } from './projects/project.ts';
import { writeSampleProject } from './projects/sample-project.ts';
import type { Questions } from './questions.ts';
import type { Pushes } from './registry/pushes.ts';
import type { SettingsStore } from './settings/settings-store.ts';
import { version } from './system/version.ts';

export interface Services {
  readonly home: string;
  readonly frontEnd: FrontEnd;
  readonly events: Events;
  readonly questions: Questions;
  readonly settings: SettingsStore;
  readonly connections: ConnectionStore;
  readonly farms: FarmStore;
  readonly credentials: CredentialCache;
  /** Whether credentials can be saved. */
  readonly remember: () => RememberOption;
  readonly commands: CommandConsent;
  readonly auth: AuthCallbacks;
  readonly nodes: Nodes;
  readonly checks: ConnectionChecks;
  readonly store: ImageStore;
  readonly builds: Builds;
  readonly pushes: Pushes;
  /** Aborts when the app is closed. */
  readonly closing: AbortSignal;
}

export type Handlers = { readonly [N in CallName]: (request: CallRequest<N>) => Promise<CallOutput<N>> };

export function createHandlers(services: Services): Handlers {
  const { home, frontEnd, closing, events, questions, settings, credentials, remember, commands, auth } = services;
  const { connections, farms, nodes, checks, store, builds, pushes } = services;

  const listFarms = async (): Promise<CallOutput<'farms.list'>> => {
    const { farms: all, default: defaultFarm } = await farms.list();
    return { farms: [...all], ...(defaultFarm ? { default: defaultFarm } : {}) };
  };
  const emitFarms = async (): Promise<void> =>
    events.emit({ event: 'farms.changed', connections: [...(await connections.list())], ...(await listFarms()) });
  /** Emits all connections and farms after a change of them. */
  const thenEmitFarms = async <T>(change: Promise<T>): Promise<T> => {
    const result = await change;
    await emitFarms();
    return result;
  };

  const handlers: Handlers = {
    'connections.list': async () => [...(await connections.list())],
    'connections.add': (connection) => thenEmitFarms(connections.add(connection)),
    'connections.update': async ({ name, ...change }) => {
      const changed = await connections.update(name, change);
      await checks.cancel(name);
      if (changed.name !== name) {
        await farms.renameConnection(name, changed.name);
      }
      await nodes.forget(name);
      await emitFarms();
      return changed;
    },
    'connections.remove': async ({ name }) => {
      await connections.remove(name);
      await checks.cancel(name);
      await farms.removeConnection(name);
      await nodes.forget(name);
      await emitFarms();
      return {};
    },
    'connections.discover': async (request) => {
      const [all, known] = await Promise.all([farms.list(), connections.list()]);
      return discover(request, { connections: known, farms: all.farms.map(({ name }) => name) });
    },
    'connections.import': (request) => thenEmitFarms(importAll(connections, farms, request)),
    'connections.export': async () => {
      const [known, all] = await Promise.all([connections.list(), farms.list()]);
      return { text: writeExportFile(known, all), connections: known.length, farms: all.farms.length };
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
      return applyFix(await connections.get(name), fix, { ...auth, signal: closing, changeUri });
    },
    'connections.resolve': (request) => resolveConnection(request),

    'farms.list': listFarms,
    'farms.create': ({ name, connections: members, makeDefault }) =>
      thenEmitFarms(farms.create(name, members, makeDefault)),
    'farms.update': ({ name, rename = name, ...change }) => thenEmitFarms(farms.update(name, { rename, ...change })),
    'farms.remove': async ({ name }) => {
      await thenEmitFarms(farms.remove(name));
      return {};
    },

    'nodes.probe': (selection) => nodes.probe(selection),
    'nodes.list': async () => nodes.statuses(),
    'nodes.prune': (selection) => nodes.prune(selection),

    'projects.inspect': (request) => inspectProject(request),
    'projects.sample': async ({ folder }) => ({ context: await writeSampleProject(folder ?? join(home, 'sample')) }),
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
      const manifest: unknown = JSON.parse((await store.readManifest(list.digest)).bytes.toString('utf8'));
      return { list, manifest };
    },
    'images.remove': async ({ reference }) => store.remove(reference),
    'images.export': ({ reference, destination }) => exportList(store, reference, destination, { signal: closing }),

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
    'app.info': async () => ({ version, home, frontEnd, system: process.platform, remember: remember() }),

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

/**
 * Validates the input of a call and passes it to its handler. Never rejects: a failure is the problem of the result.
 */
export async function handleCall<N extends CallName>(
  name: N,
  input: CallInput<N>,
  handler: Handlers[N],
): Promise<Result<CallOutput<N>>> {
  try {
    const parsed = inputs[name].input.safeParse(input);
    if (!parsed.success) {
      throw fail('input.invalid', z.prettifyError(parsed.error), 'Correct the input and try again.');
    }
    return { ok: true, value: await handler(parsed.data) };
  } catch (error) {
    return { ok: false, problem: problemOf(error) };
  }
}
