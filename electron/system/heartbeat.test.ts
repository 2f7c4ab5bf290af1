import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { Heartbeat, readHeartbeat } from './heartbeat.ts';
import { giveToOtherProcess } from './testing/heartbeat-of-other.ts';
import { runInProcess } from './testing/run-in-process.ts';

let folder: string;
let path: string;
let heartbeat: Heartbeat;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-heartbeat-'));
  path = join(folder, 'a', 'heartbeat');
  heartbeat = await Heartbeat.start(path);
});
afterEach(async () => {
  await heartbeat.stop();
  await rm(folder, { recursive: true });
  vi.useRealTimers();
});

test('a heartbeat is alive until it is stopped', async () => {
  expect(await readHeartbeat(path)).toBe('alive');
  await heartbeat.stop();
  expect(await readHeartbeat(path)).toBe('none');
});

test('a heartbeat that was removed comes back, with its folder, but not where a person has removed all around it', async () => {
  await rm(join(folder, 'a'), { recursive: true });
  await vi.advanceTimersByTimeAsync(5_000);
  await expect.poll(() => readHeartbeat(path)).toBe('alive');
  await rm(folder, { recursive: true });
  await vi.advanceTimersByTimeAsync(5_000);
  await heartbeat.stop();
  await expect(readdir(folder)).rejects.toThrow('ENOENT');
  await mkdir(folder);
});

test('the heartbeat of another process is dead as soon as that process is killed', async () => {
  const program = runInProcess(`
    import { Heartbeat } from ${JSON.stringify(new URL('./heartbeat.ts', import.meta.url).href)};
    await Heartbeat.start(${JSON.stringify(join(folder, 'other'))});
    console.log('started');
    process.stdin.resume();
  `);
  onTestFinished(() => void program.child.kill('SIGKILL'));
  await program.nextLine();
  expect(await readHeartbeat(join(folder, 'other'))).toBe('alive');
  program.child.kill('SIGKILL');
  await program.exit;
  expect(await readHeartbeat(join(folder, 'other'))).toBe('dead');
});

test('a heartbeat that has stopped is dead even if a process has the id of its process', async () => {
  await giveToOtherProcess(path, 10_000);
  expect(await readHeartbeat(path)).toBe('alive');
  await giveToOtherProcess(path, 40_000);
  expect(await readHeartbeat(path)).toBe('dead');
});

test('a heartbeat from before a restart of the computer is dead', async () => {
  await giveToOtherProcess(path, -60_000);
  expect(await readHeartbeat(path)).toBe('dead');
});

test('a heartbeat of a process that had our id is dead', async () => {
  await writeFile(path, `${process.pid}-00000000-00 ${'1'.padStart(20)}\n`);
  await utimes(path, new Date(0), new Date(0));
  expect(await readHeartbeat(path)).toBe('dead');
});

test('the sleep of the computer, which moves the wall clock only, does not end a heartbeat', async () => {
  await giveToOtherProcess(path, 1_000);
  await utimes(path, new Date(0), new Date(0));
  expect(await readHeartbeat(path)).toBe('alive');
});

test('a heartbeat of another host is alive for two minutes', async () => {
  const secondsAgo = (seconds: number): Date => new Date(Date.now() - seconds * 1000);
  await writeFile(path, `1-00000000-00 ${'1'.padStart(20)}\n`);
  await utimes(path, secondsAgo(60), secondsAgo(60));
  expect(await readHeartbeat(path)).toBe('alive');
  await utimes(path, secondsAgo(150), secondsAgo(150));
  expect(await readHeartbeat(path)).toBe('dead');
});

test('an empty heartbeat is of a process that is creating it, or was killed while it did', async () => {
  const secondsAgo = (seconds: number): Date => new Date(Date.now() - seconds * 1000);
  await writeFile(path, '');
  expect(await readHeartbeat(path)).toBe('alive');
  await utimes(path, secondsAgo(10), secondsAgo(10));
  expect(await readHeartbeat(path)).toBe('dead');
});

test('a heartbeat that another process removed appears again', async () => {
  await rm(join(folder, 'a'), { recursive: true });
  await vi.waitFor(async () => {
    vi.advanceTimersByTime(5_000);
    expect(await readHeartbeat(path)).toBe('alive');
  });
});

test('two processes cannot hold the same heartbeat', async () => {
  await expect(Heartbeat.start(path)).rejects.toMatchObject({ code: 'EEXIST' });
});

test.runIf(process.platform === 'linux')(
  'a process that exists but no longer beats is asleep, and dead when it ends',
  async () => {
    const child = spawn('sleep', ['60']);
    try {
      const [, host = ''] = (await readFile(path, 'utf8')).split('-');
      const stat = await readFile(`/proc/${child.pid}/stat`, 'latin1');
      const started = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
      const other = join(folder, 'asleep');
      const write = (ticks: number) =>
        writeFile(other, `${child.pid}-${host}-${'a'.repeat(16)}${ticks.toString(16)} ${String(1).padStart(20)}\n`);
      await write(started);
      expect(await readHeartbeat(other)).toBe('asleep');
      // another process had its id before
      await write(started + 1);
      expect(await readHeartbeat(other)).toBe('dead');
      await write(started);
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      expect(await readHeartbeat(other)).toBe('dead');
    } finally {
      child.kill('SIGKILL');
    }
  },
);
