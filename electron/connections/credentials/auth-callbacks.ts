import type { Answer } from '../../../shared/question.ts';
import { knownHostsName } from '../../ssh/known-hosts/entries.ts';
import { KnownHosts, knownHostsFiles } from '../../ssh/known-hosts/known-hosts.ts';
import { rememberHostKey } from '../../ssh/known-hosts/remember-host-key.ts';
import { KeyedMutex } from '../../system/keyed-mutex.ts';
import type { AuthCallbacks } from '../open-session.ts';
import type { CommandConsent } from './command-consent.ts';
import type { AskPerson, CredentialCache } from './credential-cache.ts';

/** The host keys that are trusted until the app is closed. */
export class AcceptedHostKeys {
  readonly #ids = new Set<string>();
  readonly mutex = new KeyedMutex<Answer>();

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string): void {
    this.#ids.add(id);
  }
}

/**
 * The callbacks for sessions that can ask a person. Host keys are verified against OpenSSH's files; a person decides on
 * an unknown one, and it is saved if they trust it permanently. Credentials come from `credentials`, consent to
 * commands from `commands`.
 * @param accepted one instance for the whole app.
 */
export function authCallbacks(
  ask: AskPerson,
  credentials: CredentialCache,
  accepted: AcceptedHostKeys,
  commands: CommandConsent,
): AuthCallbacks {
  const files = knownHostsFiles();
  return {
    // the files are read again each time, because a person may have edited them
    loadKnownHosts: (moreFiles) => KnownHosts.load([...new Set([...files, ...moreFiles])]),
    decideHostKey: async (key, signal) => {
      const id = `${knownHostsName(key.recordedAs.host, key.recordedAs.port)} ${key.key.toString('base64')}`;
      const lock = await accepted.mutex.acquire(id);
      // sessions that connect to the same host at once share one answer
      let answer: Answer | undefined = accepted.has(id) ? 'once' : lock.previous;
      try {
        if (answer === undefined && !signal.aborted) {
          const { connection, hop, host, port, keyType, fingerprint, notes } = key;
          const question = { kind: 'host-key', connection, hop, host, port, keyType, fingerprint } as const;
          answer = await ask({ ...question, notes: [...notes] }, signal);
        }
        if (answer === 'once') {
          accepted.add(id);
        }
        if (answer === 'trust' && lock.previous !== 'trust') {
          const { host, port } = key.recordedAs;
          await rememberHostKey(files[0], host, port, key.key, { hashName: key.hashName });
        }
      } catch (error) {
        answer = undefined;
        throw error;
      } finally {
        // a cancelled session refuses only for itself
        lock.release(signal.aborted && answer === 'refuse' ? undefined : answer);
      }
      return answer === 'trust' || answer === 'once';
    },
    allowCommand: commands.allowCommandCallback(ask),
    askSecret: credentials.credentialProvider(ask),
  };
}
