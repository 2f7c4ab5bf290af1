/** The part of the app that reaches nodes. A build in a terminal creates it first, to connect while the rest of the app is loaded. */
import { access, constants } from 'node:fs/promises';
import type { FrontEnd } from '../shared/app-info.ts';
import { Failure, fail } from '../shared/problem.ts';
import { AllowedCommands } from './connections/credentials/allowed-commands.ts';
import { AcceptedHostKeys, authCallbacks } from './connections/credentials/auth-callbacks.ts';
import { CommandConsent } from './connections/credentials/command-consent.ts';
import { type AskPerson, CredentialCache } from './connections/credentials/credential-cache.ts';
import { CredentialStore, type Keychain } from './connections/credentials/credential-store.ts';
import { openTransport } from './connections/open-transport.ts';
import { ConnectionStore } from './connections/store.ts';
import { Events } from './events.ts';
import { FarmStore } from './farms/store.ts';
import { AnsweredNodes } from './nodes/answered-nodes.ts';
import { CircuitBreaker } from './nodes/circuit-breaker.ts';
import { ConnectionPool } from './nodes/connection-pool.ts';
import { Nodes } from './nodes/nodes.ts';
import { Questions } from './questions.ts';
import { dataFolder } from './system/data-folder.ts';
import { makeDataFolder } from './system/own-data-folder.ts';

export interface NodeAccessOptions {
  /** The data folder. Without it: `$BARNRAISER_HOME`, else the usual data folder of the platform. */
  readonly home?: string;
  readonly frontEnd: FrontEnd;
  /** An unused connection to a node is closed after this time, in milliseconds. Without it: after some minutes. */
  readonly idleMs?: number;
  /** The system's keychain, if the front end can use it. Without it no secret is saved. */
  readonly keychain?: Keychain;
}

export type NodeAccess = Awaited<ReturnType<typeof openNodeAccess>>;

/** Opens the data folder. @throws Failure `settings.unwritable` */
export async function openNodeAccess({ frontEnd, idleMs, keychain = noKeychain, ...options }: NodeAccessOptions) {
  const home = await openHome(options.home);
  const events = new Events();
  const questions = new Questions(events);
  const connections = new ConnectionStore(home);
  const farms = new FarmStore(home, connections);

  const credentialStore = new CredentialStore(home, keychain);
  const credentials = new CredentialCache(credentialStore);
  const commands = new CommandConsent(new AllowedCommands(home));
  const ask: AskPerson = (question, signal) => questions.ask(question, signal);
  const auth = authCallbacks(ask, credentials, new AcceptedHostKeys(), commands);

  const staysRunning = frontEnd !== 'terminal';
  const answered = new AnsweredNodes(home);
  const pool = new ConnectionPool((connection, signal) => openTransport(connection, { ...auth, signal }), {
    ...(idleMs === undefined ? {} : { idleMs }),
    isKnown: ({ uri }) => !staysRunning && answered.recall(uri) !== undefined,
  });
  const breaker = new CircuitBreaker({ folder: home, connections: () => connections.list() });
  const nodes = new Nodes(connections, farms, pool, events, {
    answered,
    breaker,
    isQuestionOpen: () => questions.list().length > 0,
    staysRunning,
  });
  return {
    ...{ home, events, questions, connections, farms, credentialStore, credentials, commands, ask, auth },
    ...{ pool, breaker, nodes },
  };
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
