import type { AnyAuthMethod } from 'ssh2';
import { fail } from '../../../shared/problem.ts';
import { keyTypeOf } from '../public-key.ts';
import type { Agent, AgentKey } from './agent.ts';
import type { AuthMethod } from './auth-method.ts';
import type { Identity, LockedIdentity } from './identity.ts';
import type { PrivateKey } from './private-key.ts';
import type { SecretPrompter } from './secret-prompter.ts';
import { type Signer, SingleKeyAgent } from './single-key-agent.ts';

export interface KeyMethodsOptions {
  /** The connection's name, for questions. */
  readonly name: string;
  readonly user: string;
  readonly agent: Agent | undefined;
  /** Undefined if no person can be asked for a passphrase. */
  readonly prompter: SecretPrompter | undefined;
}

/** Collects the keys to offer, in their order. */
export class KeyMethods {
  readonly methods: AuthMethod[] = [];
  readonly #options: KeyMethodsOptions;

  constructor(options: KeyMethodsOptions) {
    this.#options = options;
  }

  /**
   * Offers a key file that the connection or the configuration names.
   * @param agentKey the same key in the agent, which is preferred to the file.
   * @throws Failure `ssh.identity` where neither can sign
   */
  offerNamed(identity: Identity, agentKey: AgentKey | undefined): void {
    const byAgent = agentKey && this.#offer(`the agent's key for ${identity.path}`, this.#signerOf(agentKey));
    switch (identity.kind) {
      case 'unlocked':
        // the file is used where the agent refuses to sign
        this.#offer(`the key file ${identity.path}`, async () =>
          byAgent && !byAgent.hasFailed ? undefined : toSigner(identity.key),
        );
        return;
      case 'locked':
        if (agentKey) {
          return;
        }
        if (!this.#options.prompter) {
          throw lockedKey(identity.path);
        }
        this.#offerLocked(identity, this.#options.prompter);
        return;
      case 'public':
        if (!agentKey) {
          throw privateKeyMissing(identity.path, keyTypeOf(identity.publicKey));
        }
    }
  }

  /** Offers one of OpenSSH's default key files, unless it cannot be used. */
  offerDefault(identity: Identity): void {
    const { prompter } = this.#options;
    if (identity.kind === 'unlocked') {
      this.#offer(`the key file ${identity.path}`, async () => toSigner(identity.key));
    } else if (identity.kind === 'locked' && prompter) {
      this.#offerLocked(identity, prompter);
    }
  }

  /** Offers keys of the agent that neither the connection nor the configuration names. */
  offerUnnamed(keys: readonly AgentKey[]): void {
    for (const key of keys) {
      this.#offer('a key from the agent', this.#signerOf(key), true);
    }
  }

  #offer(label: string, loadSigner: LoadSigner, isUnnamedAgentKey = false): KeyMethod {
    const method = new KeyMethod(this.#options.user, label, loadSigner, isUnnamedAgentKey);
    this.methods.push(method);
    return method;
  }

  #signerOf(key: AgentKey): LoadSigner {
    const { agent } = this.#options;
    return async () => agent && { ...key, sign: (data, hash) => agent.sign(key, data, hash) };
  }

  /**
   * Where the public half is known, the person is asked for the passphrase only once the server has accepted the key.
   */
  #offerLocked(identity: LockedIdentity, prompter: SecretPrompter): void {
    const { path, publicKey } = identity;
    const unlock = () => unlockByPassphrase(identity, this.#options.name, prompter);
    this.#offer(`the key file ${path}`, async () => {
      if (!publicKey) {
        const key = await unlock();
        return key && toSigner(key);
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

type LoadSigner = () => Promise<Signer | undefined>;

/** Offers a key once. */
class KeyMethod implements AuthMethod {
  readonly label: string;
  readonly name = 'publickey';
  readonly isUnnamedAgentKey: boolean;
  readonly #user: string;
  #loadSigner: LoadSigner | undefined;
  #agent: SingleKeyAgent | undefined;

  constructor(user: string, label: string, loadSigner: LoadSigner, isUnnamedAgentKey: boolean) {
    this.#user = user;
    this.label = label;
    this.#loadSigner = loadSigner;
    this.isUnnamedAgentKey = isUnnamedAgentKey;
  }

  get hasSigned(): boolean {
    return this.#agent?.hasSigned ?? false;
  }

  /** The server accepted the key, but it could not sign. */
  get hasFailed(): boolean {
    return this.#agent?.hasFailed ?? false;
  }

  async nextAttempt(): Promise<AnyAuthMethod | undefined> {
    const signer = await this.#loadSigner?.();
    this.#loadSigner = undefined;
    if (!signer) {
      return undefined;
    }
    this.#agent = new SingleKeyAgent(signer);
    return { type: 'agent', username: this.#user, agent: this.#agent };
  }

  async onRefused(): Promise<void> {
    this.release();
  }

  release(): void {
    this.#loadSigner = undefined;
    this.#agent?.release();
  }
}

function toSigner(key: PrivateKey): Signer {
  return { type: key.type, publicKey: key.publicKey, sign: async (data, hash) => key.sign(data, hash) };
}

/** Asks for the passphrase until one is correct. Undefined where none is. */
async function unlockByPassphrase(
  identity: LockedIdentity,
  name: string,
  prompter: SecretPrompter,
): Promise<PrivateKey | undefined> {
  const { path } = identity;
  let wasWrong = false;
  for (let tries = 0; tries < prompter.maxTries; ) {
    const answer = await prompter.ask({ kind: 'passphrase', connection: name, path, wasWrong });
    const key = await identity.unlock(answer.secrets[0] ?? '');
    await prompter.reportResult(answer, key !== undefined);
    if (key) {
      return key;
    }
    wasWrong = true;
    tries += answer.isFromPerson ? 1 : 0;
  }
  prompter.problems.push(`None of the passphrases unlocks the key file ${path}.`);
  return undefined;
}

function lockedKey(path: string) {
  return fail(
    'ssh.identity',
    `The identity file ${path} is encrypted, and no agent holds its key.`,
    `Add it to your agent with \`ssh-add ${path}\`.`,
  );
}

function privateKeyMissing(path: string, keyType: string) {
  return keyType.startsWith('sk-')
    ? fail(
        'ssh.identity',
        `The identity file ${path} belongs to a security key, and no agent holds it.`,
        `Plug in the security key and add it to your agent with \`ssh-add ${path}\`.`,
      )
    : fail(
        'ssh.identity',
        `The identity file ${path} is a public key, and no agent holds its private half.`,
        'Choose the private key file instead, or add the key to your agent with `ssh-add`.',
      );
}
