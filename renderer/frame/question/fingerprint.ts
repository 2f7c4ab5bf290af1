/** How a pasted text compares with a fingerprint. `no-fingerprint`: it contains none of the same kind. */
export type FingerprintComparison = 'none' | 'same' | 'different' | 'no-fingerprint';

/** The length of a SHA-256 digest in base64 without padding. */
const length = 43;

/**
 * Compares a fingerprint (`SHA256:` and base64) with what a person has pasted: the fingerprint, with or without its prefix and
 * padding, broken by spaces or line ends, or whole lines of ssh-keygen. Of several fingerprints, one has to be the same.
 */
export function compareFingerprints(fingerprint: string, pasted: string): FingerprintComparison {
  const text = pasted.trim();
  if (text === '') {
    return 'none';
  }
  const expected = digestOf(fingerprint);
  const prefixed = text.match(/SHA256:\s*[A-Za-z0-9+/]{43}/gi) ?? [];
  // without a prefix it may be broken into groups, but then nothing else may be there
  const bare = text.replaceAll(/\s+/g, '').replace(/^SHA256:/i, '');
  const candidates = prefixed.length > 0 ? prefixed.map(digestOf) : [bare.replace(/=+$/, '')];
  const digests = candidates.filter((each) => /^[A-Za-z0-9+/]+$/.test(each) && each.length === length);
  return digests.length === 0 ? 'no-fingerprint' : digests.includes(expected) ? 'same' : 'different';
}

function digestOf(fingerprint: string): string {
  return fingerprint.replace(/^SHA256:\s*/i, '').replace(/=+$/, '');
}
