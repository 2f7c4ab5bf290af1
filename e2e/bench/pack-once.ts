/**
 * `node pack-once.cjs PROJECT SPOOL-FOLDER [INDEX]` packs a project and prints the seconds that it took. With an index, it is not
 * packed if nothing has changed.
 */
import { packContext } from '../../electron/context/pack-context.ts';
import { measureSeconds } from './bench.ts';

async function main(context = '', spoolFolder = '', index?: string): Promise<void> {
  let close: (() => Promise<void>) | undefined;
  const seconds = await measureSeconds(async () => {
    const packed = await packContext({ context, spoolFolder, ...(index === undefined ? {} : { index }) });
    close = () => packed.close();
    await (index === undefined ? packed.done : packed.digest());
  });
  await close?.();
  console.log(seconds);
}

void main(...process.argv.slice(2));
