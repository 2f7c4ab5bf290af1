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

const run = promisify(execFile);

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

function command(line: string, onFirst?: () => void): CommandStream {
  const stream = new CommandStream(line, onFirst);
  streams.push(stream);
  return stream;
}

/** A script of the shell as one word of a command. */
const sh = (script: string): string => `sh -c '${script}'`;

async function pidsIn(file: string): Promise<number[]> {
  await expect.poll(() => readFile(file, 'utf8').catch(() => '')).toMatch(/\n$/);
  return (await readFile(file, 'utf8')).trim().split(/\s+/).map(Number);
}

async function areGone(pids: readonly number[]): Promise<void> {
  await expect.poll(() => pids.filter(isRunning)).toEqual([]);
}

describe('what goes through it', () => {
  test('comes out whole, at the pace of whoever is slower', async () => {
    const stream = command('cat');
    const sent = Buffer.alloc(4 * 1024 * 1024, 'barnraiser');
    // more than the pipes and the buffers hold: it must wait for somebody to read
    const isTaken = stream.write(sent);
    expect(isTaken).toBe(false);
    let isThrough = false;
    stream.once('drain', () => {
      isThrough = true;
    });
    await new Promise((done) => setTimeout(done, 200));
    expect(isThrough).toBe(false);
    expect(stream.readableLength).toBeLessThan(512 * 1024);
    stream.end();
    expect((await buffer(stream)).equals(sent)).toBe(true);
  });

  test('may have ended in our direction while the answer still comes', async () => {
    const stream = command(sh('cat >/dev/null; sleep 0.1; echo answer'));
    stream.end('question');
    expect(await text(stream)).toBe('answer\n');
    expect(stream.outcome).toEqual({ code: 0, signal: null });
  });

  test('is told when its first bytes have come', async () => {
    const first = vi.fn();
    const stream = command('cat', first);
    stream.write('one');
    await once(stream, 'data');
    stream.write('two');
    await once(stream, 'data');
    expect(first).toHaveBeenCalledTimes(1);
  });

  test('has no ear for it, which breaks nothing', async () => {
    const stream = command(sh('exec <&-; sleep 0.2; echo late'));
    const writing = new Promise((done) => stream.write(Buffer.alloc(1024 * 1024), done));
    expect(await text(stream)).toBe('late\n');
    await writing;
  });
});

describe('a command that ends', () => {
  test('has said why, up to 4 KiB of it, and with which code', async () => {
    const stream = command(sh('echo no route >&2; head -c 100000 /dev/zero >&2; exit 3'));
    expect(await text(stream)).toBe('');
    expect(stream.outcome).toEqual({ code: 3, signal: null });
    expect(stream.said).toMatch(/^no route\n/);
    expect(stream.said).toHaveLength(4096);
  });

  test('by a signal', async () => {
    const stream = command(sh('kill -TERM $$'));
    await text(stream);
    expect(stream.outcome).toEqual({ code: null, signal: 'SIGTERM' });
  });

  test('whose shell is not there', async () => {
    vi.stubEnv('SHELL', join(folder, 'none'));
    const stream = command('cat');
    await text(stream);
    expect(stream.outcome?.error?.message).toMatch(/ENOENT/);
  });

  test('that is not there', async () => {
    const stream = command('no-such-command-anywhere 1 2');
    await text(stream);
    expect(stream.outcome?.code).toBe(127);
    expect(stream.said).toContain('no-such-command-anywhere');
  });

  test('ends for whoever reads, though something that it has started goes on', async () => {
    const file = join(folder, 'pids');
    const stream = command(sh(`sleep 600 >/dev/null 2>&1 & echo $! >${file}; echo done`));
    expect(await text(stream)).toBe('done\n');
    await once(stream, 'close');
    await areGone(await pidsIn(file));
  });
});

describe('nothing is left running', () => {
  /** Two processes that nothing but a signal ends, and what they are; `trap` is what they do at one. */
  const stubborn = (file: string, trap = ''): string =>
    sh(`${trap} sleep 600 & echo $$ $! >${file}; while :; do wait; sleep 0.1; done`);

  test('when it is destroyed', async () => {
    const file = join(folder, 'pids');
    const stream = command(stubborn(file));
    const pids = await pidsIn(file);
    expect(pids.map(isRunning)).toEqual([true, true]);
    stream.destroy();
    await once(stream, 'close');
    await areGone(pids);
    expect(stream.outcome).toBeUndefined();
  });

  test('when it is destroyed and does not want to leave', async () => {
    const file = join(folder, 'pids');
    const stream = command(stubborn(file, 'trap "" HUP TERM;'));
    const pids = await pidsIn(file);
    stream.destroy();
    await once(stream, 'close');
    await areGone(pids);
  });

  /** A program that runs a command through a stream and then does as it is told. */
  async function program(line: string, then: string) {
    const file = join(folder, 'program.ts');
    await writeFile(
      file,
      `import { CommandStream } from ${JSON.stringify(resolve(import.meta.dirname, 'command-stream.ts'))};
      const stream = new CommandStream(${JSON.stringify(line)});
      stream.resume();
      process.stdin.once('data', () => { ${then} });
      console.log('there');`,
    );
    const child = spawn(process.execPath, ['--import', 'tsx', file], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    return child;
  }

  test('when our process ends in the middle', async () => {
    const file = join(folder, 'pids');
    const child = await program(stubborn(file, 'trap "" HUP TERM;'), 'process.exit(0)');
    const pids = await pidsIn(file);
    child.stdin.write('now');
    await once(child, 'exit');
    await areGone(pids);
  });

  test('when our process is killed: it sees the end of its input', async () => {
    const file = join(folder, 'pids');
    const child = await program(sh(`echo $$ >${file}; exec cat`), '');
    const pids = await pidsIn(file);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await areGone(pids);
  });
});

test("it is run by the person's shell, which it takes the place of", async () => {
  const bash = (await run('sh', ['-c', 'command -v bash'])).stdout.trim();
  vi.stubEnv('SHELL', bash);
  expect(await text(command('echo $0'))).toBe(`${bash}\n`);
  // no shell is between us and it, nor goes on after it
  expect(await text(command(`${sh('echo $PPID')}; echo after`))).toBe(`${process.pid}\n`);
});
