import type { Answer } from '../../../shared/question.ts';
import type { NewHostKey } from '../../ssh/connect.ts';
import { hostLookup, KnownHosts, knownHostsFiles, rememberHostKey } from '../../ssh/known-hosts.ts';
import { KeyedMutex } from '../../system/keyed-mutex.ts';
import type { AuthCallbacks } from '../open-session.ts';
import type { CommandConsent } from './command-consent.ts';
import type { Ask, CredentialCache } from './credentials.ts';

/** The host keys that a person trusts until the app is closed. */
export class SessionHostKeys {
  readonly #keys = new Set<string>();
  readonly turns = new KeyedMutex<Answer>();

  has(id: string): boolean {
    return this.#keys.has(id);
  }

  add(id: string): void {
    this.#keys.add(id);
  }
}

/**
 * Host keys are judged by OpenSSH's files; a key that nobody has trusted yet is asked about, and saved where a person trusts it.
 * Secrets are those that are kept, and commands those that are allowed, else a person is asked for them.
 * @param passing is shared by all who trust in this run of the app.
 */
export function authCallbacks(
  ask: Ask,
  secrets: CredentialCache,
  passing: SessionHostKeys,
  commands: CommandConsent,
): AuthCallbacks {
  const files = knownHostsFiles();
  const decide = async (key: NewHostKey, signal: AbortSignal): Promise<Answer> => {
    const { name: connection, host, port, keyType, fingerprint, notes } = key;
    return ask({ kind: 'host-key', connection, host, port, keyType, fingerprint, notes: [...notes] }, signal);
  };
  return {
    // read anew each time: a person may have mended a file meanwhile
    loadKnownHosts: (more) => KnownHosts.load([...new Set([...files, ...more])]),
    decideHostKey: async (key, signal) => {
      const id = `${hostLookup(key.recordedAs.host, key.recordedAs.port)} ${key.key.toString('base64')}`;
      const turn = await passing.turns.take(id);
      // those who come to the same host at once are answered by the one answer
      let answer: Answer | undefined = passing.has(id) ? 'once' : turn.before;
      try {
        answer ??= signal.aborted ? undefined : await decide(key, signal);
        if (answer === 'once') {
          passing.add(id);
        }
        if (answer === 'trust' && turn.before !== 'trust') {
          const { host, port } = key.recordedAs;
          await rememberHostKey(files[0], host, port, key.key, { hashed: key.hashed });
        }
      } catch (error) {
        answer = undefined;
        throw error;
      } finally {
        // one who has left has not answered for the others
        turn.end(signal.aborted && answer === 'refuse' ? undefined : answer);
      }
      return answer === 'trust' || answer === 'once';
    },
    allowCommand: commands.asking(ask),
    askSecret: secrets.asking(ask),
  };
}
