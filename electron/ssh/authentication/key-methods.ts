import type { AnyAuthMethod } from 'ssh2';
import { fail } from '../../../shared/problem.ts';
import { keyTypeOf } from '../known-hosts.ts';
import type { Agent, AgentKey } from './agent.ts';
import type { Identity, LockedIdentity } from './identity.ts';
import type { AuthMethod } from './method.ts';
import type { PrivateKey } from './private-key.ts';
import type { Asking } from './prompter.ts';
import { OneKey, type Signer } from './single-key-agent.ts';

export interface KeyWaysOptions {
  /** Who is signed in to, for questions. */
  readonly name: string;
  readonly user: string;
  readonly agent: Agent | undefined;
  /** Undefined where nobody can be asked for a passphrase. */
  readonly asking: Asking | undefined;
}

/** Gathers the keys to offer, in their order. */
export class KeyWays {
  readonly ways: AuthMethod[] = [];
  readonly #options: KeyWaysOptions;

  constructor(options: KeyWaysOptions) {
    this.#options = options;
  }

  /**
   * A key file that is named: by the agent where that has it (`copy`), else the file itself.
   * @throws Failure `ssh.identity` where neither can sign
   */
  offerNamed(identity: Identity, copy: AgentKey | undefined): void {
    const byAgent = copy && this.#offer(`the agent's key for ${identity.path}`, this.#signerOf(copy));
    switch (identity.kind) {
      case 'open':
        // an agent may refuse to sign: then the file does
        this.#offer(`the key file ${identity.path}`, async () =>
          byAgent && !byAgent.hasFailed ? undefined : signerOf(identity.key),
        );
        return;
      case 'locked':
        if (copy) {
          return;
        }
        if (!this.#options.asking) {
          throw isLocked(identity.path);
        }
        this.#offerLocked(identity, this.#options.asking);
        return;
      case 'public':
        if (!copy) {
          throw isElsewhere(identity.path, keyTypeOf(identity.publicKey));
        }
    }
  }

  /** A key file that nothing names; where it cannot be used, it is none. */
  offerDefault(identity: Identity): void {
    const { asking } = this.#options;
    if (identity.kind === 'open') {
      this.#offer(`the key file ${identity.path}`, async () => signerOf(identity.key));
    } else if (identity.kind === 'locked' && asking) {
      this.#offerLocked(identity, asking);
    }
  }

  /** Keys of the agent that nothing names. */
  offerOthers(keys: readonly AgentKey[]): void {
    for (const key of keys) {
      this.#offer('a key of the agent', this.#signerOf(key), true);
    }
  }

  #offer(says: string, find: FindSigner, isOther = false): KeyWay {
    const way = new KeyWay(this.#options.user, says, find, isOther);
    this.ways.push(way);
    return way;
  }

  #signerOf(key: AgentKey): FindSigner {
    const { agent } = this.#options;
    return async () => agent && { ...key, sign: (data, hash) => agent.sign(key, data, hash) };
  }

  /** Where the public half is known, the server is asked whether it wants the key at all, and only then the person. */
  #offerLocked(identity: LockedIdentity, asking: Asking): void {
    const { path, publicKey } = identity;
    const unlock = () => unlocked(identity, this.#options.name, asking);
    this.#offer(`the key file ${path}`, async () => {
      if (!publicKey) {
        const key = await unlock();
        return key && signerOf(key);
      }
      const sign = async (data: Buffer, hash?: string) => {
        const key = await unlock();
        if (!key?.publicKey.equals(publicKey)) {
          throw new Error(key ? `${path}.pub belongs to another key.` : `${path} was not unlocked.`);
        }
        return key.sign(data, hash);
      };
      return { type: keyTypeOf(publicKey), publicKey, sign };
    });
  }
}

type FindSigner = () => Promise<Signer | undefined>;

/** A key that is offered once. */
class KeyWay implements AuthMethod {
  readonly says: string;
  readonly method = 'publickey';
  readonly isOther: boolean;
  readonly #user: string;
  #find: FindSigner | undefined;
  #key: OneKey | undefined;

  constructor(user: string, says: string, find: FindSigner, isOther: boolean) {
    this.#user = user;
    this.says = says;
    this.#find = find;
    this.isOther = isOther;
  }

  get hasSigned(): boolean {
    return this.#key?.hasSigned ?? false;
  }

  /** The server wanted it, and it could not sign. */
  get hasFailed(): boolean {
    return this.#key?.hasFailed ?? false;
  }

  async attempt(): Promise<AnyAuthMethod | undefined> {
    const signer = await this.#find?.();
    this.#find = undefined;
    if (!signer) {
      return undefined;
    }
    this.#key = new OneKey(signer);
    return { type: 'agent', username: this.#user, agent: this.#key };
  }

  async answered(): Promise<void> {
    this.letGo();
  }

  letGo(): void {
    this.#find = undefined;
    this.#key?.letGo();
  }
}

function signerOf(key: PrivateKey): Signer {
  return { type: key.type, publicKey: key.publicKey, sign: async (data, hash) => key.sign(data, hash) };
}

/** Asks for the passphrase until one fits. Undefined where none did. */
async function unlocked(identity: LockedIdentity, name: string, asking: Asking): Promise<PrivateKey | undefined> {
  const { path } = identity;
  let wasWrong = false;
  for (let tries = 0; tries < asking.tries; ) {
    const given = await asking.ask({ kind: 'passphrase', connection: name, path, wasWrong });
    const key = await identity.unlock(given.secrets[0] ?? '');
    await asking.prove(given, key !== undefined);
    if (key) {
      return key;
    }
    wasWrong = true;
    tries += given.fromPerson ? 1 : 0;
  }
  asking.complaints.push(`No passphrase that was given fits the key file ${path}.`);
  return undefined;
}

function isLocked(path: string) {
  return fail(
    'ssh.identity',
    `The identity file ${path} is encrypted, and no agent holds its key.`,
    `Add it to your agent with \`ssh-add ${path}\`.`,
  );
}

function isElsewhere(path: string, keyType: string) {
  return keyType.startsWith('sk-')
    ? fail(
        'ssh.identity',
        `The identity file ${path} belongs to a security key, and no agent holds it.`,
        `Plug the security key in and add it to your agent with \`ssh-add ${path}\`.`,
      )
    : fail(
        'ssh.identity',
        `The identity file ${path} is a public key, and no agent holds its private half.`,
        'Name the private key file instead, or add the key to your agent with `ssh-add`.',
      );
}
