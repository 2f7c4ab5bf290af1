import { describe, expect, it } from 'vitest';
import { compareFingerprints } from './fingerprint.ts';

const digest = 'uNiVztksCsDhcc0u9e8BgrJXVGDDOlkyJ4tZRUk5pYM';
const other = `X${digest.slice(1)}`;

describe('a pasted fingerprint', () => {
  it.each([
    digest,
    `SHA256:${digest}`,
    `  sha256:${digest}=\n`,
    `SHA256: ${digest}`,
    `${digest.slice(0, 20)} ${digest.slice(20)}`,
    `SHA256:${digest.slice(0, 20)}\n${digest.slice(20)}`,
    `256 SHA256:${digest} root@pi4 (ED25519)`,
    `3072 SHA256:${other} root@pi4 (RSA)\n256 SHA256:${digest} root@pi4 (ED25519)\n`,
  ])('%j matches', (pasted) => {
    expect(compareFingerprints(`SHA256:${digest}`, pasted)).toBe('same');
  });

  it.each([other, `SHA256:${other}`, `256 SHA256:${other} root@pi4 (ED25519)`, digest.toLowerCase()])(
    '%j does not match',
    (pasted) => {
      expect(compareFingerprints(`SHA256:${digest}`, pasted)).toBe('different');
    },
  );

  it.each([digest.slice(1), 'MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48', 'yes', `${digest}x`])(
    '%j is not one of this kind',
    (pasted) => {
      expect(compareFingerprints(`SHA256:${digest}`, pasted)).toBe('no-fingerprint');
    },
  );

  it('is compared only once there is one', () => {
    expect(compareFingerprints(`SHA256:${digest}`, ' \n')).toBe('none');
  });
});
