import type { RegistryLogin } from '../../shared/registry.ts';
import type { CredentialStore } from '../connections/credentials/credential-store.ts';
import { SessionSecrets } from '../connections/credentials/session-secrets.ts';
import { textOf } from '../system/lenient-json.ts';
import type { Credentials } from './credential-source.ts';

/** The user of an identity token, as credential helpers write it. */
const tokenUser = '<token>';

/** The part of a login that is secret, with its user. */
export type LoginSecret =
  | { readonly username: string; readonly password: string }
  | { readonly identityToken: string; readonly username?: string };

/**
 * The logins that Barnraiser keeps: encrypted by the system's keychain, or where there is none, in the memory of an app that runs
 * until it is closed.
 */
export class SavedLogins {
  readonly #store: CredentialStore;
  readonly #runsOn: boolean;
  readonly #memory = new SessionSecrets();
  /** The logins in memory: registry or path → user. */
  readonly #remembered = new Map<string, string>();

  /** @param runsOn whether the process goes on after a login, so that it can keep one in memory */
  constructor(store: CredentialStore, { runsOn }: { readonly runsOn: boolean }) {
    this.#store = store;
    this.#runsOn = runsOn;
  }

  /** Whether a login can be kept: `encrypted` by the keychain, or in `memory`. */
  get keeps(): 'encrypted' | 'memory' | undefined {
    return this.#store.remember.possible ? 'encrypted' : this.#runsOn ? 'memory' : undefined;
  }

  /** Why logins cannot be kept encrypted. */
  get refusal(): string | undefined {
    const { remember } = this.#store;
    return remember.possible ? undefined : remember.reason;
  }

  /** The first login for one of these names. @throws Failure `settings.*` */
  async find(names: readonly string[]): Promise<Credentials | undefined> {
    const all = await this.list();
    for (const name of names) {
      const login = all.find((each) => each.name === name && each.unusable === undefined);
      const credentials = login && (await this.#read(login));
      if (credentials) {
        return credentials;
      }
    }
    return undefined;
  }

  /** @throws Failure `settings.*` */
  async list(): Promise<RegistryLogin[]> {
    const saved = (await this.#store.list()).filter(({ kind }) => kind === 'registry');
    const inMemory = [...this.#remembered].map(([name, user]) => this.#describe(`${user}@${name}`, 'memory'));
    const encrypted = saved
      .map(({ subject }) => this.#describe(subject, 'encrypted'))
      .filter(({ name }) => !this.#remembered.has(name));
    return [...inMemory, ...encrypted].sort((one, other) => one.name.localeCompare(other.name));
  }

  /** Replaces the login for a name. @throws Failure `secrets.unavailable`, `settings.*` */
  async save(name: string, secret: LoginSecret): Promise<void> {
    const user = userOf(secret);
    const text = JSON.stringify(secret);
    if (this.keeps === 'memory') {
      this.#memory.set(name, text);
      this.#remembered.set(name, user);
      return;
    }
    const subject = `${user}@${name}`;
    await this.#store.save('registry', subject, text);
    await this.#store.forget((other) => isLoginOf(name, other) && other.subject !== subject);
  }

  /** @returns whether there was one. @throws Failure `settings.*` */
  async remove(name: string): Promise<boolean> {
    this.#memory.delete(name);
    const wasRemembered = this.#remembered.delete(name);
    const forgotten = await this.#store.forget((other) => isLoginOf(name, other));
    return wasRemembered || forgotten.length > 0;
  }

  #describe(subject: string, kept: 'encrypted' | 'memory'): RegistryLogin {
    const at = subject.lastIndexOf('@');
    const user = subject.slice(0, at);
    const { refusal } = this;
    return {
      name: subject.slice(at + 1),
      ...(user === tokenUser ? {} : { username: user }),
      store: 'barnraiser',
      keptIn: kept === 'memory' ? 'the memory of the open app' : "the system's keychain",
      ...(kept === 'encrypted' && refusal !== undefined ? { unusable: refusal } : {}),
    };
  }

  async #read({ name, username = tokenUser }: RegistryLogin): Promise<Credentials | undefined> {
    const text = this.#memory.get(name) ?? (await this.#store.find('registry', `${username}@${name}`));
    if (text === undefined) {
      return undefined;
    }
    const saved: unknown = JSON.parse(text);
    const source = 'saved in Barnraiser';
    const identityToken = textOf(saved, 'identityToken');
    if (identityToken !== undefined) {
      return { identityToken, source };
    }
    return { username: textOf(saved, 'username') ?? '', password: textOf(saved, 'password') ?? '', source };
  }
}

export function userOf(secret: LoginSecret): string {
  return 'identityToken' in secret ? tokenUser : secret.username;
}

function isLoginOf(name: string, { kind, subject }: { readonly kind: string; readonly subject: string }): boolean {
  return kind === 'registry' && subject.slice(subject.lastIndexOf('@') + 1) === name;
}
