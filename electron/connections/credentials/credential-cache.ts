/** Credentials: the secrets that sign in to nodes, kept for this run or saved, and the commands that a person has allowed. */

import { fail } from '../../../shared/problem.ts';
import type { Answer, NewQuestion, RememberedSecret } from '../../../shared/question.ts';
import type { AnySecretRequest, AskSecret, SecretAnswer } from '../../ssh/authentication/secret-request.ts';
import { KeyedMutex, type KeyLock } from '../../system/keyed-mutex.ts';
import type { CredentialStore } from './credential-store.ts';
import { SessionSecrets } from './session-secrets.ts';

/** Asks a person. Resolves with `refuse` if there is no answer. */
export type AskPerson = (question: NewQuestion, signal: AbortSignal) => Promise<Answer>;

/** What a secret unlocks: the same for all sign-ins that need the same secret. */
interface Subject {
  readonly kind: RememberedSecret['kind'];
  readonly subject: string;
  /** Whether the secret is never saved, only kept until the app is closed. */
  readonly isSessionOnly: boolean;
}

/**
 * Provides the secrets that sign-ins need: one that has worked since the app was started, else a saved one, else a
 * person is asked. Sign-ins that need the same secret at the same time wait for each other. A secret that works is
 * kept, a wrong one is removed.
 */
export class CredentialCache {
  readonly #store: CredentialStore;
  readonly #sessionSecrets = new SessionSecrets();
  readonly #mutex = new KeyedMutex<'refused'>();
  /** The saves that are under way. */
  readonly #saving = new Set<Promise<void>>();

  constructor(store: CredentialStore) {
    this.#store = store;
  }

  credentialProvider(ask: AskPerson): AskSecret<AnySecretRequest> {
    return async (request, signal) => {
      const subject = subjectOf(request);
      if (!subject) {
        return singleUseAnswer(await this.#askPerson(ask, request, signal));
      }
      const lock = await this.#mutex.acquire(idOf(subject), signal);
      if (!lock) {
        return undefined;
      }
      try {
        return await this.#provide(lock, subject, ask, request, signal);
      } catch (error) {
        lock.release(undefined);
        throw error;
      }
    };
  }

  /** @throws Failure `settings.*` */
  async list(): Promise<RememberedSecret[]> {
    await this.close();
    return this.#store.list();
  }

  /** @throws Failure `input.invalid` if the secret is not saved, `settings.*` */
  async forget(id: string): Promise<void> {
    const removed = await this.#store.forget((secret) => secret.id === id);
    if (removed.length === 0) {
      throw fail('input.invalid', `There is no saved secret with the id ${id}.`, 'It may have been removed already.');
    }
    for (const { kind, subject } of removed) {
      this.#sessionSecrets.delete(idOf({ kind, subject }));
    }
  }

  /** Resolves when everything is saved. */
  async close(): Promise<void> {
    await Promise.all(this.#saving);
  }

  async #provide(
    lock: KeyLock<'refused'>,
    subject: Subject,
    ask: AskPerson,
    request: AnySecretRequest,
    signal: AbortSignal,
  ): Promise<SecretAnswer | undefined> {
    const known = signal.aborted ? undefined : await this.#find(subject);
    if (known !== undefined) {
      return this.#answer(lock, subject, { secret: known, isFromPerson: false, remember: false });
    }
    // if a person has just refused, the sign-ins that waited for the answer do not ask again
    const answer = signal.aborted || lock.previous ? 'refuse' : await this.#askPerson(ask, request, signal);
    if (typeof answer === 'string') {
      lock.release(signal.aborted ? lock.previous : 'refused');
      return undefined;
    }
    const { secrets, remember } = answer;
    return this.#answer(lock, subject, { secret: secrets[0] ?? '', isFromPerson: true, remember });
  }

  #answer(
    lock: KeyLock<'refused'>,
    { kind, subject, isSessionOnly }: Subject,
    { secret, isFromPerson, remember }: { secret: string; isFromPerson: boolean; remember: boolean },
  ): SecretAnswer {
    const id = idOf({ kind, subject });
    let isRight = false;
    return {
      secrets: [secret],
      isFromPerson,
      reportResult: async (right) => {
        isRight = right;
        if (right) {
          this.#sessionSecrets.set(id, secret);
        } else {
          await this.#removeWrong(kind, subject);
        }
        lock.release(undefined);
      },
      finish: async (signedIn) => {
        lock.release(undefined);
        if (signedIn && isRight && remember && !isSessionOnly) {
          this.#save(kind, subject, secret);
        }
      },
    };
  }

  #askPerson(ask: AskPerson, request: AnySecretRequest, signal: AbortSignal): Promise<Answer> {
    return ask(
      request.kind === 'prompts' || request.kind === 'secret'
        ? request
        : { ...request, remember: this.#store.remember },
      signal,
    );
  }

  async #find({ kind, subject, isSessionOnly }: Subject): Promise<string | undefined> {
    const secret = this.#sessionSecrets.get(idOf({ kind, subject }));
    if (secret !== undefined || isSessionOnly) {
      return secret;
    }
    // an unreadable file must not prevent a sign-in: a person is asked instead
    return this.#store.find(kind, subject).catch(() => undefined);
  }

  async #removeWrong(kind: RememberedSecret['kind'], subject: string): Promise<void> {
    this.#sessionSecrets.delete(idOf({ kind, subject }));
    await this.#store.forget((secret) => secret.kind === kind && secret.subject === subject).catch(() => undefined);
  }

  /** Saves in the background. A failure does not affect the sign-in; a person is asked again the next time. */
  #save(kind: RememberedSecret['kind'], subject: string, secret: string): void {
    const saving: Promise<void> = this.#store
      .save(kind, subject, secret)
      .catch(() => undefined)
      .finally(() => this.#saving.delete(saving));
    this.#saving.add(saving);
  }
}

function idOf({ kind, subject }: Pick<Subject, 'kind' | 'subject'>): string {
  return `${kind} ${subject}`;
}

/** Undefined for a request whose answer is valid only once. */
function subjectOf(request: AnySecretRequest): Subject | undefined {
  switch (request.kind) {
    case 'passphrase':
      return { kind: 'passphrase', subject: request.path, isSessionOnly: false };
    case 'password':
      return { kind: 'password', subject: accountOf(request), isSessionOnly: false };
    case 'secret':
      return undefined;
    case 'prompts': {
      // a single prompt for the password asks for the same secret as the password method
      const [prompt, another] = request.prompts;
      const isPassword = prompt && !another && !prompt.echo && /\bpassword\s*:?$/i.test(prompt.text.trim());
      return isPassword ? { kind: 'password', subject: accountOf(request), isSessionOnly: true } : undefined;
    }
  }
}

function accountOf({ user, host, port }: { user: string; host: string; port: number }): string {
  return `${user}@${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** An answer that is valid only once, such as the code of a token. It is not kept. */
function singleUseAnswer(answer: Answer): SecretAnswer | undefined {
  if (typeof answer === 'string') {
    return undefined;
  }
  return {
    secrets: answer.secrets,
    isFromPerson: true,
    reportResult: async () => undefined,
    finish: async () => undefined,
  };
}
