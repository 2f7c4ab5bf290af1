/** `node --import tsx pack-once.ts PROJECT SPOOL-FOLDER` packs a project and prints the seconds that it took. */
import { packContext } from '../../electron/context/pack-context.ts';
import { measureSeconds } from './bench.ts';

const [context = '', spoolFolder = ''] = process.argv.slice(2);
let close: (() => Promise<void>) | undefined;
const seconds = await measureSeconds(async () => {
  const packed = await packContext({ context, spoolFolder });
  close = () => packed.close();
  await packed.done;
});
await close?.();
console.log(seconds);
