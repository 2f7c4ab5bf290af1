/**
 * `node pack-once.js PROJECT SPOOL-FOLDER [INDEX]` packs a project and prints the seconds that it took. With an index, it is not
 * packed if nothing has changed.
 */
import { packContext } from '../../electron/context/pack-context.ts';
import { measureSeconds } from './bench.ts';

const [context = '', spoolFolder = '', index] = process.argv.slice(2);
let close: (() => Promise<void>) | undefined;
const seconds = await measureSeconds(async () => {
  const packed = await packContext({ context, spoolFolder, ...(index === undefined ? {} : { index }) });
  close = () => packed.close();
  await (index === undefined ? packed.done : packed.digest());
});
await close?.();
console.log(seconds);
