/** `npm run screenshots`: takes the pictures of the README and the guide, of real builds on the lab's nodes. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { AppEvent, CallInput, CallName, CallOutput } from '../shared/contract.ts';
import { Failure } from '../shared/problem.ts';
import { makeProject, setUpLab } from './harness.ts';
import { HeadlessApp } from './headless-app.ts';

const lab = await setUpLab();
/** The hosts of the pictures, and the nodes that they are. */
const hosts = { big: 'amd-b', server: 'docker-a', pi4: 'arm-a', pi5: 'docker-arm' };

const home = await mkdtemp(join(tmpdir(), 'barnraiser-pictures-'));
const sshConfig = Object.entries(hosts).map(([host, name]) => {
  const { port, identity } = lab.node(name);
  return `Host ${host}\n  HostName 127.0.0.1\n  Port ${port}\n  User root\n  IdentityFile ${identity}\n`;
});
await writeFile(join(home, 'ssh-config'), sshConfig.join('\n'));
const keys = await Promise.all(Object.values(hosts).map((name) => readFile(lab.node(name).knownHosts, 'utf8')));
await writeFile(join(home, 'known_hosts'), keys.join(''));
Object.assign(process.env, {
  BARNRAISER_KNOWN_HOSTS: join(home, 'known_hosts'),
  BARNRAISER_SSH_CONFIG: join(home, 'ssh-config'),
  // what this computer has is in no picture
  HOME: home,
  XDG_CONFIG_HOME: join(home, '.config'),
});

const start = `${lab.from}WORKDIR /src
COPY package.json /src/
`;
const folder = await makeProject({
  'api/Containerfile': `${start}RUN echo "fetching dependencies"; head -c 8000000 /dev/urandom | gzip -9 > /deps.gz
COPY . /src
RUN for part in core http store cli; do echo "compiling $part"; head -c 3000000 /dev/urandom | gzip -9 > /src/$part.o; done
RUN echo "running 48 tests"; sha256sum /src/*.o; echo "all passed"
RUN rm /deps.gz
CMD ["cat", "/src/server.js"]
`,
  'api/package.json': '{ "name": "api" }\n',
  'api/server.js': 'console.log("hello");\n',
  'web/Containerfile': `${start}RUN echo "running 12 tests"; if [ "$TARGETARCH" = arm64 ]; then echo "FAILED rounding: expected 0.1, got 0.10000001"; exit 1; fi
`,
  'web/package.json': '{ "name": "web" }\n',
});

const headless = await HeadlessApp.open(home, resolve(import.meta.dirname, '..', 'docs', 'images'));

async function call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
  const result = await headless.app.call(name, input);
  if (!result.ok) {
    throw new Failure(result.problem);
  }
  return result.value;
}

function until(accept: (event: AppEvent) => boolean): Promise<void> {
  return new Promise((done) => {
    headless.app.subscribe((event) => accept(event) && done());
  });
}

async function takeScreenshots(name: string, hash: string, text: string): Promise<void> {
  await headless.goTo(hash);
  await headless.page.getByText(text).first().waitFor();
  for (const theme of ['light', 'dark'] as const) {
    console.log(basename(await headless.takeScreenshot(name, theme)));
  }
}

try {
  // the notice that offers notifications would be in the pictures
  await call('memory.set', { key: 'notifications.offered', value: true });
  await headless.page.reload();
  for (const name of ['big', 'pi4']) {
    await call('connections.add', { name, uri: `ssh://${name}` });
  }
  await call('nodes.probe', {});
  await takeScreenshots('first-start', '#/first-start', 'pi5');

  for (const name of ['server', 'pi5']) {
    await call('connections.add', { name, uri: `ssh://${name}` });
  }
  await call('farms.create', { name: 'home', connections: Object.keys(hosts), makeDefault: true });
  await call('nodes.probe', { farm: 'home' });

  const armIsCompiling = until(
    (event) => event.event === 'step.changed' && event.platform === 'linux/arm64' && event.step.index >= 7,
  );
  const isBuilt = until((event) => event.event === 'build.finished');
  const { id } = await call('builds.start', {
    context: join(folder, 'api'),
    reference: 'registry.example.com/team/api:1.4',
    pins: { 'linux/amd64': 'server', 'linux/arm64': 'pi5' },
    noCache: true,
  });
  await headless.goTo(`#/build/${id}`);
  await armIsCompiling;
  await takeScreenshots('building', `#/build/${id}`, 'compiling');
  await isBuilt;
  await takeScreenshots('farm', '#/farm/home', 'pi5');

  const hasFailed = until((event) => event.event === 'build.finished');
  const { id: failed } = await call('builds.start', { context: join(folder, 'web'), reference: 'web:2.0' });
  await hasFailed;
  await takeScreenshots('failed', `#/build/${failed}`, 'FAILED rounding');
  await takeScreenshots('samples', '#/farm/home?sheet=samples', 'A LinuxKit package');
} finally {
  await headless.close();
  await rm(home, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
}
