/** A node that sends escapes, bombs and floods. */
import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensureBundled } from '../bundle.ts';
import { makeProject, type Outcome, Person } from '../harness.ts';
import { escapes, type HostileEngine, startHostileEngine } from './testing/hostile-engine.ts';

let person: Person;
let engine: HostileEngine;
let project: string;

beforeAll(async () => {
  await ensureBundled();
  project = await makeProject({ Containerfile: 'FROM scratch\nCOPY . /\n' });
});
afterAll(() => rm(project, { recursive: true, force: true }));
beforeEach(async () => {
  person = await Person.create();
  engine = await startHostileEngine(escapes);
});
afterEach(async () => {
  await engine.close();
  await person.remove();
});

/** Control characters except line feed and tab, and characters that change the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are looked for
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

function expectClean({ stdout, stderr }: Outcome): void {
  for (const text of [stdout, stderr]) {
    const index = text.search(unsafe);
    expect(index < 0 ? '' : JSON.stringify(text.slice(Math.max(0, index - 60), index + 20))).toBe('');
  }
}

describe('escapes', () => {
  it('of a probe do not reach the terminal', async () => {
    expectClean(await person.barnraiser('connection', 'add', 'evil', engine.uri));
    for (const command of [
      ['status'],
      ['connection', 'list'],
      ['connection', 'test', 'evil'],
      ['platforms'],
      ['df'],
      ['prune', '--all', '--dry-run'],
      ['prune', '--all', '--yes'],
    ]) {
      expectClean(await person.barnraiser(...command));
      expectClean(await person.barnraiser(...command, '--json'));
    }
  });

  it('of a node that fails do not reach the terminal', async () => {
    await person.barnraiser('connection', 'add', 'evil', engine.uri);
    engine.answers.set('info', (_request, response) => {
      response.writeHead(500).end(JSON.stringify({ message: `bad ${escapes}`, cause: escapes }));
    });
    for (const command of [['status'], ['connection', 'test', 'evil'], ['build', '-t', 'a:1', project]]) {
      expectClean(await person.barnraiser(...command));
      expectClean(await person.barnraiser(...command, '--json'));
    }
  });

  it('of a build do not reach the terminal', async () => {
    await person.barnraiser('connection', 'add', 'evil', engine.uri);
    engine.answers.set('build', (_request, response) => {
      response.setHeader('content-type', 'application/json');
      for (const stream of [`STEP 1/2: FROM ${escapes}\n`, `plain ${escapes}\n`, `${escapes}\n`]) {
        response.write(`${JSON.stringify({ stream })}\n`);
      }
      response.end(`${JSON.stringify({ error: `failed ${escapes}`, errorDetail: { message: escapes } })}\n`);
    });
    const text = await person.barnraiser('build', '-t', 'a:1', project);
    expect(text.code).toBe(1);
    expectClean(text);
    expectClean(await person.barnraiser('build', '--json', '-t', 'a:1', project));
    for (const command of [['builds'], ['logs'], ['logs', '--json'], ['builds', '--json']]) {
      expectClean(await person.barnraiser(...command));
    }
  });
});

/** A V8 heap of this size ends the program with an error where it would hold a flood in memory. */
const smallHeap = { NODE_OPTIONS: '--max-old-space-size=256' };

describe('floods', () => {
  const flood = Buffer.alloc(1024 * 1024, 'x');

  it.each(['_ping', 'info'])('in the answer to %s end, and do not fill the memory', async (name) => {
    engine.answers.set(name, (_request, response) => {
      response.setHeader('libpod-api-version', '5.4.0').setHeader('content-type', 'application/json');
      response.write('"');
      const send = (): void => {
        while (!response.destroyed && response.write(flood)) {
          // until the buffer is full
        }
      };
      response.on('drain', send);
      send();
    });
    await person.startWith(smallHeap, 'connection', 'add', 'evil', engine.uri).ended;
    const { stdout, code } = await person.startWith(smallHeap, 'status', '--json').ended;
    expect(code).not.toBeNull();
    expect(JSON.parse(stdout)).toMatchObject({ event: 'node.changed', status: { state: 'down' } });
  });

  it('of one endless line in a build end the build, and do not fill the memory', async () => {
    await person.barnraiser('connection', 'add', 'evil', engine.uri);
    engine.answers.set('build', (_request, response) => {
      response.write('{"stream":"');
      const send = (): void => {
        while (!response.destroyed && response.write(flood)) {
          // until the buffer is full
        }
      };
      response.on('drain', send);
      send();
    });
    const { code } = await person.startWith(smallHeap, 'build', '-t', 'a:1', project).ended;
    expect(code).toBe(1);
  });

  it('of steps that no build has do not fill the memory or the record', async () => {
    await person.barnraiser('connection', 'add', 'evil', engine.uri);
    engine.answers.set('build', (_request, response) => {
      const total = 60_000;
      for (let step = 1; step <= total; step += 1) {
        response.write(`${JSON.stringify({ stream: `STEP ${step}/${total}: RUN ${step}\n` })}\n`);
      }
      response.end(`${JSON.stringify({ error: 'failed' })}\n`);
    });
    const { code, stdout } = await person.startWith(smallHeap, 'build', '--json', '-t', 'a:1', project).ended;
    expect(code).toBe(1);
    // a line for each step, and no more than a few states of the job
    expect(stdout.length).toBeLessThan(100 * 1024 * 1024);
  });
});

describe('bombs', () => {
  it.each([
    ['nested arrays', '['.repeat(1_000_000)],
    ['nested objects', '{"host":'.repeat(500_000)],
    ['a long number', '1'.repeat(2_000_000)],
    ['no JSON', '<html>'],
    ['nothing', ''],
    ['null', 'null'],
    ['the name of a prototype', '{"__proto__":{"host":1},"constructor":null}'],
  ])('of %s are an answer that cannot be used', async (_, body) => {
    engine.answers.set('info', (_request, response) => {
      response.setHeader('content-type', 'application/json').end(body);
    });
    await person.barnraiser('connection', 'add', 'evil', engine.uri);
    const { stdout } = await person.barnraiser('status', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      status: { state: 'down', problem: { code: expect.stringMatching(/^engine\./) } },
    });
  });
});
