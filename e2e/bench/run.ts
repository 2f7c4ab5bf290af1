/**
 * `npm run bench -- [ROW…] [--rounds N] [--json FILE] [--small]` measures all rows, or those whose ids begin with ROW, such as
 * `farm` or `push/first`. It prints a table and adds the results to FILE.
 *
 * `npm run bench -- --write [--json FILE]` measures nothing: it writes docs/PERFORMANCE.md from FILE, or docs/performance.json.
 */
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { run } from '../lab/command.ts';
import { runOnNode } from '../lab/lab.ts';
import { Bench, type BenchOptions } from './bench.ts';
import { measureConnect } from './connect.ts';
import { measureContext } from './context.ts';
import { dockerNode, measureDocker } from './docker.ts';
import { measureExports } from './exports.ts';
import { client, measureFarm } from './farm.ts';
import { measureHistory } from './history.ts';
import { measureLines } from './lines.ts';
import { measureLogScroll } from './log-scroll.ts';
import { measureMemory } from './memory.ts';
import { measurePack } from './pack.ts';
import { measurePush } from './push.ts';
import { addResults, formatPage, formatTable, type Result, readResults } from './report.ts';
import { measureWindow } from './window.ts';

/** Rows that are measured together. */
interface Group {
  /** The beginning of the ids of its rows. */
  readonly name: string;
  measure(bench: Bench): Promise<void>;
  /** The first line of what the other program prints as its version. */
  readonly peerVersion?: () => Promise<{ readonly stdout: string; readonly stderr: string }>;
}

const podmanVersion = () => runOnNode(client, 'podman --version');
const sshVersion = () => run(['ssh', '-V']);

const groups: readonly Group[] = [
  { name: 'farm/amd64', measure: (bench) => measureFarm(bench, 'amd64'), peerVersion: podmanVersion },
  { name: 'farm/arm64', measure: (bench) => measureFarm(bench, 'arm64'), peerVersion: podmanVersion },
  { name: 'farm/line', measure: (bench) => measureFarm(bench, 'line'), peerVersion: podmanVersion },
  { name: 'docker', measure: measureDocker, peerVersion: () => runOnNode(dockerNode, 'docker buildx version') },
  { name: 'context', measure: measureContext },
  { name: 'push', measure: measurePush, peerVersion: () => run(['skopeo', '--version']) },
  { name: 'export', measure: measureExports, peerVersion: () => run(['skopeo', '--version']) },
  { name: 'pack', measure: measurePack, peerVersion: () => run(['tar', '--version']) },
  { name: 'line', measure: measureLines, peerVersion: sshVersion },
  { name: 'connect', measure: measureConnect, peerVersion: sshVersion },
  { name: 'memory', measure: measureMemory },
  { name: 'history', measure: measureHistory },
  { name: 'window', measure: measureWindow },
  // prints its limits itself
  { name: 'log', measure: async () => void (await measureLogScroll()) },
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
    small: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

process.exitCode = await (values.write ? writePage() : measureGroups());

async function writePage(): Promise<number> {
  const docs = resolve(import.meta.dirname, '../../docs');
  const results = await readResults(values.json ?? resolve(docs, 'performance.json'));
  await writeFile(resolve(docs, 'PERFORMANCE.md'), formatPage(results));
  return 0;
}

/** @returns 1 if a group could not be measured */
async function measureGroups(): Promise<number> {
  const options = { rounds: Number(values.rounds), isSmall: values.small };
  if (!Number.isInteger(options.rounds) || options.rounds < 1) {
    console.error('--rounds requires a number, such as 5.');
    return 1;
  }
  const isMeant = (name: string, group: string): boolean => `${group}/`.startsWith(`${name}/`);
  const isSelected = ({ name }: Group): boolean =>
    positionals.length === 0 || positionals.some((wanted) => isMeant(wanted, name) || isMeant(name, wanted));
  const unknown = positionals.filter(
    (wanted) => !groups.some(({ name }) => isMeant(wanted, name) || isMeant(name, wanted)),
  );
  if (unknown.length > 0) {
    console.error(`Unknown: ${unknown.join(', ')}. Rows begin with ${groups.map(({ name }) => name).join(', ')}.`);
    return 1;
  }
  // few people have it, and with it Node.js parses hundreds of certificates at each start, which takes 46 ms
  delete process.env.NODE_EXTRA_CA_CERTS;
  const results: Result[] = [];
  let code = 0;
  for (const group of groups.filter(isSelected)) {
    console.error(`measuring ${group.name}`);
    try {
      const measured = await measureGroup(group, options);
      results.push(...measured);
      if (values.json !== undefined) {
        // at once: a long run may be interrupted
        await addResults(values.json, measured);
      }
    } catch (error) {
      console.error(`${group.name} could not be measured:`, error);
      code = 1;
    }
  }
  console.log(formatTable(results));
  const load = loadavg().map((average) => average.toFixed(1));
  console.log(`load ${load.join(', ')} (1, 5, 15 minutes) on ${cpus().length} processors`);
  return code;
}

async function measureGroup(group: Group, options: BenchOptions): Promise<Result[]> {
  const version = await group.peerVersion?.();
  const [peer = ''] = version ? `${version.stdout}${version.stderr}`.trim().split(/\n|,/) : ['the limit'];
  const [loadBefore = 0] = loadavg();
  const bench = new Bench(options);
  await group.measure(bench);
  const [loadAfter = 0] = loadavg();
  const processors = cpus();
  const machine = {
    processors: processors.length,
    model: processors[0]?.model ?? 'unknown',
    loadBefore,
    loadAfter,
    node: process.version,
  };
  const measuredAt = new Date().toISOString();
  return [...bench.measured].map(([id, { ours, theirs }]) => ({
    ...{ id, peer, measuredAt, isSmall: options.isSmall, ours, theirs, machine },
  }));
}
