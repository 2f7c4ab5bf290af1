/** Builds that are cancelled at many early moments leave nothing on their node. */
import { randomBytes, randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type App, createApp } from '../electron/app.ts';
import type { Build } from '../shared/build.ts';
import { makeProject, Person, setUpLab } from './harness.ts';
import { runOnNode } from './lab/lab.ts';

const lab = await setUpLab();
const nodes = [lab.node('amd-a'), lab.node('amd-b')];

let person: Person;
let app: App;

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(...nodes);
  process.env.BARNRAISER_KNOWN_HOSTS = person.knownHosts;
  process.env.BARNRAISER_SSH_CONFIG = 'none';
  app = await createApp({ frontEnd: 'terminal', home: person.home });
  await app.call('nodes.probe', {});
});
afterAll(async () => {
  await app?.close();
  await person?.remove();
});

async function linesOf(node: string, command: string): Promise<string[]> {
  return (await runOnNode(node, command)).stdout.split('\n').filter((line) => line !== '');
}

/** Starts a build, cancels it after some time, and resolves with it when it has ended. */
async function buildAndCancel(context: string, node: string, afterMs: number): Promise<Build> {
  let unsubscribe = (): void => undefined;
  const finished = new Promise<Build>((resolve) => {
    unsubscribe = app.subscribe((event) => event.event === 'build.finished' && resolve(event.build));
  });
  const request = { context, reference: 'early:1', connections: [node], retention: 'nothing' as const };
  const started = await app.call('builds.start', request);
  const id = started.ok ? started.value.id : expect.fail(started.problem.message);
  await delay(afterMs);
  await app.call('builds.cancel', { id });
  return finished.finally(unsubscribe);
}

describe.each(nodes)('on $name', ({ name }) => {
  // a large context is still being sent when it is cancelled, a small one is already built
  test.each([100, 40_000_000])('with a context of %i bytes', async (sizeBytes) => {
    const mark = randomBytes(6).toString('hex');
    const seconds = randomInt(100_000, 1_000_000);
    const containers = () => linesOf(name, 'podman ps --all --external --quiet --no-trunc');
    const before = await containers();
    for (const afterMs of [0, 60, 100, 150, 200, 300, 400, 600, 900]) {
      const context = await makeProject({
        Containerfile: `${lab.from}LABEL early=${mark}\nRUN echo ${mark} ${afterMs}; sleep 1\nCOPY large /\nRUN sleep ${seconds}\n`,
        large: randomBytes(sizeBytes),
      });
      const { status } = await buildAndCancel(context, name, afterMs);
      expect(status).toBe('cancelled');
      await rm(context, { recursive: true });
      const images = await linesOf(name, `podman images --all --quiet --filter label=early=${mark}`);
      expect(images, `images after ${afterMs} ms`).toEqual([]);
    }
    expect(await linesOf(name, `pgrep -fx 'sleep ${seconds}'`)).toEqual([]);
    // builds of others come and go meanwhile
    await expect.poll(async () => (await containers()).filter((id) => !before.includes(id))).toEqual([]);
  });
});
