import ssh2, { type IdentityCallback, type ParsedKey, type SignCallback, type SigningRequestOptions } from 'ssh2';

/** A key that can sign, wherever its private half is, or a certificate of one. */
export interface Signer {
  /** The algorithm that is offered to the server: the type of the key, except for RSA certificates. */
  readonly type: string;
  /** The key or certificate in wire format. */
  readonly publicKey: Buffer;
  /** @returns a signature in wire format. @throws Error where the key cannot or may not sign. */
  sign(data: Buffer, hash?: string): Promise<Buffer>;
  /** Does the same at once. Missing where a person or another program may be needed, or if nothing is known yet of the key. */
  readonly signAtOnce?: SignAtOnce;
}

export type SignAtOnce = (data: Buffer, hash?: string) => Buffer;

/**
 * An ssh2 agent with one key. ssh2 offers an agent's key, and asks for a signature only when the server accepts the
 * key. ssh2 keeps the agent for as long as the connection lives, so the agent holds the signer only as long as it is
 * needed.
 */
export class SingleKeyAgent extends ssh2.BaseAgent<ParsedKey> {
  /** The server accepted the key, but it could not sign. */
  hasFailed = false;
  readonly #key: ParsedKey;
  #signer: Signer | undefined;

  constructor(signer: Signer) {
    super();
    this.#signer = signer;
    this.#key = proxyKey(signer);
    agents.set(this.#key, this);
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(undefined, [this.#key]);
  }

  override sign(
    _key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    const [done, hash] = typeof options === 'function' ? [options, undefined] : [callback, options.hash];
    this.#sign(data, hash).then(
      (signature) => done?.(undefined, signature),
      (error: unknown) => {
        this.hasFailed = true;
        done?.(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  async #sign(data: Buffer, hash?: string): Promise<Buffer> {
    if (!this.#signer) {
      throw new Error('The key was released.');
    }
    return this.#signer.sign(data, hash);
  }

  get signAtOnce(): SignAtOnce | undefined {
    return this.#signer?.signAtOnce;
  }

  release(): void {
    this.#signer = undefined;
  }
}

const agents = new WeakMap<ParsedKey, SingleKeyAgent>();

/** How a key that ssh2 is about to offer signs at once. Undefined if it does not. */
export function signerAtOnce(key: ParsedKey): SignAtOnce | undefined {
  return agents.get(key)?.signAtOnce;
}

/** An agent that never answers, so that ssh2 waits for it and does nothing. */
export class EmptyAgent extends ssh2.BaseAgent<ParsedKey> {
  override getIdentities(): void {}
  override sign(): void {}
}

/**
 * A public key in ssh2's form. ssh2's parser does not know the types of security keys and certificates, but ssh2 accepts any
 * object that descends from a parsed key. To offer a key and send its signature, ssh2 only reads `type` and `getPublicSSH`.
 */
function proxyKey({ type, publicKey }: Signer): ParsedKey {
  const key: ParsedKey = Object.create(prototypeKey);
  Object.defineProperties(key, { type: { value: type }, getPublicSSH: { value: () => publicKey } });
  return key;
}

const prototypeKey = ssh2.utils.parseKey(`ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)}`);
