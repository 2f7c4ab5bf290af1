import { expect, test } from 'vitest';
import type { RawEntry } from './list-edit.ts';
import { lostPlatforms, lostText } from './lost-platforms.ts';
import { parsePlatform } from './platform.ts';

const digest = `sha256:${'0'.repeat(64)}` as const;
const entry = (platform?: string, describes?: RawEntry['digest']): RawEntry => ({
  ...{ digest, mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 1 },
  ...(platform === undefined ? {} : { platform }),
  ...(describes === undefined ? {} : { describes }),
});
const list = (...platforms: string[]) => ({
  entries: platforms.map((text) => ({ platform: parsePlatform(text) ?? expect.fail(text) })),
});

test('a push loses the platforms that the list of the tag has and the new one lacks', () => {
  const entries = [entry('linux/amd64'), entry('linux/arm64/v8'), entry('linux/s390x')];
  expect(lostPlatforms({ entries }, list('linux/amd64', 'linux/arm64'))).toEqual(['linux/s390x']);
  expect(lostPlatforms({ entries }, list('linux/amd64', 'linux/arm64', 'linux/s390x'))).toEqual([]);
});

test('attachments and what has no platform are not lost', () => {
  const entries = [entry('linux/amd64'), entry('unknown/unknown', digest), entry()];
  expect(lostPlatforms({ entries }, list('linux/amd64'))).toEqual([]);
  expect(lostText(lostPlatforms({ entries }, list('linux/arm64')))).toBe(
    'The list in the registry has linux/amd64, which this one lacks.',
  );
});
