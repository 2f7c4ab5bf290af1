/** Runs one operation on the store of a scene. Prints how many calls of the file system it made, if it was not killed. */
import { join } from 'node:path';
import { countedCalls, startCounting } from './kill-switch.ts';

const { ImageStore } = await import('../../electron/images/image-store.ts');
const { operations } = await import('./operations.ts');

const [, , name = '', scene = '{}'] = process.argv;
const operation = Object.entries(operations).find(([key]) => key === name)?.[1];
const { folder, ...rest } = JSON.parse(scene);
startCounting();
const started = performance.now();
const store = await ImageStore.open(join(folder, 'images'));
await operation?.(store, { folder, ...rest });
await store.close();
process.stdout.write(JSON.stringify({ calls: countedCalls(), milliseconds: performance.now() - started }));
process.exit(0);
