import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { extract } from 'tar-stream';
import { expect, onTestFinished, test } from 'vitest';
import { tarEntry } from '../changed-containerfile.ts';
import { tarContext, testBuild } from '../testing/engine-build.ts';
import { removeSecretFiles, withSecretFiles } from './secret-files.ts';

const secrets = ['first', 'second'].map((id) => ({ id, value: Buffer.from(`value of ${id}`) }));
const context = tarContext(() =>
  Readable.from(
    (async function* () {
      yield await tarEntry('Containerfile', Buffer.from('FROM scratch\n'));
      yield Buffer.alloc(1024);
    })(),
    { objectMode: false },
  ),
);

async function entriesOf(tar: Readable): Promise<Record<string, { text: string; mode: number | undefined }>> {
  const found: Record<string, { text: string; mode: number | undefined }> = {};
  for await (const entry of tar.pipe(extract())) {
    found[entry.header.name] = { text: (await buffer(entry)).toString(), mode: entry.header.mode };
  }
  return found;
}

test('secrets are files of the context that only their owner reads, and the request has only their names', async () => {
  const { build, query } = await withSecretFiles(testBuild({ context, secrets }));
  const parsed: string[] = JSON.parse(query.secrets ?? '');
  const names = parsed.map((secret) => /^id=(?:first|second),src=([^,/]+),type=file$/.exec(secret)?.[1] ?? '');
  const entries = await entriesOf(build.context.tar());
  expect(Object.keys(entries)).toEqual([...names, 'Containerfile']);
  expect(names.map((name) => entries[name])).toEqual(
    ['first', 'second'].map((id) => ({ text: `value of ${id}`, mode: 0o600 })),
  );
  expect(JSON.stringify(query)).not.toContain('value of');
  expect(build.excludes).toEqual(['.git', ...names]);
  // another build has others
  expect((await withSecretFiles(testBuild({ context, secrets }))).query).not.toEqual(query);
});

test('without secrets, the context stays as it is', async () => {
  const original = testBuild({ context });
  expect(await withSecretFiles(original)).toEqual({ build: original, query: {} });
});

test('what a podman that was killed has left of a build is removed, and nothing of others', async () => {
  const builds = [testBuild({ context, secrets }), testBuild({ context, secrets })];
  const folders: string[] = [];
  for (const build of [...builds, builds[0] ?? expect.fail()]) {
    const folder = await mkdtemp('/var/tmp/libpod_builder');
    folders.push(folder);
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const { query } = await withSecretFiles(build);
    const [, name = ''] = /src=([^,]+)/.exec(query.secrets ?? '') ?? [];
    await mkdir(join(folder, 'build'));
    // one was killed before the files were moved
    await writeFile(join(folder, folders.length === 3 ? 'build' : '', name), 'x');
    await writeFile(join(folder, 'tarBall'), 'x');
  }
  const run = async (command: string) => ({ ...(await promisify(execFile)('sh', ['-c', command])), code: 0 });
  await removeSecretFiles({ run }, builds[0]?.id ?? '');
  const left = await readdir('/var/tmp');
  expect(folders.map((folder) => left.includes(basename(folder)))).toEqual([false, true, false]);
});
