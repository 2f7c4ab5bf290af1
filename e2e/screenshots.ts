/** `npm run screenshots`: takes the screenshots of the README, of a real build on the lab's nodes. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { CallInput, CallName, CallOutput } from '../shared/contract.ts';
import { Failure } from '../shared/problem.ts';
import { makeProject, setUpLab } from './harness.ts';
import { HeadlessApp } from './headless-app.ts';

const lab = await setUpLab();
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

const headless = await HeadlessApp.open(home, resolve(import.meta.dirname, '..', 'docs', 'images'));

async function call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
  const result = await headless.app.call(name, input);
  if (!result.ok) {
    throw new Failure(result.problem);
  }
  return result.value;
}

try {
  for (const { name, uri, identity } of lab.podman) {
    await call('connections.add', { name, uri, identity });
  }
  await call('farms.create', { name: 'home', connections: lab.podman.map(({ name }) => name), makeDefault: true });
  await call('nodes.probe', { farm: 'home' });

  const armIsCompiling = new Promise<void>((resolve) => {
    headless.app.subscribe((event) => {
      if (event.event === 'step.changed' && event.platform === 'linux/arm64' && event.step.index >= 7) {
        resolve();
      }
    });
  });
  const finished = new Promise<void>((resolve) => {
    headless.app.subscribe((event) => event.event === 'build.finished' && resolve());
  });
  const { id } = await call('builds.start', {
    context: join(folder, 'api'),
    reference: 'registry.example.com/team/api:1.4',
  });
  await headless.goTo(`#/build/${id}`);
  await armIsCompiling;
  await headless.page.getByText('compiling').or(headless.page.getByRole('main')).first().waitFor();
  await takeScreenshots('building');
  await finished;
  await headless.goTo('#/farm/home');
  await headless.page.getByRole('main').getByText('arm-a').first().waitFor();
  await takeScreenshots('farm');
} finally {
  await headless.close();
  await rm(home, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
}

async function takeScreenshots(name: string): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    console.log(basename(await headless.takeScreenshot(name, theme)));
  }
}
