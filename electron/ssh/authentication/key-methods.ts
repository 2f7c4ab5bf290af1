import type { AnyAuthMethod } from 'ssh2';
import { fail } from '../../../shared/problem.ts';
import { keyTypeOf } from '../public-key.ts';
import type { Agent, AgentKey } from './agent.ts';
import type { AuthMethod } from './auth-method.ts';
import { type Certificate, uselessCertificate, wrongPrincipal } from './certificate.ts';
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
  /** Ends the wait for an agent's signature. */
  readonly signal?: AbortSignal | undefined;
}

/** Collects the keys to offer, in their order. */
export class KeyMethods {
  readonly methods: AuthMethod[] = [];
  /** Which certificates are not offered and why, as sentences. */
  readonly uselessCertificates: string[] = [];
  /** How many certificates are offered. */
  certificateCount = 0;
  readonly #options: KeyMethodsOptions;

  constructor(options: KeyMethodsOptions) {
    this.#options = options;
  }

  /**
   * Offers a key file that the connection or the configuration names.
   * @param agentKey the same key in the agent, which is preferred to the file.
   * @param certificates those of the key. As with ssh, they are offered before it.
   * @throws Failure `ssh.identity` where neither can sign
   */
  offerNamed(identity: Identity, agentKey: AgentKey | undefined, certificates: readonly Certificate[]): void {
    this.offerCertificates(certificates, identity, agentKey);
    const byAgent =
      agentKey &&
      !agentKey.certificate &&
      this.#offer(`the agent's key for ${identity.path}`, this.#signerOf(agentKey));
    switch (identity.kind) {
      case 'unlocked':
        // the file is used where the agent refuses to sign
        this.#offer(
          `the key file ${identity.path}`,
          async () => (byAgent && !byAgent.hasFailed ? undefined : toSigner(identity.key)),
          { isReady: true },
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
  offerDefault(identity: Identity, certificates: readonly Certificate[]): void {
    const { prompter } = this.#options;
    this.offerCertificates(certificates, identity, undefined);
    if (identity.kind === 'unlocked') {
      this.#offer(`the key file ${identity.path}`, async () => toSigner(identity.key));
    } else if (identity.kind === 'locked' && prompter) {
      this.#offerLocked(identity, prompter);
    }
  }

  /** Offers keys of the agent that neither the connection nor the configuration names. */
  offerUnnamed(keys: readonly AgentKey[]): void {
    for (const key of keys) {
      const { certificate } = key;
      if (certificate) {
        this.#offerCertificate(certificate, this.#signerOf(key), true);
      } else {
        this.#offer('a key from the agent', this.#signerOf(key), { isUnnamedAgentKey: true });
      }
    }
  }

  /** Offers certificates of an identity's key. @param agentKey the same key in the agent, which is preferred to the file. */
  offerCertificates(certificates: readonly Certificate[], identity: Identity, agentKey: AgentKey | undefined): void {
    const { prompter } = this.#options;
    const loadSigner = agentKey
      ? this.#signerOf(agentKey)
      : identity.kind === 'unlocked'
        ? async () => toSigner(identity.key)
        : identity.kind === 'locked' && prompter && identity.publicKey
          ? this.#lockedSigner(identity, identity.publicKey, prompter)
          : undefined;
    for (const certificate of loadSigner ? certificates : []) {
      this.#offerCertificate(certificate, loadSigner);
    }
  }

  /** @param loadSigner of the key that it certifies */
  #offerCertificate(certificate: Certificate, loadSigner: LoadSigner | undefined, isUnnamedAgentKey = false): void {
    const useless = uselessCertificate(certificate);
    if (useless !== undefined) {
      this.uselessCertificates.push(useless);
      return;
    }
    const { label, blob, algorithm, hash } = certificate;
    this.certificateCount++;
    const refusalNote = wrongPrincipal(certificate, this.#options.user);
    this.#offer(
      label,
      async () => {
        const signer = await loadSigner?.();
        const { signAtOnce } = signer ?? {};
        return (
          signer && {
            ...{ type: algorithm, publicKey: blob, sign: (data) => signer.sign(data, hash) },
            ...(signAtOnce ? { signAtOnce: (data) => signAtOnce(data, hash) } : {}),
          }
        );
      },
      { isUnnamedAgentKey, ...(refusalNote === undefined ? {} : { refusalNote }) },
    );
  }

  #offer(label: string, loadSigner: LoadSigner, facts: MethodFacts = {}): KeyMethod {
    const method = new KeyMethod(this.#options.user, label, loadSigner, facts);
    this.methods.push(method);
    return method;
  }

  #signerOf(key: AgentKey): LoadSigner {
    const { agent, signal } = this.#options;
    return async () => agent && { ...key, sign: (data, hash) => agent.sign(key, data, hash, signal) };
  }

  /**
   * Where the public half is known, the person is asked for the passphrase only once the server has accepted the key.
   */
  #offerLocked(identity: LockedIdentity, prompter: SecretPrompter): void {
    const { path, publicKey } = identity;
    this.#offer(
      `the key file ${path}`,
      publicKey
        ? this.#lockedSigner(identity, publicKey, prompter)
        : async () => {
            const key = await unlockByPassphrase(identity, this.#options.name, prompter);
            return key && toSigner(key);
          },
    );
  }

  #lockedSigner(identity: LockedIdentity, publicKey: Buffer, prompter: SecretPrompter): LoadSigner {
    const { path } = identity;
    const sign = async (data: Buffer, hash?: string) => {
      const key = await unlockByPassphrase(identity, this.#options.name, prompter);
      if (!key?.publicKey.equals(publicKey)) {
        throw new Error(key ? `${path}.pub belongs to another key.` : `${path} was not unlocked.`);
      }
      return key.sign(data, hash);
    };
    return async () => ({ type: keyTypeOf(publicKey), publicKey, sign });
  }
}

type MethodFacts = Pick<AuthMethod, 'isReady' | 'isUnnamedAgentKey' | 'refusalNote'>;

type LoadSigner = () => Promise<Signer | undefined>;

/** Offers a key once. */
class KeyMethod implements AuthMethod {
  readonly label: string;
  readonly name = 'publickey';
  readonly isUnnamedAgentKey: boolean;
  readonly isReady: boolean;
  readonly refusalNote?: string;
  readonly #user: string;
  #loadSigner: LoadSigner | undefined;
  #isOffered = false;
  #agent: SingleKeyAgent | undefined;

  constructor(user: string, label: string, loadSigner: LoadSigner, facts: MethodFacts) {
    this.#user = user;
    this.label = label;
    this.#loadSigner = loadSigner;
    this.isUnnamedAgentKey = facts.isUnnamedAgentKey ?? false;
    this.isReady = facts.isReady ?? false;
    if (facts.refusalNote !== undefined) {
      this.refusalNote = facts.refusalNote;
    }
  }

  /** The server accepted the key, but it could not sign. */
  get hasFailed(): boolean {
    return this.#agent?.hasFailed ?? false;
  }

  async nextAttempt(): Promise<AnyAuthMethod | undefined> {
    const signer = this.#isOffered ? undefined : await this.#loadSigner?.();
    this.#isOffered = true;
    if (!signer) {
      return undefined;
    }
    this.#agent = new SingleKeyAgent(signer);
    return { type: 'agent', username: this.#user, agent: this.#agent };
  }

  async onRefused(): Promise<void> {
    this.release();
  }

  takeBack(): void {
    this.#agent?.release();
    this.#isOffered = false;
  }

  release(): void {
    this.#loadSigner = undefined;
    this.#agent?.release();
  }
}

function toSigner(key: PrivateKey): Signer {
  const { type, publicKey, sign } = key;
  return { type, publicKey, sign: async (data, hash) => sign(data, hash), signAtOnce: sign };
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
