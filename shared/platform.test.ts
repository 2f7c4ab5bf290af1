import { describe, expect, test } from 'vitest';
import { parsePlatform, platformOf, platformParts, platformSchema, platformsRunBy } from './platform.ts';

describe('a platform is normalised', () => {
  test.each([
    ['arm64', 'linux/arm64'],
    ['linux/arm64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['aarch64', 'linux/arm64'],
    ['Linux/AArch64', 'linux/arm64'],
    ['x86_64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['amd64/v1', 'linux/amd64'],
    ['amd64/v3', 'linux/amd64/v3'],
    ['arm', 'linux/arm/v7'],
    ['armhf', 'linux/arm/v7'],
    ['armv7l', 'linux/arm/v7'],
    ['linux/arm/7', 'linux/arm/v7'],
    ['armel', 'linux/arm/v6'],
    ['linux/arm/v6', 'linux/arm/v6'],
    ['i686', 'linux/386'],
    ['armv8l', 'linux/arm/v7'],
    ['ppc64el', 'linux/ppc64le'],
    ['riscv64', 'linux/riscv64'],
    [' s390x ', 'linux/s390x'],
    ['windows/amd64', 'windows/amd64'],
  ])('%s is %s', (text, platform) => {
    expect(parsePlatform(text)).toBe(platform);
    expect(parsePlatform(platform)).toBe(platform);
  });
});

test.each(['', 'linux', 'linux/', 'sparc', 'linux/amd64/v2/x', 'beos/amd64', 'linux/arm/seven', 'all'])(
  '%j is not a valid platform, and the message says how to write one',
  (text) => {
    expect(parsePlatform(text)).toBeUndefined();
    const parsed = platformSchema.safeParse(text);
    expect(parsed.error?.issues[0]?.message).toContain('linux/amd64');
  },
);

test('different platforms stay different', () => {
  const names = ['linux/arm/v5', 'linux/arm/v6', 'linux/arm/v7', 'linux/arm64', 'linux/amd64', 'linux/amd64/v2'];
  expect(new Set(names.map(parsePlatform)).size).toBe(names.length);
});

test('a platform is split into its parts, without an implied variant', () => {
  const platform = platformOf({ os: 'linux', architecture: 'arm64', variant: 'v8' }) ?? expect.fail('not a platform');
  expect(platformParts(platform)).toEqual({ os: 'linux', architecture: 'arm64' });
  const arm = platformOf({ os: 'linux', architecture: 'arm' }) ?? expect.fail('not a platform');
  expect(platformParts(arm)).toEqual({ os: 'linux', architecture: 'arm', variant: 'v7' });
});

describe('a variant that the architecture cannot have is dropped', () => {
  test.each([
    ['amd64', 'v8', 'linux/amd64'],
    ['amd64', 'v5', 'linux/amd64'],
    ['amd64', '3', 'linux/amd64/v3'],
    ['arm64', 'v7', 'linux/arm64'],
    ['arm64', 'v9', 'linux/arm64/v9'],
    ['arm64', 'V8', 'linux/arm64'],
    ['arm', 'v8', 'linux/arm/v7'],
    ['arm', 'v5', 'linux/arm/v5'],
    ['386', 'sse2', 'linux/386'],
    ['s390x', 'v8', 'linux/s390x'],
    ['riscv64', 'v1', 'linux/riscv64'],
  ])('%s with %s is %s', (architecture, variant, platform) => {
    expect(platformOf({ os: 'linux', architecture, variant })).toBe(platform);
  });
});

describe('the platforms whose programs a processor runs', () => {
  test.each([
    ['linux/amd64', undefined, 'linux/amd64 linux/386'],
    ['linux/amd64', false, 'linux/amd64'],
    ['linux/amd64/v3', undefined, 'linux/amd64/v3 linux/amd64/v2 linux/amd64 linux/386'],
    ['linux/arm/v7', undefined, 'linux/arm/v7 linux/arm/v6 linux/arm/v5'],
    ['linux/arm/v6', undefined, 'linux/arm/v6 linux/arm/v5'],
    ['linux/arm64', undefined, 'linux/arm64'],
    ['linux/arm64/v9', true, 'linux/arm64/v9 linux/arm64 linux/arm/v7 linux/arm/v6 linux/arm/v5'],
    ['linux/386', undefined, 'linux/386'],
    ['windows/amd64', undefined, 'windows/amd64'],
  ])('%s, with 32-bit programs: %s', (name, runs32Bit, platforms) => {
    const platform = parsePlatform(name) ?? expect.fail('not a platform');
    expect(platformsRunBy(platform, runs32Bit).join(' ')).toBe(platforms);
  });
});
