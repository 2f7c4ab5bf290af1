import { createCipheriv, createDecipheriv, generateKeySync, randomBytes } from 'node:crypto';

/** AES-256-GCM's own sizes, in bytes. */
const ivBytes = 12;
const tagBytes = 16;

/**
 * Secrets that have worked, until the app is closed, so that a line that was lost comes back without asking. They lie encrypted
 * in memory, under a key that node:crypto keeps outside of the heap, and are in clear only while they are used.
 */
export class SecretMemory {
  readonly #key = generateKeySync('aes', { length: 256 });
  readonly #sealed = new Map<string, Buffer>();

  set(id: string, secret: string): void {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv);
    const body = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    this.#sealed.set(id, Buffer.concat([iv, cipher.getAuthTag(), body]));
  }

  get(id: string): string | undefined {
    const sealed = this.#sealed.get(id);
    if (!sealed) {
      return undefined;
    }
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, ivBytes));
    decipher.setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes));
    const body = sealed.subarray(ivBytes + tagBytes);
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
  }

  delete(id: string): void {
    this.#sealed.delete(id);
  }
}
