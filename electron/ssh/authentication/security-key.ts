/**
 * The signature of a security key, as ssh2 can send it. Its wire format is a string with the signature, and after the string
 * a byte of flags and a counter of 4 bytes (OpenSSH, PROTOCOL.u2f, "SSH U2F Signatures"); ssh2 1.17 writes every signature as one
 * string. Of its code (Protocol.js, authPK) what needs to know is how long the signature is: summed up, to reserve room for all
 * of it, and written as the length of the string. So the length is a number that says the one in sums, and the other when it
 * is written. The e2e tests show that sshd takes what comes of it.
 */
export function securityKeySignature(signature: Buffer, flagsAndCounter: Buffer): Buffer {
  const all = Buffer.concat([signature, flagsAndCounter]);
  const [written, summed] = [signature.length, all.length];
  const length = { [Symbol.toPrimitive]: (hint: string) => (hint === 'number' ? written : summed) };
  return Object.defineProperty(all, 'length', { value: length });
}
