import { expect, test } from 'vitest';
import { parsePlatform } from '../../shared/platform.ts';
import { isNameOfBuild, isStaleImageName, registryTags, temporaryImageName } from './temporary-name.ts';

const arm = parsePlatform('linux/arm/v7') ?? expect.fail('no platform');
const hour = 60 * 60 * 1000;
const now = Date.parse('2026-01-02T03:04:05Z');

test('each build gets a different name, which is a valid image name', () => {
  const name = temporaryImageName('0a1b2c', arm, now);
  expect(name).toMatch(/^localhost\/barnraiser\/0a1b2c:linux-arm-v7-[0-9a-z]+-[0-9a-f]{8}$/);
  expect(temporaryImageName('0a1b2c', arm, now)).not.toBe(name);
});

test('a name becomes stale after a day', () => {
  const name = temporaryImageName('0a1b2c', arm, now);
  expect(isStaleImageName(name, now + 23 * hour)).toBe(false);
  expect(isStaleImageName(name, now + 25 * hour)).toBe(true);
});

test('the names for a push to a registry are found again, those of other builds and platforms are not', () => {
  const name = temporaryImageName('0a1b2c', arm, now);
  const { unique, lasting } = registryTags(name);
  expect(lasting).toBe('barnraiser-linux-arm-v7');
  for (const tag of [unique, lasting]) {
    expect(isNameOfBuild(`registry.example.com/team/api:${tag}`, name)).toBe(true);
  }
  const others = [registryTags(temporaryImageName('0a1b2c', arm, now)).unique, 'barnraiser-linux-arm64', '1'];
  for (const tag of others) {
    expect(isNameOfBuild(`registry.example.com/team/api:${tag}`, name)).toBe(false);
  }
  expect(isStaleImageName(`registry.example.com/team/api:${unique}`, now + 25 * hour)).toBe(true);
  expect(isStaleImageName(`registry.example.com/team/api:${lasting}`, now + 25 * hour)).toBe(false);
});

test("a user's own image names are never stale", () => {
  for (const name of ['localhost/api:1', 'localhost/barnraiser:1', 'registry.example.com/barnraiser/x:1-1-00000000']) {
    expect(isStaleImageName(name, now)).toBe(false);
  }
});
