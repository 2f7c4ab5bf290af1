import { expect, test } from 'vitest';
import { parsePlatform } from '../../shared/platform.ts';
import { buildName, isLeftName } from './build-name.ts';

const arm = parsePlatform('linux/arm/v7') ?? expect.fail('no platform');
const hour = 60 * 60 * 1000;
const now = Date.parse('2026-01-02T03:04:05Z');

test('a build has a name of its own on its node, which an engine takes for one', () => {
  const name = buildName('0a1b2c', arm, now);
  expect(name).toMatch(/^localhost\/barnraiser\/0a1b2c:linux-arm-v7-[0-9a-z]+-[0-9a-f]{8}$/);
  expect(buildName('0a1b2c', arm, now)).not.toBe(name);
});

test('the name of a build that may still run is not left behind, one of yesterday is', () => {
  const name = buildName('0a1b2c', arm, now);
  expect(isLeftName(name, now + 23 * hour)).toBe(false);
  expect(isLeftName(name, now + 25 * hour)).toBe(true);
});

test("a person's names are never taken for left behind", () => {
  for (const name of ['localhost/api:1', 'localhost/barnraiser:1', 'registry.example.com/barnraiser/x:1-1-00000000']) {
    expect(isLeftName(name, now)).toBe(false);
  }
});
