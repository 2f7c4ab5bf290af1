import ssh2, { type IdentityCallback, type ParsedKey, type SignCallback, type SigningRequestOptions } from 'ssh2';

/** A key of any kind and wherever it is, as far as a sign-in goes. */
export interface Signer {
  readonly type: string;
  /** In wire format. */
  readonly publicKey: Buffer;
  /** @throws Error where it cannot or may not sign. */
  sign(data: Buffer, hash?: string): Promise<Buffer>;
}

/**
 * One key in the form of an agent: ssh2 offers it, and asks for a signature only when the server wants that key. ssh2 keeps what it
 * was given for as long as the connection lives, so this holds the signer no longer than it is needed.
 */
export class OneKey extends ssh2.BaseAgent<ParsedKey> {
  /** It has signed, so the server wanted it. */
  hasSigned = false;
  /** The server wanted it, and it could not sign. */
  hasFailed = false;
  readonly #key: ParsedKey;
  #signer: Signer | undefined;

  constructor(signer: Signer) {
    super();
    this.#signer = signer;
    this.#key = standIn(signer);
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
    const [give, hash] = typeof options === 'function' ? [options, undefined] : [callback, options.hash];
    this.#sign(data, hash).then(
      (signature) => {
        this.hasSigned = true;
        give?.(undefined, signature);
      },
      (error: unknown) => {
        this.hasFailed = true;
        give?.(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  async #sign(data: Buffer, hash?: string): Promise<Buffer> {
    if (!this.#signer) {
      throw new Error('The key was let go.');
    }
    return this.#signer.sign(data, hash);
  }

  letGo(): void {
    this.#signer = undefined;
  }
}

/** An agent that never says which keys it has. What ssh2 waits for it to say, it does not do. */
export class SilentAgent extends ssh2.BaseAgent<ParsedKey> {
  override getIdentities(): void {}
  override sign(): void {}
}

/**
 * A public key in ssh2's form. Its parser makes none for the types of security keys, but takes whatever descends from one that it has
 * made; to offer a key and send its signature it only asks for `type` and `getPublicSSH`.
 */
function standIn({ type, publicKey }: Signer): ParsedKey {
  const key: ParsedKey = Object.create(ancestor);
  Object.defineProperties(key, { type: { value: type }, getPublicSSH: { value: () => publicKey } });
  return key;
}

const ancestor = ssh2.utils.parseKey(`ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)}`);
