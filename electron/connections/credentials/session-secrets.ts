import { createCipheriv, createDecipheriv, generateKeySync, randomBytes } from 'node:crypto';

/** Sizes of AES-256-GCM, in bytes. */
const ivBytes = 12;
const tagBytes = 16;

/**
 * The secrets that have worked, kept until the app is closed, so that a lost connection is reconnected without a
 * question. They are encrypted in memory, with a key that node:crypto keeps outside the JavaScript heap. This keeps them
 * out of heap snapshots, and out of crash reports that contain only the heap. It does not protect them from anyone who
 * can read all memory of the process, for example with a debugger or a core dump, because the key is in the same
 * process. A decrypted secret also stays in the heap until it is garbage-collected.
 */
export class SessionSecrets {
  readonly #key = generateKeySync('aes', { length: 256 });
  readonly #encrypted = new Map<string, Buffer>();

  set(id: string, secret: string): void {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv);
    const body = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    this.#encrypted.set(id, Buffer.concat([iv, cipher.getAuthTag(), body]));
  }

  get(id: string): string | undefined {
    const encrypted = this.#encrypted.get(id);
    if (!encrypted) {
      return undefined;
    }
    const decipher = createDecipheriv('aes-256-gcm', this.#key, encrypted.subarray(0, ivBytes));
    decipher.setAuthTag(encrypted.subarray(ivBytes, ivBytes + tagBytes));
    const body = encrypted.subarray(ivBytes + tagBytes);
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
  }

  delete(id: string): void {
    this.#encrypted.delete(id);
  }
}
