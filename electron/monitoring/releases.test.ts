import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AppEvent } from '../../shared/contract.ts';
import { isNewerRelease } from '../../shared/version-text.ts';
import { Events } from '../events.ts';
import { version } from '../system/version.ts';
import { Releases } from './releases.ts';

interface Answer {
  readonly status?: number;
  readonly etag?: string;
  readonly body?: string;
}

let folder: string;
let server: Server;
let address: string;
let answer: Answer;
let requests: {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
}[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'releases-'));
  requests = [];
  answer = {};
  server = createServer(({ method, url, headers }, response) => {
    requests.push({ method, url, headers });
    const isKnown = answer.etag !== undefined && headers['if-none-match'] === answer.etag;
    response.writeHead(isKnown ? 304 : (answer.status ?? 200), answer.etag === undefined ? {} : { etag: answer.etag });
    response.end(isKnown ? undefined : (answer.body ?? '[]'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/releases`;
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

const release = (tag: string, more: object = {}) => ({
  tag_name: tag,
  html_url: `https://example.com/releases/${tag}`,
  published_at: '2027-01-02T03:04:05Z',
  ...more,
});

interface Given {
  readonly isOn?: boolean;
  readonly env?: NodeJS.ProcessEnv;
  readonly events?: Events;
  readonly at?: string;
}

function releases({ isOn = false, env = {}, events, at = address }: Given = {}): Releases {
  return new Releases({
    folder,
    settings: async () => ({ releaseChecks: isOn, releaseAddress: at }),
    env,
    ...(events ? { events } : {}),
  });
}

describe('a check for newer releases', () => {
  test('finds the newest release, leaves out drafts, pre-releases and links that are no addresses, and sends nothing that tells who asks', async () => {
    answer = {
      body: JSON.stringify([
        release('v99.1.0'),
        release('v99.2.0'),
        release('v99.3.0', { draft: true }),
        release('v99.4.0', { prerelease: true }),
        release('v99.5.0-rc.1'),
        release('v99.6.0', { html_url: 'javascript:alert(1)' }),
        release('nightly'),
      ]),
    };
    expect(await releases().check()).toEqual({
      isOn: false,
      address,
      checkedAt: expect.any(String),
      newer: {
        version: '99.2.0',
        page: 'https://example.com/releases/v99.2.0',
        publishedAt: '2027-01-02T03:04:05Z',
      },
    });
    expect(requests).toHaveLength(1);
    const [{ method, url, headers } = { method: '', url: '', headers: {} }] = requests;
    expect([method, url]).toEqual(['GET', '/releases']);
    expect(Object.keys(headers).sort()).toEqual([
      ...['accept', 'accept-encoding', 'accept-language', 'connection', 'host', 'sec-fetch-mode', 'user-agent'],
    ]);
    expect(headers['user-agent']).toBe('barnraiser');
    expect(headers['accept-language']).toBe('*');
  });

  test('says that there is none if all are older or the same', async () => {
    answer = { body: JSON.stringify([release(`v${version}`), release('v0.0.1')]) };
    expect(await releases().check()).toEqual({ isOn: false, address, checkedAt: expect.any(String) });
  });

  test('asks whether something has changed, and keeps what it knows', async () => {
    answer = { etag: '"one"', body: JSON.stringify([release('v99.0.0')]) };
    await releases().check();
    const again = await releases().check();
    expect(again.newer?.version).toBe('99.0.0');
    expect(requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"one"']);
    expect(await releases().get()).toMatchObject({ newer: { version: '99.0.0' } });
  });

  test('knows nothing of another address', async () => {
    answer = { etag: '"one"', body: JSON.stringify([release('v99.0.0')]) };
    await releases().check();
    expect(await releases({ at: `${address}/other` }).get()).toEqual({ isOn: false, address: `${address}/other` });
    await releases({ at: `${address}/other` }).check();
    expect(requests[1]?.headers['if-none-match']).toBe(undefined);
  });

  test.each<[string, Answer, RegExp]>([
    ['a refusal', { status: 404 }, /the server answers 404/],
    ['another page', { body: '<html>' }, /it is not JSON/],
    ['JSON of another kind', { body: '{"message":"moved"}' }, /it is not a list of releases/],
    ['too much', { body: `[${' '.repeat(1024 * 1024)}]` }, /larger than 1 MiB/],
  ])('reports %s, and changes nothing', async (_, given, message) => {
    answer = given;
    await expect(releases().check()).rejects.toMatchObject({
      problem: { code: 'releases.unavailable', message: expect.stringMatching(message) },
    });
    await expect(readFile(join(folder, 'releases.json'))).rejects.toThrow('ENOENT');
  });

  test('goes through the proxy of the environment', async () => {
    let asked = '';
    const proxy = createTcpServer((socket) => {
      socket.once('data', (data) => {
        asked = String(data);
        socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('http_proxy', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    vi.stubEnv('no_proxy', '');
    try {
      await expect(releases({ at: 'http://releases.example.com/list' }).check()).rejects.toMatchObject({
        problem: { code: 'releases.unavailable' },
      });
      expect(asked).toContain('releases.example.com');
    } finally {
      vi.unstubAllEnvs();
      proxy.close();
    }
  });

  test('is not possible without an address, and the environment may forbid it', async () => {
    for (const none of [releases({ at: '' }), releases({ env: { BARNRAISER_RELEASES: 'none' } })]) {
      expect(await none.get()).toEqual({ isOn: false });
      await expect(none.check()).rejects.toMatchObject({ problem: { code: 'releases.unknown' } });
    }
    expect(requests).toEqual([]);
  });
});

describe('without being asked', () => {
  const reported = (events: Events): string[] => {
    const versions: string[] = [];
    events.subscribe((event: AppEvent) => {
      if (event.event === 'releases.newer') {
        versions.push(event.release.version);
      }
    });
    return versions;
  };

  test('nothing is sent while it is off', async () => {
    const watch = releases({ events: new Events() });
    watch.watch();
    await watch.close();
    expect(requests).toEqual([]);
  });

  test('one process asks once a day, and each release is reported once', async () => {
    answer = { body: JSON.stringify([release('v99.0.0')]) };
    const events = new Events();
    const versions = reported(events);
    const watches = [1, 2, 3].map(() => releases({ isOn: true, events }));
    for (const watch of watches) {
      watch.watch();
    }
    await Promise.all(watches.map((watch) => watch.settled()));
    watches[0]?.watch();
    await Promise.all(watches.map((watch) => watch.close()));
    expect(requests).toHaveLength(1);
    expect(versions).toEqual(['99.0.0']);
  });
});

test.each([
  ['0.2.0', '0.1.0', true],
  ['0.10.0', '0.9.9', true],
  ['1.0.0', '0.99.99', true],
  ['0.1.0', '0.1.0', false],
  ['0.1.0', '0.2.0', false],
  ['0.2.0-rc.1', '0.1.0', false],
  ['0.2.0', '0.2.0-rc.1', true],
  ['v0.2.0', '0.1.0', true],
  ['latest', '0.1.0', false],
  ['0.2', '0.1.0', false],
])('%s after %s: %s', (one, other, expected) => {
  expect(isNewerRelease(one, other)).toBe(expected);
});
