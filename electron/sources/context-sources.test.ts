import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { access, lstat, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ContextSources, OpenedSource } from './context-sources.ts';
import { testSources } from './testing/test-sources.ts';

const { signal } = new AbortController();
const login = { username: 'kim', password: 'private-123' };
let folder: string;
let server: Server;
let address: string;
/** A server answers only when this is resolved. */
let gate: Promise<void> = Promise.resolve();
let requests: string[] = [];
let sources: ContextSources;
let progress: string[];

/** git over HTTP with a login, for the repositories in `srv`. */
function startServer(): Promise<void> {
  server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '', 'http://host');
    requests.push(pathname);
    const expected = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
    if (pathname.startsWith('/private') && request.headers.authorization !== expected) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end();
      return;
    }
    void gate.then(() => {
      const env = {
        ...process.env,
        GIT_PROJECT_ROOT: join(folder, 'srv'),
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: pathname,
        QUERY_STRING: search.slice(1),
        REQUEST_METHOD: request.method ?? '',
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      };
      const backend = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
      request.pipe(backend.stdin);
      answer(backend, response);
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      resolve();
    });
  });
}

/** Turns the output of a CGI program into a response. */
function answer(program: ChildProcess, response: import('node:http').ServerResponse): void {
  const chunks: Buffer[] = [];
  program.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  program.once('close', () => {
    const all = Buffer.concat(chunks);
    const end = all.indexOf('\r\n\r\n');
    const headers = all.subarray(0, end).toString().split('\r\n');
    const status = headers.find((line) => line.startsWith('Status:'))?.slice(8, 11) ?? '200';
    const pairs = headers.filter((line) => !line.startsWith('Status:')).map((line) => line.split(': '));
    response.writeHead(Number(status), Object.fromEntries(pairs)).end(all.subarray(end + 4));
  });
}

function git(cwd: string, ...args: string[]): string {
  const who = ['-c', 'user.name=kim', '-c', 'user.email=kim@example.com', '-c', 'protocol.file.allow=always'];
  return execFileSync('git', [...who, ...args], { cwd, stdio: ['ignore', 'pipe', 'ignore'] })
    .toString()
    .trim();
}

/** Commits files to a repository, which is served. `->` begins the target of a link. */
function commit(name: string, files: Readonly<Record<string, string>>): string {
  const work = join(folder, 'work', name);
  mkdirSync(work, { recursive: true });
  git(work, 'init', '-q', '-b', 'main');
  for (const [path, content] of Object.entries(files)) {
    const full = join(work, path);
    mkdirSync(dirname(full), { recursive: true });
    if (content.startsWith('->')) {
      symlinkSync(content.slice(2), full);
    } else {
      writeFileSync(full, content);
    }
  }
  git(work, 'add', '-A');
  git(work, 'commit', '--allow-empty', '-qm', 'change');
  const served = join(folder, 'srv', `${name}.git`);
  mkdirSync(served, { recursive: true });
  git(served, 'init', '-q', '--bare', '-b', 'main');
  git(work, 'push', '-q', '--force', '--tags', served, 'main');
  return git(work, 'rev-parse', 'HEAD');
}

async function files({ folder: root }: OpenedSource): Promise<string[]> {
  return (await readdir(root, { recursive: true })).sort();
}

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'barnraiser-sources-')));
  await startServer();
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  requests = [];
  progress = [];
  gate = Promise.resolve();
  const home = await mkdtemp(join(folder, 'home-'));
  sources = testSources(home, (context, text) => progress.push(`${context} ${text}`));
});
afterEach(() => sources.close());

describe('a git repository', () => {
  it('is built at its branch, tag or commit, and a folder of it', async () => {
    const first = commit('app', { 'deploy/Containerfile': 'FROM scratch\n', a: '1' });
    git(join(folder, 'work/app'), 'tag', '-a', 'v1', '-m', 'v1');
    const second = commit('app', { a: '2' });
    const url = `${address}/app.git`;
    const opened = await sources.open({ context: `${url}#v1:deploy` }, { signal });
    expect(opened).toMatchObject({ commit: first, name: 'deploy', project: `${url}#:deploy`, isForeign: true });
    expect(await files(opened)).toEqual(['Containerfile']);
    const whole = await sources.open({ context: url }, { signal });
    expect(whole).toMatchObject({ commit: second, name: 'app' });
    expect(await files(whole)).toEqual(['a', 'deploy', 'deploy/Containerfile']);
    // a retry builds the same commit, although the branch has moved
    const again = await sources.open({ context: `${url}#main`, commit: first }, { signal });
    expect(await readFile(join(again.folder, 'a'), 'utf8')).toBe('1');
    // the same file has the same time in all commits
    const times = await Promise.all(
      [whole, again].map(async (each) => (await stat(join(each.folder, 'deploy/Containerfile'))).mtimeMs),
    );
    expect(new Set(times).size).toBe(1);
    for (const each of [opened, whole, again]) {
      each.release();
    }
  });

  it('is not asked again for a commit that is known, or for a branch that was just looked up', async () => {
    const id = commit('known', { a: '1' });
    const context = `${address}/known.git#main`;
    (await sources.open({ context }, { signal })).release();
    const before = requests.length;
    (await sources.open({ context, commit: id }, { signal })).release();
    (await sources.open({ context }, { signal, acceptsRecent: true })).release();
    expect(requests.length).toBe(before);
  });

  it.each([
    ['#gone', /no branch, tag or commit gone/],
    ['#main:gone', /no folder gone/],
    [`#${'0'.repeat(40)}`, /no commit 0000/],
    ['?ref=main&commit=abcdef1', /is at commit/],
  ])('with %s is refused', async (suffix, message) => {
    commit('refused', { a: '1' });
    await expect(sources.open({ context: `${address}/refused.git${suffix}` }, { signal })).rejects.toThrow(message);
  });

  it('needs a login that is in the URL, and shows it nowhere', async () => {
    commit('private', { a: '1' });
    const { username, password } = login;
    const secret = `${username}:${password}@`;
    const opened = await sources.open({ context: `${address.replace('//', `//${secret}`)}/private.git` }, { signal });
    expect(opened.context).toBe(`${address}/private.git`);
    const config = await readdir(folder, { recursive: true, withFileTypes: true });
    const kept = await Promise.all(
      config.filter((each) => each.isFile()).map((each) => readFile(join(each.parentPath, each.name), 'latin1')),
    );
    expect(`${progress.join()}${JSON.stringify(opened)}${kept.join()}`).not.toContain(password);
    opened.release();
    const wrong = { context: `${address.replace('//', '//kim:other-secret@')}/private.git#x` };
    const failure = await sources.open(wrong, { signal }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ problem: { code: 'source.access' } });
    expect(JSON.stringify(failure)).not.toContain('other-secret');
  });

  it('that is hostile runs no program and leads to no file of this computer', async () => {
    const mark = join(folder, 'ran');
    commit('hostile', {
      '.gitattributes': 'a filter=evil\n',
      a: '1',
      link: '->/etc/passwd',
      out: '->../../..',
    });
    const config = join(folder, 'gitconfig');
    await writeFile(
      config,
      `[filter "evil"]\n\tsmudge = touch ${mark}\n\trequired = true\n[core]\n\thooksPath = ${folder}\n`,
    );
    await writeFile(join(folder, 'post-checkout'), `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
    await writeFile(join(folder, 'reference-transaction'), `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
    vi.stubEnv('GIT_CONFIG_GLOBAL', config);
    try {
      const opened = await sources.open({ context: `${address}/hostile.git` }, { signal });
      expect((await lstat(join(opened.folder, 'link'))).isSymbolicLink()).toBe(true);
      await expect(access(mark)).rejects.toThrow();
      opened.release();
      await expect(sources.open({ context: `${address}/hostile.git#main:out` }, { signal })).rejects.toThrow(
        /no folder/,
      );
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('brings its submodules, but none from this computer', async () => {
    const library = commit('library', { code: 'x' });
    const modules = (url: string): string => `[submodule "l"]\n\tpath = lib\n\turl = ${url}\n`;
    const addLink = (name: string): void => {
      const work = join(folder, 'work', name);
      git(work, 'update-index', '--add', '--cacheinfo', `160000,${library},lib`);
      git(work, 'commit', '-qm', 'submodule');
      git(work, 'push', '-q', '--force', join(folder, 'srv', `${name}.git`), 'main');
    };
    commit('with', { '.gitmodules': modules('../library.git') });
    addLink('with');
    const opened = await sources.open({ context: `${address}/with.git` }, { signal });
    expect(await files(opened)).toEqual(['.gitmodules', 'lib', 'lib/code']);
    opened.release();
    const without = await sources.open({ context: `${address}/with.git?submodules=0` }, { signal });
    expect(await files(without)).toEqual(['.gitmodules', 'lib']);
    without.release();
    const outside = join(folder, 'written');
    commit('index', { '.gitmodules': modules('../library.git'), 'lib.index': `->${outside}` });
    addLink('index');
    const indexed = await sources.open({ context: `${address}/index.git` }, { signal });
    expect(await files(indexed)).toEqual(['.gitmodules', 'lib', 'lib.index', 'lib/code']);
    await expect(access(outside)).rejects.toThrow();
    expect(await readdir(dirname(indexed.folder))).toEqual(
      expect.not.arrayContaining([expect.stringMatching(/index/)]),
    );
    indexed.release();
    commit('local', { '.gitmodules': modules(join(folder, 'srv/library.git')) });
    addLink('local');
    await expect(sources.open({ context: `${address}/local.git` }, { signal })).rejects.toThrow(/nothing is fetched/);
  });

  it('is given up at once when that is asked for, with all that git has started', async () => {
    commit('slow', { a: '1' });
    gate = new Promise(() => undefined);
    const stopping = new AbortController();
    const opening = sources.open({ context: `${address}/slow.git` }, { signal: stopping.signal });
    await expect.poll(() => requests.length).toBeGreaterThan(0);
    stopping.abort(new Error('stopped'));
    await expect(opening).rejects.toThrow('stopped');
    await expect.poll(() => execFileSync('ps', ['-eo', 'args']).toString().includes(`${address}/slow.git`)).toBe(false);
  });
});

describe('standard input', () => {
  it('may be a Containerfile without files', async () => {
    const input = join(folder, 'input');
    await writeFile(input, 'FROM scratch\n');
    const opened = await sources.open({ context: '-', input }, { signal });
    expect(opened.containerfile?.toString()).toBe('FROM scratch\n');
    expect(await files(opened)).toEqual([]);
    opened.release();
  });

  it('is not there for a second build, and may not be empty', async () => {
    await expect(sources.open({ context: '-' }, { signal })).rejects.toThrow(/not kept/);
    const input = join(folder, 'empty');
    await writeFile(input, '');
    await expect(sources.open({ context: '-', input }, { signal })).rejects.toThrow(/is empty/);
  });
});

it('files are removed when nothing needs them', async () => {
  const archive = join(folder, 'a.tar');
  await writeFile(join(folder, 'a'), 'x');
  execFileSync('tar', ['-cf', archive, '-C', folder, 'a']);
  const [one, other] = await Promise.all([1, 2].map(() => sources.open({ context: archive }, { signal })));
  expect(one?.folder).toBe(other?.folder);
  expect(await files(one ?? expect.fail('not opened'))).toEqual(['a']);
  await sources.close();
  await expect(access(one?.folder ?? '')).rejects.toThrow();
});
