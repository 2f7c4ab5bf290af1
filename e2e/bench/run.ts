/** `npm run bench [-- NAME [ARGUMENT]]`: measures, and prints figures; nothing here passes or fails. */
import { measureFarm } from './farm.ts';
import { measureLogScroll } from './log-scroll.ts';
import { measureMemory } from './memory.ts';
import { measureLine } from './reach.ts';

const [name, argument] = process.argv.slice(2);
const benches: Readonly<Record<string, () => Promise<void>>> = {
  farm: () => measureFarm(),
  line: () => measureLine(),
  log: async () => void (await measureLogScroll()),
  memory: () => measureMemory(argument === undefined ? undefined : Number(argument)),
};
for (const [known, measure] of Object.entries(benches)) {
  if (name === undefined || name === known) {
    console.log(`\n=== ${known}`);
    await measure();
  }
}
