/** What a registry may answer to do harm, or because it is broken: each is a problem in words, soon, and no other host gets a login. */

import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { digestOf } from '../images/digest.ts';
import { ImageStore } from '../images/image-store.ts';
import { mediaTypes } from '../images/manifest.ts';
import { sampleImage } from '../images/testing/sample-image.ts';
import type { CredentialSource } from './credential-source.ts';
import { type HttpResponse, readBody } from './http.ts';
import { pullImage } from './pull.ts';
import { openRepository } from './remote-image.ts';
import { FakeRegistry } from './testing/fake-registry.ts';

const password = 'very secret';
let registry: FakeRegistry;
let other: { readonly host: string; readonly seen: IncomingMessage[]; stop(): Promise<void> };
let folder: string;
let store: ImageStore;
let waits: number[];
const image = sampleImage('linux/amd64');

beforeEach(async () => {
  registry = await FakeRegistry.start();
  other = await startOther();
  folder = await mkdtemp(join(tmpdir(), 'lying-'));
  store = await ImageStore.open(join(folder, 'images'));
  waits = [];
  for (const blob of [image.config, ...image.layers]) {
    registry.blobs.set(digestOf(blob), blob);
  }
  for (const name of ['1', digestOf(image.manifest)]) {
    registry.manifests.set(name, { mediaType: image.mediaType, bytes: image.manifest });
  }
});
afterEach(async () => {
  vi.useRealTimers();
  // whatever happened
  expect(other.seen.map(({ headers }) => headers.authorization ?? '').join('')).toBe('');
  expect(await store.list()).toEqual([]);
  await store.close();
  await registry.stop();
  await other.stop();
  await rm(folder, { recursive: true });
});

async function startOther() {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

function access() {
  const credentials: CredentialSource = {
    ...{ env: {}, home: folder, platform: 'linux', uid: 1, root: folder },
    explicit: { username: 'anna', password },
  };
  const wait = async (ms: number): Promise<void> => void waits.push(ms);
  return { credentials, tlsVerify: false, signal: AbortSignal.timeout(30_000), wait };
}

type Answer = (response: ServerResponse, path: string) => void;

/** Answers the requests whose path matches. They need a login, so that one is sent. */
function answer(matches: RegExp, give: Answer): void {
  registry.fault = (request, response, { path }) => {
    if (request.headers.authorization === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="lying"' }).end();
      return true;
    }
    if (!matches.test(path)) {
      return false;
    }
    give(response, path);
    return true;
  };
}

const location = () => ({ registry: registry.host, repository: 'team/api', tag: '1' });

async function problemOfPull(): Promise<Problem> {
  const problem = await pullImage({
    ...{ image: location(), reference: 'api:1', store, onProgress: () => {}, ...access() },
  }).then(
    () => expect.fail('it was pulled'),
    (error: unknown) => problemOf(error),
  );
  expect(JSON.stringify(problem)).not.toContain(password);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
  expect(Object.values(problem).join('')).not.toMatch(/[\u0000-\u0008\u001b\u202e]/);
  return problem;
}

async function problemOfTags(): Promise<Problem> {
  const client = await openRepository(location(), access());
  try {
    return await client.listTags().then(
      (tags) => expect.fail(`${tags.length} tags`),
      (error: unknown) => problemOf(error),
    );
  } finally {
    await client.close();
  }
}

const send = (status: number, headers: Record<string, string>, body: string | Buffer = ''): Answer => {
  return (response) => response.writeHead(status, headers).end(body);
};
const type = { 'content-type': image.mediaType };
const manifests = /\/manifests\//;

describe('a pull is refused if', () => {
  test.each<[string, string, () => void]>([
    [
      'a manifest has another digest than the header says',
      'registry.refused',
      () =>
        answer(manifests, send(200, { ...type, 'docker-content-digest': `sha256:${'0'.repeat(64)}` }, image.manifest)),
    ],
    [
      'the manifest of a digest is another one',
      'registry.refused',
      () => {
        const bytes = Buffer.from(
          JSON.stringify({
            schemaVersion: 2,
            mediaType: mediaTypes.ociIndex,
            manifests: [
              {
                ...{ mediaType: image.mediaType, digest: `sha256:${'1'.repeat(64)}`, size: image.manifest.length },
                platform: { os: 'linux', architecture: 'amd64' },
              },
            ],
          }),
        );
        registry.manifests.set('1', { mediaType: mediaTypes.ociIndex, bytes });
        answer(/manifests\/sha256:/, send(200, type, image.manifest));
      },
    ],
    ['a manifest is huge', 'registry.refused', () => answer(manifests, send(200, type, Buffer.alloc(9_000_000, 32)))],
    [
      'a manifest is compressed although that was not asked for',
      'registry.refused',
      () => answer(manifests, send(200, { ...type, 'content-encoding': 'gzip' }, gzipSync(image.manifest))),
    ],
    ['a manifest is HTML', 'image.corrupt', () => answer(manifests, send(200, { 'content-type': 'text/html' }, '<p>'))],
    [
      'a manifest is nested without end',
      'image.corrupt',
      () => answer(manifests, send(200, type, `{"schemaVersion":2,"a":${'['.repeat(500_000)}${']'.repeat(500_000)}}`)),
    ],
    [
      'a manifest is redirected to itself',
      'registry.refused',
      () => answer(manifests, (response, path) => response.writeHead(307, { location: path }).end()),
    ],
    [
      'a manifest is redirected in a circle',
      'registry.refused',
      () =>
        answer(manifests, (response, path) =>
          response.writeHead(302, { location: path.includes('?') ? path.split('?')[0] : `${path}?again` }).end(),
        ),
    ],
    [
      'a manifest is redirected to a file',
      'registry.refused',
      () => answer(manifests, send(302, { location: 'file:///etc/passwd' })),
    ],
    [
      'a blob is redirected to another kind of address',
      'registry.refused',
      () => answer(/\/blobs\//, send(307, { location: 'gopher://127.0.0.1/' })),
    ],
    [
      'a blob is redirected to an address with escapes',
      'registry.refused',
      () => answer(/\/blobs\//, send(307, { location: 'http://[\t' })),
    ],
    ['headers have no end', 'registry.unreachable', () => answer(manifests, send(200, { x: 'y'.repeat(100_000) }))],
    [
      'the connection is lost in every answer',
      'registry.unreachable',
      () =>
        answer(manifests, (response) => {
          response.writeHead(200, { ...type, 'content-length': '5000' });
          response.write('{"schemaVersion"', () => response.destroy());
        }),
    ],
    [
      'its message has escapes and the password',
      'registry.refused',
      () =>
        answer(
          manifests,
          send(
            418,
            { 'content-type': 'application/json' },
            JSON.stringify({ errors: [{ code: 'X', message: `\u001b[31m\u202e${password}\u0007` }] }),
          ),
        ),
    ],
  ])('%s', async (_name, code, lie) => {
    lie();
    expect(await problemOfPull()).toMatchObject({ code });
    expect(registry.requests.length).toBeLessThan(40);
  });

  test('it asks for a login again and again', async () => {
    registry.fault = (_request, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="again"' }).end();
      return true;
    };
    expect(await problemOfPull()).toMatchObject({ code: 'registry.authentication' });
    expect(registry.requests.length).toBeLessThan(10);
  });

  test('every token is refused, and the token server is asked a few times only', async () => {
    let tokens = 0;
    registry.fault = (_request, response, { path }) => {
      if (path.startsWith('/token')) {
        tokens += 1;
        response.end(JSON.stringify({ token: `t${tokens}` }));
      } else {
        const challenge = `Bearer realm="http://${registry.host}/token",service="x"`;
        response.writeHead(401, { 'www-authenticate': challenge }).end();
      }
      return true;
    };
    expect(await problemOfPull()).toMatchObject({ code: expect.stringMatching(/^registry\.(denied|authentication)$/) });
    expect(tokens).toBeLessThan(5);
  });

  test.each([
    ['HTML', '<html>', 200],
    ['a redirect to another host', '', 302],
    ['nothing', '', 200],
    ['something huge', 'x'.repeat(3_000_000), 200],
  ])('its token server answers %s', async (_name, body, status) => {
    registry.fault = (_request, response, { path }) => {
      if (path.startsWith('/token')) {
        response.writeHead(status, status === 302 ? { location: `http://${other.host}/token` } : {}).end(body);
      } else {
        const challenge = `Bearer realm="http://${registry.host}/token",service="x"`;
        response.writeHead(401, { 'www-authenticate': challenge }).end();
      }
      return true;
    };
    expect(await problemOfPull()).toMatchObject({ code: expect.stringMatching(/^registry\./) });
  });

  test('a token server at an address of another kind is named', async () => {
    registry.fault = (_request, response) => {
      response.writeHead(401, { 'www-authenticate': 'Bearer realm="file:///etc/passwd"' }).end();
      return true;
    };
    expect(await problemOfPull()).toMatchObject({ code: 'registry.refused' });
  });

  test('it is to be tried again in a year, it is not waited for so long', async () => {
    answer(manifests, send(503, { 'retry-after': String(365 * 24 * 3600) }));
    expect(await problemOfPull()).toMatchObject({ code: 'registry.refused' });
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_000);
    expect(waits.length).toBeLessThan(10);
  });
});

describe('a list of tags', () => {
  const page = (tags: readonly string[], next: string): Answer =>
    send(200, { 'content-type': 'application/json', link: `<${next}>; rel="next"` }, JSON.stringify({ tags }));

  test('whose pages lead to themselves ends at once', async () => {
    answer(/tags\/list/, (response, path) => page(['1'], path)(response, path));
    expect(await problemOfTags()).toMatchObject({ code: 'registry.refused' });
    expect(registry.requests.filter(({ path }) => path.includes('tags')).length).toBeLessThan(6);
  });

  test('without end is given up', async () => {
    let pages = 0;
    answer(/tags\/list/, (response, path) => {
      pages += 1;
      page([`t${pages}`], `/v2/team/api/tags/list?last=${pages}`)(response, path);
    });
    expect(await problemOfTags()).toMatchObject({ code: 'registry.refused' });
    expect(pages).toBeLessThan(300);
  });

  test('is read without pages of another host and without names that are none', async () => {
    answer(
      /tags\/list/,
      page(['1', '\u001b[31mred', '../../etc', '2'], `http://${other.host}/v2/team/api/tags/list?n=1`),
    );
    const client = await openRepository(location(), access());
    expect(await client.listTags()).toEqual(['1', '2']);
    await client.close();
    expect(other.seen).toEqual([]);
  });
});

test('an answer that arrives byte by byte is given up after a while', async () => {
  vi.useFakeTimers();
  const body = new PassThrough();
  const response = { status: 200, headers: {}, body, url: new URL('https://slow.test/v2/') } as unknown as HttpResponse;
  const read = readBody(response, 1_000).catch(problemOf);
  for (let second = 0; second < 200; second += 1) {
    body.write('x');
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(await read).toMatchObject({ code: 'registry.unreachable', message: expect.stringContaining('slow.test') });
});

test('a redirect from https to plain HTTP is refused while TLS is verified', async () => {
  const secure = await FakeRegistry.start({ tls: true });
  try {
    secure.fault = (_request, response, { path }) => {
      if (path.includes('/manifests/')) {
        response.writeHead(302, { location: `http://${other.host}/manifest` }).end();
        return true;
      }
      return false;
    };
    const { HttpClient } = await import('./http.ts');
    const { testCertificate } = await import('./testing/fake-registry.ts');
    const http = new HttpClient({ tlsVerify: true, certificates: { authorities: [testCertificate] } });
    const url = new URL(`https://${secure.host}/v2/team/api/manifests/1`);
    const authorization = { origin: url.origin, value: 'Basic eHg6eXk=' };
    const sent = http.send({ method: 'GET', url, authorization, signal: AbortSignal.timeout(5_000) });
    await expect(sent).rejects.toMatchObject({ problem: { code: 'registry.tls' } });
    await http.close();
  } finally {
    await secure.stop();
  }
});
