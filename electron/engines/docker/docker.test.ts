import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EngineBuild, EngineOutput } from '../engine.ts';
import { openEngine } from '../open-engine.ts';
import { tarContext, testBuild } from '../testing/engine-build.ts';
import { openLocalTransport } from '../transport/local-transport.ts';
import type { Transport } from '../transport/transport.ts';
import { isOlder } from './docker.ts';

/** An HTTP server stands in for docker and does what a real one can hardly be made to do. */
let headers: Record<string, string>;
let answerBuild: (request: IncomingMessage, response: ServerResponse) => void;
let requests: string[];
/** The bodies of answers, by the end of the path. */
let answers: Record<string, object>;
let folder: string;
let server: Server;
let transport: Transport;

beforeEach(async () => {
  headers = { 'Api-Version': '1.51', Ostype: 'linux' };
  answerBuild = (request, response) => request.resume().once('end', () => response.end());
  requests = [];
  answers = { '/df': { BuildCache: [] } };
  folder = await mkdtemp(join(tmpdir(), 'docker-'));
  server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/\?.*/, '');
    requests.push(`${request.method} ${path}`);
    if (path.endsWith('/_ping')) {
      response.writeHead(200, headers).end('OK');
    } else if (path.endsWith('/build')) {
      answerBuild(request, response);
    } else {
      response.end(JSON.stringify(Object.entries(answers).find(([end]) => path.endsWith(end))?.[1] ?? {}));
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
  changes: Partial<EngineBuild> = {},
  signal = new AbortController().signal,
  onOutput: (output: EngineOutput) => void = () => {},
) {
  const engine = await openEngine(transport);
  return engine.builder.build(testBuild(changes), onOutput, signal);
}

const problem = (code: string, message: RegExp) => ({ problem: { code, message: expect.stringMatching(message) } });

test('docker without BuildKit is not supported', async () => {
  headers['Api-Version'] = '1.38';
  await expect(openEngine(transport)).rejects.toMatchObject(
    problem('engine.unsupported', /docker with API 1\.38, which is too old/),
  );
});

test('docker that runs Windows containers is not supported', async () => {
  headers.Ostype = 'windows';
  await expect(openEngine(transport)).rejects.toMatchObject(problem('engine.unsupported', /Windows containers/));
});

test.each([
  ['1.41', 'POST /v1.41/build'],
  ['1.51', 'POST /v1.47/build'],
])('docker with API %s gets %s, the newest version that both support', async (version, path) => {
  headers['Api-Version'] = version;
  await expect(build()).rejects.toMatchObject(problem('build.no-image', /docker ended the build without/));
  expect(requests).toContain(path);
});

test('docker cannot build without looking for base images, and exports OCI archives from version 25 on', async () => {
  const { capabilities } = await openEngine(transport);
  expect(capabilities()).toMatchObject({ limits: [{ option: 'pull', value: 'never' }] });
  const formatsWith = async (apiVersion: string) => {
    headers = { 'Api-Version': apiVersion };
    return (await openEngine(transport)).capabilities().exportFormats;
  };
  expect(await formatsWith('1.43')).toEqual(['docker-archive']);
  expect(await formatsWith('1.44')).toEqual(['oci-archive', 'docker-archive']);
});

test('cancelling a build cancels it in docker and waits until docker has ended it', async () => {
  const cancel = new AbortController();
  let hasEnded = false;
  answerBuild = (request, response) => {
    request.resume().once('end', () => response.write('{"stream":"working"}\n'));
    const poll = setInterval(() => {
      if (requests.some((line) => line.endsWith('/build/cancel'))) {
        clearInterval(poll);
        hasEnded = true;
        response.end('{"error":"context canceled"}\n');
      }
    }, 5);
  };
  const building = build({}, cancel.signal, ({ kind }) => kind === 'log' && cancel.abort());
  await expect(building).rejects.toMatchObject({ problem: { code: 'build.cancelled' } });
  expect(hasEnded).toBe(true);
});

test('a build fails with the error of its context', async () => {
  const context = () =>
    new Readable({
      read() {
        this.destroy(new Error('the disk is broken'));
      },
    });
  await expect(build({ context: tarContext(context) })).rejects.toThrow('the disk is broken');
});

test('an invalid message in the build stream is reported', async () => {
  answerBuild = (request, response) => {
    request.resume().once('end', () => response.end('no json\n'));
  };
  await expect(build()).rejects.toMatchObject({ problem: { code: 'engine.answer' } });
});

test.each([
  ['1.9', '1.39', true],
  ['1.39', '1.39', false],
  ['1.100', '1.47', false],
])('API %s is older than %s: %s', (version, than, expected) => {
  expect(isOlder(version, than)).toBe(expected);
});

test.each([
  ['aarch64', 'arm64', 'linux/arm64'],
  ['aarch64', 'arm', 'linux/arm/v7'],
  ['armv8l', 'arm', 'linux/arm/v7'],
  ['armv6l', 'arm', 'linux/arm/v6'],
  ['x86_64', '386', 'linux/386'],
  ['x86_64', undefined, 'linux/amd64'],
])('docker on a machine %s that was built for %s runs %s', async (machine, built, platform) => {
  const facts = { Name: 'pi', OperatingSystem: 'Debian', NCPU: 4, MemTotal: 8, DockerRootDir: '/', OSType: 'linux' };
  answers['/info'] = { ...facts, ServerVersion: '28.0.0', Architecture: machine };
  answers['/version'] = { Arch: built };
  expect((await (await openEngine(transport)).probe()).platform).toBe(platform);
});
