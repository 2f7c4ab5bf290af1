/** The whole job, shown: a farm of real nodes, one image for two architectures, a registry, and another client that reads it. */
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasDisplay } from './electron-runtime.ts';
import { pushBase } from './lab/base-image.ts';
import { mustRun } from './lab/command.ts';
import { type Lab, labUp, nodeShell } from './lab/lab.ts';
import { Studio } from './pictures.ts';

const reference = 'hello:1';

/** Runs a command of the terminal door as a person would type it, on this terminal. */
async function barnraiser(...args: string[]): Promise<void> {
  console.log(`\n$ barnraiser ${args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ')}`);
  await node('electron/cli.ts', ...args);
}

/** Runs a program of the project to its end. @throws Error where it fails */
async function node(program: string, ...args: string[]): Promise<void> {
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], { stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', resolve);
  });
  if (code !== 0) {
    throw new Error(`${program} ended with ${code}.`);
  }
}

function say(text: string): void {
  console.log(`\n# ${text}`);
}

async function demo(lab: Lab): Promise<void> {
  const home = join(lab.folder, 'demo');
  await rm(home, { recursive: true, force: true });
  // settings and trusted keys of its own: the demo changes nothing that is yours
  process.env.BARNRAISER_HOME = home;
  process.env.BARNRAISER_KNOWN_HOSTS = join(home, 'known_hosts');
  process.env.BARNRAISER_SSH_CONFIG = 'none';

  say('A project needs a base image; the lab has no internet, so its registry gets one.');
  const base = await pushBase(lab.registry.address);
  console.log(base);

  say('Five machines that can build, with podman and docker, reached over SSH, become a farm.');
  for (const { name, uri, identity } of lab.nodes) {
    await barnraiser('connection', 'add', name, uri, '--identity', identity, '--accept-new-host-keys');
  }
  await barnraiser('farm', 'create', 'lab', ...lab.nodes.map(({ name }) => name), '--default');
  await barnraiser('status');

  say('One image, built for each platform by a node that runs it natively, and brought back here.');
  await barnraiser('sample', join(home, 'hello'));
  await barnraiser('build', '-t', reference, '--build-arg', `BASE=${base}`, join(home, 'hello'));
  await barnraiser('images');

  const destination = `${lab.registry.address}/demo/${reference}`;
  say('The list and all its images go to a registry, the list last.');
  await barnraiser('push', reference, destination, '--tls-verify=false');

  say('Another client reads what was pushed.');
  console.log(`$ skopeo inspect --raw --tls-verify=false docker://${destination}`);
  console.log(await mustRun(['skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${destination}`]));

  say('Each image runs on a node of its own architecture.');
  for (const node of lab.nodes) {
    const run = {
      podman: 'podman run --rm --pull=always --tls-verify=false --network=host',
      docker: 'docker run --rm --quiet --pull=always --network=host',
    };
    const command = `${run[node.engine]} ${destination}`;
    console.log(`${node.name}$ ${command}`);
    const { code, stdout, stderr } = await nodeShell(node.name, command);
    if (code !== 0) {
      throw new Error(`${node.name}: ${stderr}`);
    }
    console.log(stdout.trim());
  }

  await showWindow(home);
}

/** Ends in the window, on the finished build; where no window can be shown, in pictures of it. */
async function showWindow(home: string): Promise<void> {
  if (hasDisplay()) {
    say('The same in the window. Close it to end the demo.');
    await node('e2e/start.ts');
    return;
  }
  say('The same in the window. There is no display here, so pictures of it are saved.');
  const studio = await Studio.open(home, join(home, 'pictures'));
  try {
    const builds = await studio.app.call('builds.list', {});
    const id = builds.ok ? builds.value[0]?.id : undefined;
    for (const [name, hash] of [
      ['farm', '#/farm/lab'],
      ['build', `#/build/${id}`],
      ['image', `#/images/${encodeURIComponent(reference)}`],
    ] as const) {
      await studio.show(hash);
      await studio.page
        .getByRole('main')
        .getByText(name === 'farm' ? 'arm-a' : 'arm64')
        .first()
        .waitFor();
      for (const theme of ['light', 'dark'] as const) {
        console.log(await studio.take(name, theme));
      }
    }
  } finally {
    await studio.close();
  }
}

try {
  await demo(await labUp());
  console.log('\nDone. The nodes stay up for you to try; `npm run -s lab -- down` stops them.');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
