import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contextCacheProgram, listContextsCommand, removeContextsCommand } from './context-cache-program.ts';

const shells = ['dash', 'bash', 'busybox', 'ksh', 'mksh'].flatMap((shell) => pathOf(shell) ?? []);

let folder: string;
let contexts: string;
let received: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'context-cache-'));
  contexts = join(folder, 'cache', 'barnraiser', 'contexts');
  received = join(folder, 'received');
  await mkdir(join(folder, 'bin'));
  // in the place of podman: what it would send to the engine becomes a file
  await writeFile(join(folder, 'bin', 'podman'), `#!/bin/sh\ncat >'${received}'\n`);
  await chmod(join(folder, 'bin', 'podman'), 0o755);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** The path of a program. Undefined if this computer does not have it. */
function pathOf(program: string): string | undefined {
  const { stdout } = spawnSync('which', [program]);
  return stdout.toString().trim() || undefined;
}

/** Runs the program with an input and resolves with its output. */
async function serve(
  shell: string,
  input: readonly (string | Buffer)[],
  {
    makesFolder = true,
    tools,
    before = ':',
    socket = join(folder, 'no socket'),
    encoding = 'utf8',
  }: { makesFolder?: boolean; tools?: string; before?: string; socket?: string; encoding?: BufferEncoding } = {},
): Promise<string> {
  const program = `${before}\n${contextCacheProgram(socket, { makesFolder })}`;
  const child = spawn(shell, shell.endsWith('busybox') ? ['sh', '-c', program] : ['-c', program], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: tools ?? `${join(folder, 'bin')}:${process.env.PATH}`, XDG_CACHE_HOME: join(folder, 'cache') },
  });
  child.stdin.on('error', () => undefined);
  const output = buffer(child.stdout);
  child.stdin.end(Buffer.concat(input.map((part) => Buffer.from(part))));
  await once(child, 'close');
  return (await output).toString(encoding);
}

function tarOf(...bytes: readonly number[]): Buffer {
  return Buffer.concat(bytes.map((byte) => Buffer.alloc(512 * 200, byte)));
}

/** How this computer verifies tars. */
const usual = pathOf('openssl') && / sha_ni /.test(readFileSync('/proc/cpuinfo', 'latin1')) ? 'sha256' : 'blake2b512';

function digestOf(bytes: Buffer, hash: string = usual): string {
  return createHash(hash).update(bytes).digest('hex');
}

async function keep(tar: Buffer, digest = digestOf(tar)): Promise<string> {
  await mkdir(contexts, { recursive: true, mode: 0o700 });
  await writeFile(join(contexts, `${digest}.tar`), tar);
  return digest;
}

const name = (tar: Buffer) => `${digestOf(tar)}.tar`;

describe.each(shells)('in %s', (shell) => {
  it('sends a tar to the engine in chunks and keeps a private copy', async () => {
    const tar = tarOf(1, 2, 3);
    const parts = [`both 70000\n`, tar.subarray(0, 70_000), `both ${tar.length - 70_000}\n`, tar.subarray(70_000)];
    const greeting = await serve(shell, ['send 5\nPOST ', 'chunk 3\nabc', ...parts, `end ${digestOf(tar)}\nhold\n`]);

    expect(greeting).toMatch(new RegExp(`^ready \\d+ ${usual} gzip\n$`));
    const frame = (bytes: Buffer) => [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')];
    const chunks = [Buffer.from('abc'), tar.subarray(0, 70_000), tar.subarray(70_000)].flatMap(frame);
    const expected = Buffer.concat([Buffer.from('POST '), ...chunks, Buffer.from('0\r\n\r\n')]);
    expect((await readFile(received)).equals(expected)).toBe(true);
    expect(await readdir(contexts)).toEqual([name(tar)]);
    expect((await stat(contexts)).mode & 0o777).toBe(0o700);
    expect((await stat(join(contexts, name(tar)))).mode & 0o777).toBe(0o600);
  });

  it('decompresses the bytes of an operation', async () => {
    const tar = tarOf(1, 2, 3);
    const [start, end] = [tar.subarray(0, 70_000), tar.subarray(70_000)];
    const compressed = gzipSync(end);
    const operations = [`both ${start.length}\n`, start, `gzip ${compressed.length}\nboth ${end.length}\n`, compressed];
    await serve(shell, [...operations, `chunk 3\nabcend ${digestOf(tar)}\nhold\n`]);

    const chunks = [start, end, Buffer.from('abc')].flatMap((bytes) => [
      Buffer.from(`${bytes.length.toString(16)}\r\n`),
      bytes,
      Buffer.from('\r\n'),
    ]);
    expect((await readFile(received)).equals(Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]))).toBe(true);
    expect((await readFile(join(contexts, name(tar)))).equals(tar)).toBe(true);
  });

  it('makes a tar of a kept one, which it replaces', async () => {
    const old = await keep(tarOf(1, 2, 3));
    const tar = Buffer.concat([tarOf(9), Buffer.alloc(512, 8), tarOf(3, 2, 1)]);
    const parts = [`keep ${512 * 201}\n`, tar.subarray(0, 512 * 201), 'copy 400 200\ncopy 200 200\ncopy 0 200\n'];
    const greeting = await serve(shell, [
      `base ${old}\n`,
      ...parts,
      `check\nsend 4\nHEADfile 0 10\nsend 3\nxyzfile 11 700\nverified ${digestOf(tar)} ${old}\nfile 711 ${801 - 711}\ntidy\nhold\n`,
    ]);

    expect(greeting).toMatch(new RegExp(`^has ${old}\nready \\d+ ${usual} gzip\n$`));
    const expected = [Buffer.from('HEAD'), tar.subarray(0, 5120), Buffer.from('xyz'), tar.subarray(512 * 11)];
    expect((await readFile(received)).equals(Buffer.concat(expected))).toBe(true);
    expect(await readdir(contexts)).toEqual([name(tar)]);
  });

  it('uses a kept tar as it is', async () => {
    const tar = tarOf(1, 2);
    const kept = await keep(tar);
    await serve(shell, [`base ${kept}\ncheck\nfile 0 390\nverified ${kept} ${kept}\nfile 390 10\nhold\n`]);
    expect((await readFile(received)).equals(tar)).toBe(true);
    expect(await readdir(contexts)).toEqual([name(tar)]);
  });

  it.each([
    { tool: 'b2sum', hash: 'blake2b512' },
    { tool: 'sha256sum', hash: 'sha256' },
    { tool: 'sha256sum', does: 'echo no digest >&2; exit 1', hash: 'sha256' },
    { tool: 'sha256sum', does: 'echo unexpected', hash: 'sha256' },
    { tool: 'sha256sum', does: 'sleep 0', hash: 'sha256' },
  ])('verifies with $tool where OpenSSL does: $does', async ({ tool, does, hash }) => {
    if (does !== undefined) {
      await writeFile(join(folder, 'bin', 'openssl'), `#!/bin/sh\n${does}\n`, { mode: 0o755 });
    }
    for (const each of [tool, 'chmod', 'dd', 'tee', 'mv', 'rm', 'ls', 'df', 'touch', 'mkdir', 'cat', 'sleep']) {
      await symlink(pathOf(each) ?? '', join(folder, 'bin', each));
    }
    const tar = tarOf(1, 2);
    const kept = digestOf(tar, hash);
    await keep(tar, kept);
    const operations = `base ${kept}\ncheck\nfile 0 390\nverified ${kept} ${kept}\nfile 390 10\ntidy\nhold\n`;
    const greeting = await serve(shell, [operations], { tools: join(folder, 'bin') });
    expect(greeting).toMatch(new RegExp(`^has ${kept}\nready \\d+ ${hash}\n$`));
    expect((await readFile(received)).equals(tar)).toBe(true);
    expect(await readdir(contexts)).toEqual([`${kept}.tar`]);
  });

  it('leaves nothing after `forget`', async () => {
    const old = await keep(tarOf(1, 2));
    const tar = tarOf(2, 1);
    const parts = 'copy 200 200\ncopy 0 200\n';
    await serve(shell, [
      `base ${old}\n${parts}check\nfile 0 390\nverified ${digestOf(tar)} ${old}\nfile 390 10\ntidy\nforget\nhold\n`,
    ]);
    expect((await readFile(received)).equals(tar)).toBe(true);
    expect(await readdir(contexts)).toEqual([]);
    await rm(join(folder, 'cache'), { recursive: true });
    expect(await serve(shell, [], { makesFolder: false })).toBe('unusable empty\n');
    expect(await readdir(folder)).not.toContain('cache');
  });

  it.each(['changed', 'longer', 'shorter', 'missing'])(
    'does not send the end of a kept tar that is %s',
    async (how) => {
      const tar = tarOf(1, 2);
      const kept = await keep(tar);
      const path = join(contexts, name(tar));
      const changed = Buffer.from(tar);
      changed[150_000] = 7;
      const contents = {
        changed,
        longer: Buffer.concat([tar, tar]),
        shorter: tar.subarray(0, -512),
        missing: undefined,
      };
      const content = contents[how as keyof typeof contents];
      await (content ? writeFile(path, content) : rm(path));

      const output = await serve(shell, [
        `base ${kept}\ncheck\nsend 4\nPOSTfile 0 390\nverified ${kept}\nfile 390 10\nhold\n`,
      ]);
      expect(output.split('\n').at(-2)).toBe(how === 'missing' ? 'failed missing' : 'failed digest');
      expect((await stat(received)).size).toBe(how === 'missing' ? 0 : 'POST'.length + 390 * 512);
      expect(await readdir(contexts)).toEqual([]);
    },
  );

  it('leaves no part of a tar when its input ends early, and removes what killed builds left', async () => {
    await mkdir(contexts, { recursive: true });
    const host = execFileSync('uname', ['-n']).toString().trim();
    await writeFile(join(contexts, `part-${host}-999999999`), 'x');
    await writeFile(join(contexts, `part-${host}-sum-999999999`), 'x');
    await writeFile(join(contexts, `part-${host}-${process.pid}`), 'in use');
    await serve(shell, ['both 100000\n', Buffer.alloc(70_000)]);
    expect(await readdir(contexts)).toEqual([`part-${host}-${process.pid}`]);
  });

  it('keeps the contexts that were used last', async () => {
    await mkdir(contexts, { recursive: true });
    for (let index = 0; index < 10; index++) {
      const path = join(contexts, `${index}.tar`);
      await writeFile(path, 'x');
      await utimes(path, 1000 + index, 1000 + index);
    }
    const tar = tarOf(1);
    await serve(shell, [`both ${tar.length}\n`, tar, `end ${digestOf(tar)}\nhold\n`]);
    expect((await readdir(contexts)).sort()).toEqual(
      [...[3, 4, 5, 6, 7, 8, 9].map((n) => `${n}.tar`), name(tar)].sort(),
    );
  });

  it('does not add to what a killed build left that had the same process id', async () => {
    await mkdir(contexts, { recursive: true });
    const tar = tarOf(1, 2);
    const before = `printf old >'${contexts}'/part-$(uname -n)-$$`;
    await serve(shell, [`both ${tar.length}\n`, tar, `end ${digestOf(tar)}\nhold\n`], { before });
    expect((await readFile(join(contexts, name(tar)))).equals(tar)).toBe(true);
  });

  it('says so when a verified tar cannot be read', async () => {
    const kept = await keep(tarOf(1, 2));
    const dd = `case "$*" in *count=3*) exit 1;; esac\nexec ${pathOf('dd')} "$@"`;
    await writeFile(join(folder, 'bin', 'dd'), `#!/bin/sh\n${dd}\n`, { mode: 0o755 });
    expect(await serve(shell, [`base ${kept}\ncheck\nsend 4\nPOSTfile 0 400\nhold\n`])).toMatch(/failed disk\n$/);
  });

  it('removes nothing that a link in its folder leads to', async () => {
    const tar = tarOf(1);
    await keep(tarOf(2));
    const precious = join(folder, 'precious.tar');
    await writeFile(precious, 'x');
    for (let index = 0; index < 20; index++) {
      await symlink(`/../../../precious.tar`, join(contexts, `link ${index}`));
    }
    await serve(shell, [`both ${tar.length}\n`, tar, `end ${digestOf(tar)}\nhold\n`]);
    expect(await readFile(precious, 'utf8')).toBe('x');
    expect((await readdir(contexts)).filter((each) => each.endsWith('.tar'))).toHaveLength(2);
  });

  it.each(['perl', 'the podman command'])('reaches the socket of the engine through %s', async (relay) => {
    const socket = join(folder, "engine's socket");
    const request = randomBytes(3_000_000);
    const response = Buffer.concat([Buffer.from('HTTP/1.1 200 OK'), randomBytes(3_000_000)]).toString('latin1');
    const received: Buffer[] = [];
    const server = createServer({ allowHalfOpen: true }, (stream) => {
      // an engine responds before it has the whole request
      stream.once('data', () => stream.write(response.slice(0, 10), 'latin1'));
      stream.on('data', (chunk) => received.push(chunk));
      stream.once('end', () => stream.end(response.slice(10), 'latin1'));
    }).listen(socket);
    await once(server, 'listening');
    const dial = `require('node:net').connect({ path: process.argv[1].slice('unix://'.length), allowHalfOpen: true })`;
    const podman = `const socket = ${dial}; process.stdin.pipe(socket).pipe(process.stdout)`;
    await writeFile(join(folder, 'podman.cjs'), podman);
    const command = `#!/bin/sh\nexec '${process.execPath}' -e "$(cat '${folder}/podman.cjs')" "$2"\n`;
    await writeFile(join(folder, 'bin', 'podman'), command, { mode: 0o755 });
    if (relay !== 'perl') {
      await writeFile(join(folder, 'bin', 'perl'), '#!/bin/sh\nexit 127\n', { mode: 0o755 });
    }
    const output = await serve(shell, [`send ${request.length}\n`, request], { socket, encoding: 'latin1' });
    server.close();

    expect(output.slice(output.indexOf('HTTP/')) === response).toBe(true);
    expect(Buffer.concat(received).equals(request)).toBe(true);
  });

  it('does not go on through the podman command with a request that perl has begun', async () => {
    const perl = `#!/bin/sh\ndd bs=3 count=1 >/dev/null 2>&1\nexit 1\n`;
    await writeFile(join(folder, 'bin', 'perl'), perl, { mode: 0o755 });
    await serve(shell, ['send 10\nPOST /1234']);
    expect(await readFile(received).catch(() => 'nothing')).toBe('nothing');
  });

  it('makes its folder private', async () => {
    const kept = await keep(tarOf(1));
    await chmod(contexts, 0o755);
    expect(await serve(shell, [])).toMatch(new RegExp(`^has ${kept}\nready `));
    expect((await stat(contexts)).mode & 0o777).toBe(0o700);
  });

  it('says so when the engine cannot get the whole of what is sent', async () => {
    await writeFile(join(folder, 'bin', 'dd'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    expect(await serve(shell, ['send 4\nPOST'])).toMatch(/failed input\n$/);
    expect(await readFile(received, 'utf8')).toBe('');
  });

  it('does not use a folder that is a link', async () => {
    await mkdir(join(folder, 'cache', 'barnraiser'), { recursive: true });
    await mkdir(join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), contexts);
    expect(await serve(shell, [])).toBe('unusable folder\n');
  });

  it('says which program is missing', async () => {
    await mkdir(join(folder, 'few'));
    for (const tool of ['dd', 'cat', 'chmod', 'uname', 'sha256sum']) {
      await symlink(pathOf(tool) ?? '', join(folder, 'few', tool));
    }
    const output = await serve(shell, [], { tools: join(folder, 'few') });
    expect(output).toBe('unusable podman\n');
  });
});

it('lists the contexts that are kept with what a killed transfer left, and removes those that are named', async () => {
  const digest = await keep(tarOf(1, 2));
  // no process has this id
  const left = `part-${hostname()}-4194305`;
  await writeFile(join(contexts, left), 'half');
  await writeFile(join(contexts, `part-${hostname()}-${process.pid}`), 'living');
  const env = { PATH: process.env.PATH, XDG_CACHE_HOME: join(folder, 'cache') };
  const run = (command: string): string => execFileSync('sh', ['-c', command], { env }).toString();
  const names = run(listContextsCommand)
    .trim()
    .split('\n')
    .map((line) => line.replace(/^\d{10} \d+ /, ''));
  expect(names).toEqual([`${digest}.tar`, left]);
  run(removeContextsCommand(names));
  expect(await readdir(contexts)).toEqual([`part-${hostname()}-${process.pid}`]);
  await rm(join(contexts, `part-${hostname()}-${process.pid}`));
  run(removeContextsCommand(names));
  expect(await readdir(join(folder, 'cache'))).toEqual([]);
  expect(run(listContextsCommand)).toBe('');
});
