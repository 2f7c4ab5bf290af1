/** `npm run test:crashes [-- --runs N --seed N --operation NAME]`: kills processes at 300 seeded points, and checks the image store after each. */
import { parseArgs } from 'node:util';
import pLimit from 'p-limit';
import { registryAddress } from '../lab/lab-registry.ts';
import { CrashScene } from './crash-runs.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '300' },
    /** The first seed. With `--runs 1`, a failure is repeated. */
    seed: { type: 'string', default: '1' },
    /** Only these, instead of those that the seeds choose. */
    operation: { type: 'string' },
    parallel: { type: 'string', default: '3' },
  },
});

const scene = await CrashScene.create(registryAddress);
const first = Number(values.seed);
const seeds = Array.from({ length: Number(values.runs) }, (_, index) => first + index);
let killed = 0;
let failed = 0;
const counts = new Map<string, number>();
await pLimit(Number(values.parallel)).map(seeds, async (seed) => {
  const crash = await scene.run(seed, values.operation);
  killed += crash.wasKilled ? 1 : 0;
  counts.set(crash.operation, (counts.get(crash.operation) ?? 0) + 1);
  if (crash.problems.length > 0) {
    failed += 1;
    console.log(`seed ${seed}, ${crash.operation} ${crash.point}:\n  ${crash.problems.join('\n  ')}`);
  }
});
console.log([...counts].map(([name, count]) => `${name} ${count}`).join(', '));
console.log(`${seeds.length} runs, ${killed} killed in the middle, ${failed} failed`);
if (failed === 0) {
  await scene.remove();
} else {
  console.log(`What they left is in ${scene.folder}`);
}
process.exit(failed === 0 ? 0 : 1);
