import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EngineBuild, EngineOutput } from '../engine.ts';
import { openEngine } from '../open-engine.ts';
import { testBuild } from '../testing/engine-build.ts';
import { openLocalTransport } from '../transport/local-transport.ts';
import type { Transport } from '../transport/transport.ts';
import { isOlder } from './docker.ts';

/** What a docker does that a real one can hardly be made to do: an HTTP server in its place. */
let headers: Record<string, string>;
let answerBuild: (request: IncomingMessage, response: ServerResponse) => void;
let asked: string[];
let folder: string;
let server: Server;
let transport: Transport;

beforeEach(async () => {
  headers = { 'Api-Version': '1.51', Ostype: 'linux' };
  answerBuild = (request, response) => request.resume().once('end', () => response.end());
  asked = [];
  folder = await mkdtemp(join(tmpdir(), 'docker-'));
  server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/\?.*/, '');
    asked.push(`${request.method} ${path}`);
    if (path.endsWith('/_ping')) {
      response.writeHead(200, headers).end('OK');
    } else if (path.endsWith('/build')) {
      answerBuild(request, response);
    } else {
      response.end(path.endsWith('/df') ? '{"BuildCache":[]}' : '{}');
    }
  });
  const socketPath = join(folder, 'docker.sock');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  transport = await openLocalTransport({ name: 'pi4', socketPath });
});
afterEach(async () => {
  await transport.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

async function build(
  change: Partial<EngineBuild> = {},
  signal = new AbortController().signal,
  onOutput: (output: EngineOutput) => void = () => {},
) {
  const engine = await openEngine(transport);
  return engine.build(testBuild(change), onOutput, signal);
}

const problem = (code: string, message: RegExp) => ({ problem: { code, message: expect.stringMatching(message) } });

test('docker without BuildKit is refused', async () => {
  headers['Api-Version'] = '1.38';
  await expect(openEngine(transport)).rejects.toMatchObject(problem('engine.unsupported', /too old to build with/));
});

test('docker that builds for Windows is refused', async () => {
  headers.Ostype = 'windows';
  await expect(openEngine(transport)).rejects.toMatchObject(problem('engine.unsupported', /Windows containers/));
});

test.each([
  ['1.41', 'POST /v1.41/build'],
  ['1.51', 'POST /v1.47/build'],
])('to docker with API %s the API is spoken that both know', async (version, path) => {
  headers['Api-Version'] = version;
  await expect(build()).rejects.toMatchObject(problem('build.no-image', /docker ended the build without/));
  expect(asked).toContain(path);
});

test('where nothing may be pulled nothing is sent', async () => {
  await expect(build({ pull: 'never' })).rejects.toMatchObject(problem('input.invalid', /never to pull/));
  expect(asked.filter((line) => line.startsWith('POST'))).toEqual([]);
});

test('a build that is cancelled is cancelled at docker, whose last word is waited for', async () => {
  const cancel = new AbortController();
  let isOver = false;
  answerBuild = (request, response) => {
    request.resume().once('end', () => response.write('{"stream":"working"}\n'));
    const look = setInterval(() => {
      if (asked.some((line) => line.endsWith('/build/cancel'))) {
        clearInterval(look);
        isOver = true;
        response.end('{"error":"context canceled"}\n');
      }
    }, 5);
  };
  const building = build({}, cancel.signal, ({ kind }) => kind === 'line' && cancel.abort());
  await expect(building).rejects.toMatchObject({ problem: { code: 'build.cancelled' } });
  expect(isOver).toBe(true);
});

test('a context that cannot be read ends the build with its reason', async () => {
  const context = () =>
    new Readable({
      read() {
        this.destroy(new Error('the disk is broken'));
      },
    });
  await expect(build({ context })).rejects.toThrow('the disk is broken');
});

test('an answer that is no update is told', async () => {
  answerBuild = (request, response) => {
    request.resume().once('end', () => response.end('no json\n'));
  };
  await expect(build()).rejects.toMatchObject({ problem: { code: 'engine.answer' } });
});

test.each([
  ['1.9', '1.39', true],
  ['1.39', '1.39', false],
  ['1.100', '1.47', false],
])('API %s is older than %s: %s', (version, than, older) => {
  expect(isOlder(version, than)).toBe(older);
});
