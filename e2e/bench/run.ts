/** `npm run bench [-- NAME [ARGUMENT]]`: runs one or all benchmarks and prints their results. */

import { measureConnect } from './connect.ts';
import { measureFarm } from './farm.ts';
import { measureHistory } from './history.ts';
import { measureLogScroll } from './log-scroll.ts';
import { measureMemory } from './memory.ts';

const [name, argument] = process.argv.slice(2);
const benchmarks: Readonly<Record<string, () => Promise<void>>> = {
  farm: () => measureFarm(),
  history: () => measureHistory(argument === undefined ? undefined : Number(argument)),
  connect: () => measureConnect(),
  log: async () => void (await measureLogScroll()),
  memory: () => measureMemory(argument === undefined ? undefined : Number(argument)),
};
for (const [benchmark, measure] of Object.entries(benchmarks)) {
  if (name === undefined || name === benchmark) {
    console.log(`\n=== ${benchmark}`);
    await measure();
  }
}
