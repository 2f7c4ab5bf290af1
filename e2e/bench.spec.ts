/** The measurements run, and the line proxy passes on what it gets. How fast anything is, no test checks. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startLineProxy } from './bench/line-proxy.ts';
import { addResults, formatPage, readResults } from './bench/report.ts';
import { run } from './lab/command.ts';

const program = resolve(import.meta.dirname, 'bench', 'run.ts');
let folder: string;
let json: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-bench-spec-'));
  json = join(folder, 'results.json');
});
afterEach(() => rm(folder, { recursive: true }));

const bench = (...args: string[]) => run([process.execPath, '--import', 'tsx', program, ...args]);

test('a row is measured against another program, printed, and added to a file', async () => {
  const { code, stdout, stderr } = await bench('pack', '--small', '--rounds', '2', '--json', json);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^pack\/all +[\d.]+ s +[\d.]+ s +[\d.]+ +≤ 3 +small input +tar \(GNU tar\) [\d.]+$/m);
  expect(stdout).toMatch(/^load .+ on \d+ processors$/m);
  const results = await readResults(json);
  expect(results).toMatchObject(['pack/all', 'pack/unchanged'].map((id) => ({ id, isSmall: true })));
  expect(results.map(({ ours, theirs }) => [ours.length, theirs.length])).toEqual([
    [2, 2],
    [2, 2],
  ]);
});

test('a row that does not exist is refused', async () => {
  const { code, stderr } = await bench('packing');
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('Unknown: packing.') });
});

test('the page has a line for each row, and says which goals are missed and what was not measured', async () => {
  const machine = { processors: 2, model: 'a processor', loadBefore: 0.1, loadAfter: 1.5, node: 'v20.20.0' };
  const common = { isSmall: false, measuredAt: '2026-03-01T10:15:00.000Z', machine };
  await addResults(json, [
    { ...common, id: 'pack/all', peer: 'tar (GNU tar) 1.34', ours: [9, 9, 9], theirs: [1, 1, 1] },
    { ...common, id: 'push/first', peer: 'skopeo version 1.9.3', ours: [1, 2, 30], theirs: [4, 4, 4] },
  ]);
  // a new measurement replaces the old one of the same row
  await addResults(json, [{ ...common, id: 'pack/all', peer: 'tar (GNU tar) 1.34', ours: [8, 4], theirs: [1, 1] }]);
  const page = formatPage(await readResults(json));
  expect(page).toContain(
    '| push of 1 GB for two platforms | skopeo version 1.9.3 | 4.00 s | 2.00 s | 0.50 | ≤ 1 | met |',
  );
  expect(page).toContain('| tar (GNU tar) 1.34 | 1.00 s | 6.00 s | 6.00 | ≤ 3 | **missed** |');
  expect(page.split('## Missed goals')[1]?.split('##')[0]).toContain('packing 40,000 small files');
  expect(page.split('## Not measured')[1]?.split('##')[0]).toContain('amd64: nothing changed');
});

test('a file that is not of this format is left as it is', async () => {
  await writeFile(json, '{}');
  await expect(addResults(json, [])).rejects.toThrow();
});

test('a line passes on all bytes in both directions, and the end of each', async () => {
  const sent = randomBytes(1_000_000);
  // answers when it has everything, so it needs the end of what it gets
  const server = createServer({ allowHalfOpen: true }, async (socket) => {
    socket.end((await buffer(socket.iterator({ destroyOnReturn: false }))).reverse());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const line = await startLineProxy((server.address() as AddressInfo).port, { roundTripMs: 4, megabitsPerSecond: 400 });
  try {
    const answers = await Promise.all(
      [0, 1, 2].map(async () => {
        const client = connect({ port: line.port, host: '127.0.0.1', allowHalfOpen: true });
        client.end(sent);
        return buffer(client);
      }),
    );
    const expected = Buffer.from(sent).reverse();
    expect(answers.map((answer) => answer.equals(expected))).toEqual([true, true, true]);
  } finally {
    await line.close();
    server.close();
  }
});

test('a connection through a line ends when the target is unreachable or goes away, and when the line is closed', async () => {
  const server = createServer((socket) => void socket.on('data', () => socket.resetAndDestroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const line = await startLineProxy((server.address() as AddressInfo).port, { roundTripMs: 2, megabitsPerSecond: 100 });
  const open = async () => {
    const client = connect(line.port, '127.0.0.1').on('error', () => undefined);
    await once(client, 'connect');
    return { client, closed: new Promise((closed) => client.resume().once('close', closed)) };
  };
  const reset = await open();
  reset.client.write('x');
  await reset.closed;
  const idle = await open();
  server.close();
  await line.close();
  await idle.closed;
});
