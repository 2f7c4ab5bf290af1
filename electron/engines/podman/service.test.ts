import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isRunning } from '../../system/testing/is-running.ts';
import { guardProgram, type PodmanService, serviceOf, startServiceHere } from './service.ts';

let folder: string;
/** Where the services make their folders. */
let runtime: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'service-'));
  runtime = join(folder, 'runtime');
  await mkdir(runtime);
  await mkdir(join(folder, 'bin'));
  vi.stubEnv('XDG_RUNTIME_DIR', runtime);
  vi.stubEnv('PATH', `${join(folder, 'bin')}:${process.env.PATH}`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** Stands for podman's command, of which only the socket and the process count here. */
async function podmanIs(program: string): Promise<void> {
  await writeFile(join(folder, 'bin', 'podman'), `#!${process.execPath}\n${program}`, { mode: 0o755 });
}
const listens = `const path = process.argv.at(-1).replace('unix://', '');
  require('node:net').createServer((socket) => socket.on('data', () => process.exit(1)).on('error', () => {})).listen(path);`;

function startGuarded(patience: number): Promise<PodmanService> {
  return serviceOf('pi4', spawn('sh', ['-c', guardProgram(patience)], { stdio: ['pipe', 'pipe', 'ignore'] }));
}

const ended = (service: PodmanService) => service.ended.aborted || once(service.ended, 'abort');

describe('a service that was started for us', () => {
  test('listens at a socket in a folder of its own, and nothing of it stays when it is closed', async () => {
    await podmanIs(listens);
    const service = await startServiceHere('pi4');
    const socket = connect(service.socketPath);
    await once(socket, 'connect');
    // however a socket is closed whose other side has gone
    const closed = once(socket.on('error', () => undefined).resume(), 'close').catch(() => undefined);
    await service.close();
    await closed;
    expect(await readdir(runtime)).toEqual([]);
    expect(service.ended.aborted).toBe(false);
  });

  test('ends by itself, with all that it has started, when nothing is heard of us for too long', async () => {
    const file = join(folder, 'pid');
    await podmanIs(
      `${listens} const { pid } = require('node:child_process').spawn('sleep', ['600']);
      require('node:fs').writeFileSync(${JSON.stringify(file)}, String(pid));`,
    );
    const service = await startGuarded(1);
    await ended(service);
    expect(await readdir(runtime)).toEqual([]);
    await expect(access(service.socketPath)).rejects.toMatchObject({ code: 'ENOENT' });
    const started = Number(await readFile(file, 'utf8'));
    await expect.poll(() => isRunning(started)).toBe(false);
  });

  test('tells why it has ended where it was not us', async () => {
    await podmanIs(`console.error('Error: out of luck'); ${listens}`);
    const service = await startServiceHere('pi4');
    connect(service.socketPath)
      .on('error', () => undefined)
      .write('die');
    await ended(service);
    expect(service.ended.reason).toMatchObject({
      problem: { code: 'engine.unreachable', detail: 'Error: out of luck' },
    });
    expect(await readdir(runtime)).toEqual([]);
  });

  test('that does not come up fails with what podman says', async () => {
    await podmanIs(`console.error('Error: no such storage'); process.exit(125);`);
    await expect(startServiceHere('pi4')).rejects.toMatchObject({
      problem: { code: 'engine.no-socket', detail: 'Error: no such storage' },
    });
    expect(await readdir(runtime)).toEqual([]);
  });

  test('is not waited for when the signal aborts, and goes', async () => {
    await podmanIs(`setInterval(() => {}, 1000);`);
    const cancel = new AbortController();
    const starting = startServiceHere('pi4', cancel.signal);
    await expect.poll(() => readdir(runtime)).toHaveLength(1);
    cancel.abort(new Error('cancelled'));
    await expect(starting).rejects.toThrow('cancelled');
    await expect.poll(() => readdir(runtime)).toEqual([]);
  });
});
