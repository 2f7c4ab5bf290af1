/** `npm run screenshots`: the pictures of the README, made of the real app with a real build on the lab's nodes. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { CallInput, CallName, CallOutput } from '../shared/contract.ts';
import { Failure } from '../shared/problem.ts';
import { makeProject, theLab } from './harness.ts';
import { Studio } from './pictures.ts';

const lab = await theLab();
const home = await mkdtemp(join(tmpdir(), 'barnraiser-pictures-'));
process.env.BARNRAISER_KNOWN_HOSTS = join(home, 'known_hosts');
process.env.BARNRAISER_SSH_CONFIG = 'none';
const keys = await Promise.all(lab.podman.map(({ knownHosts }) => readFile(knownHosts, 'utf8')));
await writeFile(join(home, 'known_hosts'), keys.join(''));

const folder = await makeProject({
  'api/Containerfile': `${lab.from}WORKDIR /src
COPY package.json /src/
RUN echo "fetching dependencies"; head -c 8000000 /dev/urandom | gzip -9 > /deps.gz
COPY . /src
RUN for part in core http store cli; do echo "compiling $part"; head -c 3000000 /dev/urandom | gzip -9 > /src/$part.o; done
RUN echo "running 48 tests"; sha256sum /src/*.o; echo "all passed"
RUN rm /deps.gz
CMD ["cat", "/src/server.js"]
`,
  'api/package.json': '{ "name": "api" }\n',
  'api/server.js': 'console.log("hello");\n',
});

const studio = await Studio.open(home, resolve(import.meta.dirname, '..', 'docs', 'images'));

async function ask<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
  const result = await studio.app.call(name, input);
  if (!result.ok) {
    throw new Failure(result.problem);
  }
  return result.value;
}

try {
  for (const { name, uri, identity } of lab.podman) {
    await ask('connections.add', { name, uri, identity });
  }
  await ask('farms.create', { name: 'home', connections: lab.podman.map(({ name }) => name), makeDefault: true });
  await ask('nodes.probe', { farm: 'home' });

  const isLate = new Promise<void>((settle) => {
    studio.app.subscribe((event) => {
      if (event.event === 'job.changed' && event.job.platform === 'linux/arm64' && event.job.steps.length >= 7) {
        settle();
      }
    });
  });
  const finished = new Promise<void>((settle) => {
    studio.app.subscribe((event) => event.event === 'build.finished' && settle());
  });
  const { id } = await ask('builds.start', {
    context: join(folder, 'api'),
    reference: 'registry.example.com/team/api:1.4',
  });
  await studio.show(`#/build/${id}`);
  await isLate;
  await studio.page.getByText('compiling').or(studio.page.getByRole('main')).first().waitFor();
  await take('building');
  await finished;
  await studio.show('#/farm/home');
  await studio.page.getByRole('main').getByText('arm-a').first().waitFor();
  await take('farm');
} finally {
  await studio.close();
  await rm(home, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
}

async function take(name: string): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    console.log(basename(await studio.take(name, theme)));
  }
}
