/** Some of the crash points of `npm run test:crashes`, others each time. */
import pLimit from 'p-limit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CrashScene } from './crashes/crash-runs.ts';
import { registryAddress } from './lab/lab-registry.ts';

const runs = Number(process.env.BARNRAISER_TEST_ROUNDS ?? 10);
const first = Date.now() % 1_000_000;
let scene: CrashScene;

beforeAll(async () => {
  scene = await CrashScene.create(registryAddress);
});
afterAll(() => scene.remove());

test('a process that is killed at any point leaves a store that verifies, and nothing that stays for good', async () => {
  const seeds = Array.from({ length: runs }, (_, index) => first + index);
  const crashes = await pLimit(3).map(seeds, (seed) => scene.run(seed));
  expect(crashes.filter(({ problems }) => problems.length > 0)).toEqual([]);
  expect(crashes.some(({ wasKilled }) => wasKilled)).toBe(true);
});
