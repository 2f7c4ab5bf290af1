/** The thread that packs a context. */
import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { Failure } from '../../shared/failure.ts';
import { spoolProblem } from './growing-file.ts';
import { Packing } from './packing.ts';
import { type Order, type PackingThreadData, type Report, states } from './packing-messages.ts';
import type { ContextEntry } from './walk.ts';

const { input, tar, tarPath, state }: PackingThreadData = workerData;
const flags = new Int32Array(state);

/** Buffers arrive as plain arrays. */
function withBuffer(entry: ContextEntry): ContextEntry {
  return 'content' in entry ? { ...entry, content: Buffer.from(entry.content) } : entry;
}

const report = (message: Report): void => parentPort?.postMessage(message);

let written = 0;
const packing = new Packing(
  { ...input, ownFile: input.ownFile && withBuffer(input.ownFile), addedFiles: input.addedFiles.map(withBuffer) },
  {
    write(bytes) {
      try {
        for (let position = 0; position < bytes.length; ) {
          position += writeSync(tar, bytes, position, bytes.length - position, written + position);
        }
      } catch (error) {
        throw spoolProblem(tarPath, error);
      }
      written += bytes.length;
    },
    addEntries: (rows, edits, isComplete) => report({ kind: 'entries', rows, edits, isComplete }),
    reportProgress: (progress) => report({ kind: 'progress', progress, written }),
    restartEntries: () => report({ kind: 'restart' }),
    summarize: (summary, isChanged) => report({ kind: 'summary', summary, isChanged }),
    finish: (summary) => report({ kind: 'finished', summary, written }),
    throwIfAborted() {
      if (Atomics.load(flags, 1) !== 0) {
        throw new Error('stopped');
      }
    },
    mayAlter: () => Atomics.compareExchange(flags, 0, states.open, states.altered) !== states.relied,
  },
);

/** Ends when the tar is complete, or when it is not needed. */
async function run(): Promise<void> {
  const isPacked = await packing.start();
  if (!isPacked) {
    packing.saveIndex();
    if ((await nextOrder()) === 'pack') {
      await packing.pack();
    }
  }
  packing.saveIndex();
}

/** Waits until it is known whether the tar is needed. */
function nextOrder(): Promise<Order> {
  return new Promise((resolve) => {
    parentPort?.on('message', (order: Order) => {
      if (order === 'list') {
        packing.listEntries();
      } else {
        resolve(order);
      }
    });
  });
}

run()
  .catch((error: unknown) => {
    if (error instanceof Failure) {
      report({ kind: 'failed', problem: error.problem });
    } else {
      report({ kind: 'broken', error });
    }
  })
  .finally(() => parentPort?.close());
