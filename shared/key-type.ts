/** What ssh and its users call a type of key: `ssh-ed25519` is ED25519 to them, and each `ecdsa-sha2-…` ECDSA. */
export function keyTypeInWords(keyType: string): string {
  return keyType
    .replace(/^ssh-/, '')
    .replace(/^ecdsa-sha2-.*/, 'ecdsa')
    .toUpperCase();
}
