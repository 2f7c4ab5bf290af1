/** A certificate authority of a test, made by openssl. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from './command.ts';

export interface Authority {
  /** PEM file. */
  readonly certificate: string;
  /** Issues a certificate for 127.0.0.1 and localhost, or for a client. @returns its PEM files */
  issue(name: string): Promise<{ readonly certificate: string; readonly key: string }>;
}

/** @param folder gets its files */
export async function createAuthority(folder: string, name: string): Promise<Authority> {
  const file = (end: string): string => join(folder, `${name}-${end}`);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const certificate = file('ca.pem');
  await mustRun([
    ...['openssl', 'req', '-x509', ...newKey, '-days', '2', '-subj', `/CN=${name}`],
    ...['-keyout', file('ca-key.pem'), '-out', certificate],
  ]);
  return {
    certificate,
    issue: async (subject) => {
      const [request, issued, key] = [file(`${subject}.csr`), file(`${subject}.pem`), file(`${subject}-key.pem`)];
      const extensions = file(`${subject}.ext`);
      await writeFile(extensions, 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
      await mustRun(['openssl', 'req', ...newKey, '-subj', `/CN=${subject}`, '-keyout', key, '-out', request]);
      await mustRun([
        ...['openssl', 'x509', '-req', '-in', request, '-CA', certificate, '-CAkey', file('ca-key.pem')],
        ...['-set_serial', '1', '-days', '2', '-extfile', extensions, '-out', issued],
      ]);
      return { certificate: issued, key };
    },
  };
}
