import { expect, test } from 'vitest';
import { compareVersions, highestVersion, parseSemanticVersion, pseudoVersion } from './semantic-version.ts';

function parse(text: string) {
  return parseSemanticVersion(text) ?? expect.fail(`${text} is not a version`);
}

test('versions are ordered as semver.org says', () => {
  const ordered = [
    '0.9.0',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0',
    'v1.2.10',
    'v99999999999999999999.0.0',
  ];
  for (const [index, text] of ordered.entries()) {
    for (const other of ordered.slice(index + 1)) {
      expect(compareVersions(parse(text), parse(other)), `${text} ${other}`).toBeLessThan(0);
      expect(compareVersions(parse(other), parse(text)), `${other} ${text}`).toBeGreaterThan(0);
    }
  }
  expect(highestVersion(['v1.9.0', 'v1.10.0', 'v1.10.0-rc.1'].map(parse))?.text).toBe('v1.10.0');
});

test.each(['1.2', 'v1.2.3.4', '01.2.3', 'v1.2.3-', 'release-1', 'v1.2.3-a..b', ''])('%j is not a version', (text) => {
  expect(parseSemanticVersion(text)).toBeUndefined();
});

test('a commit without a tag has a pseudo-version of Go', () => {
  const seconds = Date.UTC(2026, 1, 3, 4, 5, 6) / 1000;
  const commit = '0123456789abcdef0123456789abcdef01234567';
  expect(pseudoVersion(undefined, seconds, commit)).toBe('v0.0.0-20260203040506-0123456789ab');
  expect(pseudoVersion(parse('v1.2.3'), seconds, commit)).toBe('v1.2.4-0.20260203040506-0123456789ab');
  expect(pseudoVersion(parse('v1.2.3-rc.1'), seconds, commit)).toBe('v1.2.3-rc.1.0.20260203040506-0123456789ab');
});
