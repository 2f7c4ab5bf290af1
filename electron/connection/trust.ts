import type { Connection } from '../../shared/connection.ts';
import type { Answer } from '../../shared/contract.ts';
import type { Transport } from '../engine/transport.ts';
import type { NewHostKey } from '../ssh/connect.ts';
import { KnownHosts, knownHostsFiles, rememberHostKey } from '../ssh/known-hosts.ts';
import { openTransport } from './open.ts';

/** Asks a person about the key of a host that no file knows. */
export type AskHostKey = (connection: string, key: NewHostKey) => Promise<Answer>;

/**
 * Opens the way to a connection's engine. A key that nobody has trusted yet is asked about, and saved where a person
 * trusts it from now on.
 * @throws Failure `connection.uri`, `ssh.*`, `engine.*`, and the signal's reason
 */
export async function openTrusted(connection: Connection, ask: AskHostKey, signal?: AbortSignal): Promise<Transport> {
  const files = knownHostsFiles();
  return openTransport(connection, {
    ...(signal ? { signal } : {}),
    // read anew each time: a person may have mended a file meanwhile
    loadKnownHosts: (more) => KnownHosts.load([...new Set([...files, ...more])]),
    decideHostKey: async (key) => {
      const answer = await ask(key.name, key);
      const [own] = files;
      if (answer === 'trust' && own) {
        await rememberHostKey(own, key.recordedAs.host, key.recordedAs.port, key.key);
      }
      return answer !== 'refuse';
    },
  });
}
