/** One machine under two names is recognised after a probe, and has its slots only once. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type App, createApp } from '../electron/app.ts';
import type { CallInput, CallName, CallOutput } from '../shared/contract.ts';
import { makeProject, setUpLab } from './harness.ts';
import { type ExtraSshd, type LabNode, startExtraSshd } from './lab/lab.ts';

const lab = await setUpLab();
const amdA = lab.node('amd-a');
const amdB = lab.node('amd-b');
const docker = lab.node('docker-a');

let folder: string;
let project: string;
let app: App;
let sshd: ExtraSshd;
/** The last status of each node that an event has reported. */
const reported = new Map<string, unknown>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'same-machine-'));
  project = await makeProject({ Containerfile: `${lab.from}RUN echo ${Math.random()} > /hi\n` });
  sshd = await startExtraSshd(amdA.name, { config: [] });
  process.env.SSH_AUTH_SOCK = '';
  process.env.BARNRAISER_KNOWN_HOSTS = join(folder, 'known_hosts');
  process.env.BARNRAISER_SSH_CONFIG = 'none';
  app = await createApp({ frontEnd: 'desktop', home: join(folder, 'home') });
  app.subscribe((event) => {
    if (event.event === 'question.asked') {
      void app.call('questions.answer', { id: event.question.id, answer: 'trust' });
    }
    if (event.event === 'node.changed') {
      reported.set(event.status.connection, event.status);
    }
  });
  const add = (name: string, { uri, identity }: Pick<LabNode, 'uri' | 'identity'>) =>
    call('connections.add', { name, uri, identity });
  await add('amd-a', amdA);
  await add('amd-b', amdB);
  await add('docker-a', docker);
  // the same engine over another sshd of its machine, and without the path of its socket
  await add('again', { uri: `ssh://root@localhost:${sshd.port}`, identity: amdA.identity });
});
afterAll(async () => {
  await app?.close();
  await sshd?.stop();
  await rm(folder, { recursive: true });
  await rm(project, { recursive: true });
});

async function call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
  const result = await app.call(name, input);
  if (!result.ok) {
    throw new Error(result.problem.message);
  }
  return result.value;
}

test('two connections to one engine are recognised, and other machines of the same kernel are not', async () => {
  const statuses = await call('nodes.probe', {});
  const relatives = statuses.map((status) => [
    status.connection,
    status.state === 'up' ? [status.sameAs, status.sameMachineAs] : status.problem.message,
  ]);
  expect(Object.fromEntries(relatives)).toEqual({
    'amd-a': ['again', 'again'],
    again: ['amd-a', 'amd-a'],
    'amd-b': [undefined, undefined],
    'docker-a': [undefined, undefined],
  });
  // also the one that answered first was reported again
  expect(reported.get('amd-a')).toMatchObject({ sameAs: 'again' });
  expect(reported.get('again')).toMatchObject({ sameAs: 'amd-a' });
});

test('a machine with two names gets one of two platforms, not both', async () => {
  const { assignments } = await call('builds.preview', {
    context: project,
    reference: 'same-machine:1',
    connections: ['amd-a', 'again', 'amd-b'],
    platforms: ['linux/amd64', 'linux/386'],
    emulate: true,
  });
  expect(assignments.filter(({ node }) => node === 'amd-b')).toHaveLength(1);
});

test('a connection that is removed is no longer named', async () => {
  await call('connections.remove', { name: 'again' });
  await expect.poll(() => reported.get('amd-a')).not.toHaveProperty('sameAs');
});
