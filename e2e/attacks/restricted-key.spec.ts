/** A node that runs one command only, whatever it is asked: with a restricted key, or in a sandbox. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProject, Person, setUpLab } from '../harness.ts';
import { startExtraSshd } from '../lab/lab.ts';

const lab = await setUpLab();
const node = lab.node('amd-b');
let person: Person;
let project: string;

beforeAll(async () => {
  person = await Person.create();
  project = await makeProject({ Containerfile: 'FROM scratch\nCOPY . /\n', large: randomBytes(3_000_000) });
});
afterAll(async () => {
  await person.remove();
  await rm(project, { recursive: true });
});

describe.each([
  ['podman', 'podman system dial-stdio'],
  ['nothing', '/bin/false'],
  ['a program that waits for ever', 'sleep 600'],
  ['a program that repeats its input', 'cat'],
])('a key for %s', (name, command) => {
  test('builds, and the whole context is sent', async () => {
    const server = await startExtraSshd(node.name, { config: [`ForceCommand ${command}`] });
    try {
      const connection = name.replaceAll(' ', '-');
      await person.addConnections({
        ...node,
        name: connection,
        uri: node.uri.replace(`:${node.port}/`, `:${server.port}/`),
      });
      const { outcome, build } = await person.build(
        '--node',
        connection,
        '-t',
        `restricted-${randomBytes(4).toString('hex')}:1`,
        '--no-cache',
        project,
      );
      expect(outcome.code, outcome.stderr).toBe(0);
      expect(build.jobs[0]?.bytesSent).toBeGreaterThan(3_000_000);
    } finally {
      await server.stop();
    }
  });
});
