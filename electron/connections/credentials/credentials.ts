import { fail } from '../../../shared/problem.ts';
import type { Answer, NewQuestion, Remembered } from '../../../shared/question.ts';
import type { AskSecret, Given, Wanted } from '../../ssh/authentication/credential.ts';
import { KeyedMutex, type Turn } from '../../system/keyed-mutex.ts';
import { SecretMemory } from './secret-memory.ts';
import type { SecretStore } from './secret-store.ts';

/** Asks a person. `refuse` where nobody answers. */
export type Ask = (question: NewQuestion, signal: AbortSignal) => Promise<Answer>;

/** What a secret is for; the same for all who need it. */
interface Subject {
  readonly kind: Remembered['kind'];
  readonly subject: string;
  /** Only until the app is closed. */
  readonly isPassing: boolean;
}

/**
 * Gives sign-ins the secrets that they need: what has worked before in this run of the app, else what is remembered, else what a
 * person says. Those who need the same at once wait for each other. What has worked is kept, what is wrong is forgotten.
 */
export class CredentialCache {
  readonly #store: SecretStore;
  readonly #memory = new SecretMemory();
  readonly #turns = new KeyedMutex<'refused'>();
  /** What is being saved. */
  readonly #saving = new Set<Promise<void>>();

  constructor(store: SecretStore) {
    this.#store = store;
  }

  asking(ask: Ask): AskSecret {
    return async (wanted, signal) => {
      const subject = subjectOf(wanted);
      if (!subject) {
        return givenOnce(await this.#askPerson(ask, wanted, signal));
      }
      const turn = await this.#turns.take(idOf(subject));
      try {
        return await this.#inTurn(turn, subject, ask, wanted, signal);
      } catch (error) {
        turn.end(undefined);
        throw error;
      }
    };
  }

  /** @throws Failure `settings.*` */
  async list(): Promise<Remembered[]> {
    await this.close();
    return this.#store.list();
  }

  /** @throws Failure `input.invalid` where it is not remembered, `settings.*` */
  async forget(id: string): Promise<void> {
    const gone = await this.#store.forget((each) => each.id === id);
    if (gone.length === 0) {
      throw fail('input.invalid', `No secret ${id} is remembered.`, 'It was forgotten before.');
    }
    for (const { kind, subject } of gone) {
      this.#memory.delete(idOf({ kind, subject }));
    }
  }

  /** Resolves when all is saved. */
  async close(): Promise<void> {
    await Promise.all(this.#saving);
  }

  async #inTurn(
    turn: Turn<'refused'>,
    subject: Subject,
    ask: Ask,
    wanted: Wanted,
    signal: AbortSignal,
  ): Promise<Given | undefined> {
    const kept = signal.aborted ? undefined : await this.#kept(subject);
    if (kept !== undefined) {
      return this.#given(turn, subject, { secret: kept, fromPerson: false, remember: false });
    }
    // a person who has just refused it is not asked for it again by those who waited for the answer
    const answer = signal.aborted || turn.before ? 'refuse' : await this.#askPerson(ask, wanted, signal);
    if (typeof answer === 'string') {
      turn.end(signal.aborted ? turn.before : 'refused');
      return undefined;
    }
    const { secrets, remember } = answer;
    return this.#given(turn, subject, { secret: secrets[0] ?? '', fromPerson: true, remember });
  }

  #given(
    turn: Turn<'refused'>,
    { kind, subject, isPassing }: Subject,
    { secret, fromPerson, remember }: { secret: string; fromPerson: boolean; remember: boolean },
  ): Given {
    const id = idOf({ kind, subject });
    let isRight = false;
    return {
      secrets: [secret],
      fromPerson,
      proved: async (right) => {
        isRight = right;
        if (right) {
          this.#memory.set(id, secret);
        } else {
          await this.#forgetWrong(kind, subject);
        }
        turn.end(undefined);
      },
      over: async (signedIn) => {
        turn.end(undefined);
        if (signedIn && isRight && remember && !isPassing) {
          this.#save(kind, subject, secret);
        }
      },
    };
  }

  #askPerson(ask: Ask, wanted: Wanted, signal: AbortSignal): Promise<Answer> {
    return ask(wanted.kind === 'prompts' ? wanted : { ...wanted, remember: this.#store.remember }, signal);
  }

  async #kept({ kind, subject, isPassing }: Subject): Promise<string | undefined> {
    const id = idOf({ kind, subject });
    const inMemory = this.#memory.get(id);
    if (inMemory !== undefined || isPassing) {
      return inMemory;
    }
    // a file that cannot be read must not keep anybody from signing in
    return this.#store.find(kind, subject).catch(() => undefined);
  }

  async #forgetWrong(kind: Remembered['kind'], subject: string): Promise<void> {
    this.#memory.delete(idOf({ kind, subject }));
    await this.#store.forget((each) => each.kind === kind && each.subject === subject).catch(() => undefined);
  }

  /** That it cannot be saved is no reason to give up a sign-in that has succeeded; the person is asked again the next time. */
  #save(kind: Remembered['kind'], subject: string, secret: string): void {
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

function subjectOf(wanted: Wanted): Subject | undefined {
  switch (wanted.kind) {
    case 'passphrase':
      return { kind: 'passphrase', subject: wanted.path, isPassing: false };
    case 'password':
      return { kind: 'password', subject: accountOf(wanted), isPassing: false };
    case 'prompts': {
      // a server that asks for the password, and for nothing else, is asking for the same as by the password method
      const [prompt, another] = wanted.prompts;
      const isPassword = prompt && !another && !prompt.echo && /\bpassword\s*:?$/i.test(prompt.text.trim());
      return isPassword ? { kind: 'password', subject: accountOf(wanted), isPassing: true } : undefined;
    }
  }
}

function accountOf({ user, host, port }: { user: string; host: string; port: number }): string {
  return `${user}@${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What is good for one time only: the code of a token, say. */
function givenOnce(answer: Answer): Given | undefined {
  if (typeof answer === 'string') {
    return undefined;
  }
  return { secrets: answer.secrets, fromPerson: true, proved: async () => undefined, over: async () => undefined };
}
