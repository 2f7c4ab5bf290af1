import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface SignedPair extends KeyPair {
  readonly certPath: string;
  readonly keyPath: string;
}

/** An authority that openssl makes, with certificates that it has signed. */
export class CertificateAuthority {
  readonly certificate: string;
  readonly #folder: string;
  #count = 0;

  private constructor(folder: string, certificate: string) {
    this.#folder = folder;
    this.certificate = certificate;
  }

  static async create(name: string): Promise<CertificateAuthority> {
    const folder = await mkdtemp(join(tmpdir(), 'authority-'));
    const options = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    const files = ['-keyout', join(folder, 'ca.key'), '-out', join(folder, 'ca.pem')];
    await run('openssl', [...options, ...files, '-subj', `/CN=${name}`]);
    return new CertificateAuthority(folder, await readFile(join(folder, 'ca.pem'), 'utf8'));
  }

  /** The file with its certificate. */
  get path(): string {
    return join(this.#folder, 'ca.pem');
  }

  /**
   * A certificate for a server or a client.
   * @param days how long it is valid; a negative number makes one that has expired
   */
  async sign(name: string, { names = 'IP:127.0.0.1,DNS:localhost', days = 2 } = {}): Promise<SignedPair> {
    this.#count += 1;
    const number = String(this.#count);
    const file = (suffix: string): string => join(this.#folder, `${number}.${suffix}`);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('key')];
    await run('openssl', ['req', ...key, '-out', file('csr'), '-subj', `/CN=${name}`]);
    await writeFile(file('ext'), `subjectAltName=${names}\n`);
    const authority = ['-CA', join(this.#folder, 'ca.pem'), '-CAkey', join(this.#folder, 'ca.key')];
    const output = ['-set_serial', number, '-days', String(days), '-extfile', file('ext'), '-out', file('pem')];
    await run('openssl', ['x509', '-req', '-in', file('csr'), ...authority, ...output]);
    return {
      cert: await readFile(file('pem'), 'utf8'),
      key: await readFile(file('key'), 'utf8'),
      certPath: file('pem'),
      keyPath: file('key'),
    };
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }
}
