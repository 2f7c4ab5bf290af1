/**
 * Loaded before everything else, with `--import`: kills this process with SIGKILL at a call of the file system that changes something,
 * or after a time. The plan is in `BARNRAISER_KILL`, as JSON.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

interface KillPlan {
  /** Counted from 1 after {@link startCounting}. */
  readonly atCall?: number;
  /** A call that writes does half of its work before. */
  readonly isTorn?: boolean;
  readonly afterMs?: number;
}

const plan: KillPlan = JSON.parse(process.env.BARNRAISER_KILL ?? '{}');
let calls = 0;
let isCounting = false;

/** Calls from now on count. */
export function startCounting(): void {
  isCounting = true;
  calls = 0;
  if (plan.afterMs !== undefined) {
    setTimeout(die, plan.afterMs).unref();
  }
}

export function countedCalls(): number {
  return calls;
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

function count(tear: () => void): void {
  if (isCounting) {
    calls += 1;
    if (calls === plan.atCall) {
      if (plan.isTorn) {
        tear();
      }
      die();
    }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: any function of the file system
type AnyFunction = (...values: any[]) => any;
type Functions = Record<string, AnyFunction>;

const changing = [
  'open',
  'rename',
  'unlink',
  'rm',
  'mkdir',
  'rmdir',
  'truncate',
  'ftruncate',
  'utimes',
  'fsync',
  'link',
  'close',
];
const writing = ['write', 'writev', 'writeFile'];

function wrap(functions: Functions, name: string, tear: (values: unknown[]) => void): void {
  const original = functions[name];
  if (typeof original === 'function') {
    functions[name] = function wrapped(this: unknown, ...values: unknown[]) {
      count(() => tear(values));
      return original.apply(this, values);
    };
  }
}

/** Writes the first half of what a call would write. */
function writeHalf(values: unknown[]): void {
  const [target, data] = values;
  const bytes = Array.isArray(data) ? data[0] : data;
  if (typeof target === 'number' && bytes instanceof Uint8Array) {
    originalWriteSync(target, bytes.subarray(0, bytes.length >> 1));
  } else if (typeof target === 'string' && (typeof bytes === 'string' || bytes instanceof Uint8Array)) {
    originalWriteFileSync(target, bytes.slice(0, bytes.length >> 1));
  }
}

const originalWriteSync = fs.writeSync;
const originalWriteFileSync = fs.writeFileSync;
const nothing = (): void => undefined;

for (const functions of [fs, fs.promises] as unknown as Functions[]) {
  for (const name of changing) {
    wrap(functions, name, nothing);
    wrap(functions, `${name}Sync`, nothing);
  }
  for (const name of writing) {
    wrap(functions, name, writeHalf);
    wrap(functions, `${name}Sync`, writeHalf);
  }
}
syncBuiltinESMExports();
