import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isRunning } from '../system/testing/is-running.ts';
import { CommandStream } from './command-stream.ts';

const execute = promisify(execFile);

let folder: string;
const streams: CommandStream[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'command-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const stream of streams.splice(0)) {
    stream.destroy();
  }
  await rm(folder, { recursive: true });
});

function run(line: string, onFirstData?: () => void): CommandStream {
  const stream = new CommandStream(line, onFirstData);
  streams.push(stream);
  return stream;
}

/** A command that runs a shell script. */
const sh = (script: string): string => `sh -c '${script}'`;

async function pidsIn(file: string): Promise<number[]> {
  await expect.poll(() => readFile(file, 'utf8').catch(() => '')).toMatch(/\n$/);
  return (await readFile(file, 'utf8')).trim().split(/\s+/).map(Number);
}

async function expectGone(pids: readonly number[]): Promise<void> {
  await expect.poll(() => pids.filter(isRunning)).toEqual([]);
}

describe('the data of a command', () => {
  test('is complete, and is written only as fast as it is read', async () => {
    const stream = run('cat');
    const sent = Buffer.alloc(4 * 1024 * 1024, 'barnraiser');
    // more than the pipes and buffers hold, so it has to wait for a reader
    const isAccepted = stream.write(sent);
    expect(isAccepted).toBe(false);
    let isDrained = false;
    stream.once('drain', () => {
      isDrained = true;
    });
    await new Promise((done) => setTimeout(done, 200));
    expect(isDrained).toBe(false);
    expect(stream.readableLength).toBeLessThan(512 * 1024);
    stream.end();
    expect((await buffer(stream)).equals(sent)).toBe(true);
  });

  test('still arrives after we have ended our side', async () => {
    const stream = run(sh('cat >/dev/null; sleep 0.1; echo answer'));
    stream.end('question');
    expect(await text(stream)).toBe('answer\n');
    expect(stream.outcome).toEqual({ code: 0, signal: null });
  });

  test('causes one call when its first bytes arrive', async () => {
    const onFirstData = vi.fn();
    const stream = run('cat', onFirstData);
    stream.write('one');
    await once(stream, 'data');
    stream.write('two');
    await once(stream, 'data');
    expect(onFirstData).toHaveBeenCalledTimes(1);
  });

  test('may be written to a closed stdin', async () => {
    const stream = run(sh('exec <&-; sleep 0.2; echo late'));
    const writing = new Promise((done) => stream.write(Buffer.alloc(1024 * 1024), done));
    expect(await text(stream)).toBe('late\n');
    await writing;
  });
});

describe('a command that ends', () => {
  test('leaves its exit code and up to 4 KiB of stderr', async () => {
    const stream = run(sh('echo no route >&2; head -c 100000 /dev/zero >&2; exit 3'));
    expect(await text(stream)).toBe('');
    expect(stream.outcome).toEqual({ code: 3, signal: null });
    expect(stream.stderr).toMatch(/^no route\n/);
    expect(stream.stderr).toHaveLength(4096);
  });

  test('by a signal leaves the name of the signal', async () => {
    const stream = run(sh('kill -TERM $$'));
    await text(stream);
    expect(stream.outcome).toEqual({ code: null, signal: 'SIGTERM' });
  });

  test('because the shell does not exist leaves the error', async () => {
    vi.stubEnv('SHELL', join(folder, 'none'));
    const stream = run('cat');
    await text(stream);
    expect(stream.outcome?.error?.message).toMatch(/ENOENT/);
  });

  test('because it does not exist leaves exit code 127', async () => {
    const stream = run('no-such-command-anywhere 1 2');
    await text(stream);
    expect(stream.outcome?.code).toBe(127);
    expect(stream.stderr).toContain('no-such-command-anywhere');
  });

  test('ends the stream even if a process that it has started runs on', async () => {
    const file = join(folder, 'pids');
    const stream = run(sh(`sleep 600 >/dev/null 2>&1 & echo $! >${file}; echo done`));
    expect(await text(stream)).toBe('done\n');
    await once(stream, 'close');
    await expectGone(await pidsIn(file));
  });
});

describe('no process is left', () => {
  /**
   * A command of two processes that only a signal ends. It writes their ids to a file.
   * @param trap how they handle signals.
   */
  const stubborn = (file: string, trap = ''): string =>
    sh(`${trap} sleep 600 & echo $$ $! >${file}; while :; do wait; sleep 0.1; done`);

  test('when the stream is destroyed', async () => {
    const file = join(folder, 'pids');
    const stream = run(stubborn(file));
    const pids = await pidsIn(file);
    expect(pids.map(isRunning)).toEqual([true, true]);
    stream.destroy();
    await once(stream, 'close');
    await expectGone(pids);
    expect(stream.outcome).toBeUndefined();
  });

  test('when the stream is destroyed and the command ignores SIGHUP', async () => {
    const file = join(folder, 'pids');
    const stream = run(stubborn(file, 'trap "" HUP TERM;'));
    const pids = await pidsIn(file);
    stream.destroy();
    await once(stream, 'close');
    await expectGone(pids);
  });

  /** A program that runs a command through a stream, and runs `onInput` when it gets input. */
  async function program(line: string, onInput: string) {
    const file = join(folder, 'program.ts');
    await writeFile(
      file,
      `import { CommandStream } from ${JSON.stringify(resolve(import.meta.dirname, 'command-stream.ts'))};
      const stream = new CommandStream(${JSON.stringify(line)});
      stream.resume();
      process.stdin.once('data', () => { ${onInput} });
      console.log('started');`,
    );
    const child = spawn(process.execPath, ['--import', 'tsx', file], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    return child;
  }

  test('when our process exits', async () => {
    const file = join(folder, 'pids');
    const child = await program(stubborn(file, 'trap "" HUP TERM;'), 'process.exit(0)');
    const pids = await pidsIn(file);
    child.stdin.write('now');
    await once(child, 'exit');
    await expectGone(pids);
  });

  test('when our process is killed, because the command sees the end of its stdin', async () => {
    const file = join(folder, 'pids');
    const child = await program(sh(`echo $$ >${file}; exec cat`), '');
    const pids = await pidsIn(file);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expectGone(pids);
  });
});

test("the user's shell runs the command, which replaces the shell", async () => {
  const bash = (await execute('sh', ['-c', 'command -v bash'])).stdout.trim();
  vi.stubEnv('SHELL', bash);
  expect(await text(run('echo $0'))).toBe(`${bash}\n`);
  // there is no shell between us and the command, and none that goes on after it
  expect(await text(run(`${sh('echo $PPID')}; echo after`))).toBe(`${process.pid}\n`);
});
