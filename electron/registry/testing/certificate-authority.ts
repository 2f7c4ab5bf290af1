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

  /** A certificate for 127.0.0.1 and localhost, for a server or a client. */
  async sign(name: string): Promise<KeyPair> {
    this.#count += 1;
    const number = String(this.#count);
    const file = (suffix: string): string => join(this.#folder, `${number}.${suffix}`);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('key')];
    await run('openssl', ['req', ...key, '-out', file('csr'), '-subj', `/CN=${name}`]);
    await writeFile(file('ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
    const authority = ['-CA', join(this.#folder, 'ca.pem'), '-CAkey', join(this.#folder, 'ca.key')];
    const output = ['-set_serial', number, '-days', '2', '-extfile', file('ext'), '-out', file('pem')];
    await run('openssl', ['x509', '-req', '-in', file('csr'), ...authority, ...output]);
    return { cert: await readFile(file('pem'), 'utf8'), key: await readFile(file('key'), 'utf8') };
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }
}
