import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startServer } from '../browser/server.ts';
import { pageHeaders } from '../page/headers.ts';
import { respondWithPageFile } from './page-response.ts';

let folder: string;
let page: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-page-'));
  page = join(folder, 'page');
  await mkdir(join(page, 'assets'), { recursive: true });
  await mkdir(join(folder, 'page-of-another'));
  await writeFile(join(page, 'index.html'), '<title>page</title>');
  await writeFile(join(page, 'assets', 'app-1f0c.js'), 'let x;');
  await writeFile(join(page, 'notes.txt'), 'notes');
  await writeFile(join(folder, 'secret.html'), 'secret');
  await writeFile(join(folder, 'page-of-another', 'index.html'), 'secret');
});
afterEach(() => rm(folder, { recursive: true }));

const get = (path: string, method = 'GET'): Promise<Response> =>
  respondWithPageFile(page, { method, url: `app://barnraiser${path}` });

it('sends the files of the page with their content types', async () => {
  const index = await get('/?from=here');
  expect([index.status, index.headers.get('content-type'), await index.text()]).toEqual([
    200,
    'text/html; charset=utf-8',
    '<title>page</title>',
  ]);
  expect((await get('/assets/app-1f0c.js')).headers.get('content-type')).toBe('text/javascript; charset=utf-8');
});

it('sends no files outside the folder, of other types, for other hosts or for other methods', async () => {
  const paths = [
    '/../secret.html',
    '/..%2fsecret.html',
    '/assets/..%2f..%2fsecret.html',
    '/..%2fpage-of-another%2findex.html',
    '/..%5csecret.html',
    '/%00index.html',
    '/%',
    '/assets',
    '/notes.txt',
    '/missing.html',
  ];
  for (const path of paths) {
    const answer = await get(path);
    expect([path, answer.status, await answer.text()]).toEqual([path, 404, 'Not found.']);
  }
  expect((await get('/', 'POST')).status).toBe(404);
  expect((await respondWithPageFile(page, { method: 'GET', url: 'app://elsewhere/' })).status).toBe(404);
});

it('sends the same security headers as the browser front end, in every response', async () => {
  const server = await startServer(
    { call: async () => ({ ok: true, value: {} }), subscribe: () => () => undefined },
    page,
  );
  const browserResponse = await fetch(server.url, { redirect: 'manual' });
  await server.close();
  for (const answer of [await get('/'), await get('/missing.html')]) {
    for (const name of Object.keys(pageHeaders)) {
      expect([name, answer.headers.get(name)]).toEqual([name, browserResponse.headers.get(name)]);
    }
  }
  expect(browserResponse.headers.get('content-security-policy')).toContain("default-src 'none'");
});
