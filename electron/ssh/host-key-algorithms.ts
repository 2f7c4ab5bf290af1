import type { ServerHostKeyAlgorithm } from 'ssh2';

/** The signatures that each type of key can be asked for, best first (RFC 8332 gave RSA keys two more). */
const algorithmsOf: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
};

/** ssh2's default algorithms, those of the recorded keys first: a host with several keys then shows one that is recorded. */
export function preferred(keyTypes: readonly string[]) {
  const first = keyTypes.flatMap((type) => algorithmsOf[type] ?? []);
  // ssh2 takes these in their order: what is prepended must not be in the list any more
  return { remove: first, prepend: first, append: [] };
}
