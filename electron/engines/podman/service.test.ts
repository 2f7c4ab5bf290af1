import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isRunning } from '../../system/testing/is-running.ts';
import { guardProgram, type PodmanService, startLocalService, waitForService } from './service.ts';

let folder: string;
/** The folder in which services create their own. */
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

/** Installs a program that stands in for podman's command. Only its socket and its process matter here. */
async function installPodman(program: string): Promise<void> {
  await writeFile(join(folder, 'bin', 'podman'), `#!${process.execPath}\n${program}`, { mode: 0o755 });
}
const listens = `const path = process.argv.at(-1).replace('unix://', '');
  require('node:net').createServer((socket) => socket.on('data', () => process.exit(1)).on('error', () => {})).listen(path);`;

function startGuarded(timeoutSeconds: number): Promise<PodmanService> {
  return waitForService(
    'pi4',
    spawn('sh', ['-c', guardProgram(timeoutSeconds)], { stdio: ['pipe', 'pipe', 'ignore'] }),
  );
}

const ended = (service: PodmanService) => service.ended.aborted || once(service.ended, 'abort');

describe('a started podman service', () => {
  test('listens on a socket in its own folder, which is removed when it is closed', async () => {
    await installPodman(listens);
    const service = await startLocalService('pi4');
    const socket = connect(service.socketPath);
    await once(socket, 'connect');
    // it may close with an error or without one
    const closed = once(socket.on('error', () => undefined).resume(), 'close').catch(() => undefined);
    await service.close();
    await closed;
    expect(await readdir(runtime)).toEqual([]);
    expect(service.ended.aborted).toBe(false);
  });

  test('ends by itself, with its child processes, if the heartbeat stops', async () => {
    const file = join(folder, 'pid');
    await installPodman(
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

  test('reports why it has ended unexpectedly', async () => {
    await installPodman(`console.error('Error: out of luck'); ${listens}`);
    const service = await startLocalService('pi4');
    connect(service.socketPath)
      .on('error', () => undefined)
      .write('die');
    await ended(service);
    expect(service.ended.reason).toMatchObject({
      problem: { code: 'engine.unreachable', detail: 'Error: out of luck' },
    });
    expect(await readdir(runtime)).toEqual([]);
  });

  test('that does not start fails with the output of podman', async () => {
    await installPodman(`console.error('Error: no such storage'); process.exit(125);`);
    await expect(startLocalService('pi4')).rejects.toMatchObject({
      problem: { code: 'engine.no-socket', detail: 'Error: no such storage' },
    });
    expect(await readdir(runtime)).toEqual([]);
  });

  test('ends when the signal aborts during its start', async () => {
    await installPodman(`setInterval(() => {}, 1000);`);
    const cancel = new AbortController();
    const starting = startLocalService('pi4', cancel.signal);
    await expect.poll(() => readdir(runtime)).toHaveLength(1);
    cancel.abort(new Error('cancelled'));
    await expect(starting).rejects.toThrow('cancelled');
    await expect.poll(() => readdir(runtime)).toEqual([]);
  });
});
