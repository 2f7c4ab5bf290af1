/** Hashes of passwords as sshd (shadow file) and registries (htpasswd file) want them, made by libcrypt through perl. */
import { randomBytes } from 'node:crypto';
import { mustRun } from './command.ts';

export async function cryptPassword(password: string, method: 'sha512' | 'bcrypt'): Promise<string> {
  const salt = randomBytes(64).toString('base64').replace(/[+/=]/g, '');
  // bcrypt's 22nd character holds four bits only; one that ends in four zeros is right for every implementation.
  const setting = method === 'sha512' ? `$6$${salt.slice(0, 16)}$` : `$2y$05$${salt.slice(0, 21)}e`;
  const hash = await mustRun(['perl', '-e', 'chomp(my $p = <STDIN>); print crypt($p, $ARGV[0])', setting], {
    input: `${password}\n`,
  });
  if (!hash.startsWith(setting.slice(0, 3))) {
    throw new Error(`libcrypt of this machine has no ${method}.`);
  }
  return hash;
}
