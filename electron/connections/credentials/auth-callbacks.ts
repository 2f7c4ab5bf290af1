import type { Answer } from '../../../shared/question.ts';
import { knownHostsName } from '../../ssh/known-hosts/entries.ts';
import { KnownHosts, knownHostsFiles } from '../../ssh/known-hosts/known-hosts.ts';
import { rememberHostKey } from '../../ssh/known-hosts/remember-host-key.ts';
import { KeyedMutex } from '../../system/keyed-mutex.ts';
import { watchFiles } from '../../system/watch-files.ts';
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
      const lock = await accepted.mutex.acquire(id, signal);
      if (!lock) {
        return false;
      }
      // sessions that connect to the same host at once share one answer
      let answer: Answer | undefined = accepted.has(id) ? 'once' : lock.previous;
      try {
        const recordedAs = key.recordedAs;
        let isRecorded = lock.previous === 'trust';
        if (answer === undefined && !signal.aborted) {
          const { connection, hop, host, port, keyType, fingerprint, notes } = key;
          const question = { kind: 'host-key', connection, hop, host, port, keyType, fingerprint } as const;
          const isKnown = async (): Promise<boolean> =>
            (await KnownHosts.load(files)).check(recordedAs.host, recordedAs.port, key.key).kind === 'known';
          const known = await withdrawnWhen(isKnown, files, signal, (until) =>
            ask({ ...question, notes: [...notes] }, until),
          );
          isRecorded = known === 'withdrawn';
          answer = known === 'withdrawn' ? 'trust' : known;
        }
        if (answer === 'once') {
          accepted.add(id);
        }
        if (answer === 'trust' && !isRecorded) {
          await rememberHostKey(files[0], recordedAs.host, recordedAs.port, key.key, { hashName: key.hashName });
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

/**
 * Asks, and withdraws the question as soon as the condition holds after a change of one of the files: the same host key may be
 * trusted in another process, whose question is the same.
 */
async function withdrawnWhen(
  condition: () => Promise<boolean>,
  files: readonly string[],
  signal: AbortSignal,
  ask: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer | 'withdrawn'> {
  const withdrawal = new AbortController();
  const check = async (): Promise<void> => {
    // a file that cannot be read decides nothing
    if (await condition().catch(() => false)) {
      withdrawal.abort();
    }
  };
  const stop = watchFiles(files, () => void check());
  try {
    await check();
    const answer = withdrawal.signal.aborted ? 'refuse' : await ask(AbortSignal.any([signal, withdrawal.signal]));
    return withdrawal.signal.aborted && !signal.aborted ? 'withdrawn' : answer;
  } finally {
    stop();
  }
}
