/** The demo: creates a farm of the lab's nodes, builds an image for two architectures, pushes it, and runs it on the nodes. */
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasDisplay } from './electron-runtime.ts';
import { HeadlessApp } from './headless-app.ts';
import { pushBase } from './lab/base-image.ts';
import { mustRun } from './lab/command.ts';
import { type Lab, labUp, runOnNode } from './lab/lab.ts';

const reference = 'hello:1';

/** Prints and runs a command of the CLI. */
async function barnraiser(...args: string[]): Promise<void> {
  console.log(`\n$ barnraiser ${args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ')}`);
  await node('electron/cli.ts', ...args);
}

/** Runs a program of the project. @throws Error if it fails */
async function node(program: string, ...args: string[]): Promise<void> {
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], { stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', resolve);
  });
  if (code !== 0) {
    throw new Error(`${program} exited with code ${code}.`);
  }
}

function explain(text: string): void {
  console.log(`\n# ${text}`);
}

async function demo(lab: Lab): Promise<void> {
  const home = join(lab.folder, 'demo');
  await rm(home, { recursive: true, force: true });
  // separate settings and known hosts, so that the demo does not change those of the user
  process.env.BARNRAISER_HOME = home;
  process.env.BARNRAISER_KNOWN_HOSTS = join(home, 'known_hosts');
  process.env.BARNRAISER_SSH_CONFIG = 'none';

  explain('Projects need a base image. The lab has no internet access, so push one to its registry.');
  const base = await pushBase(lab.registry.address);
  console.log(base);

  explain('Add five nodes over SSH, with podman and docker, and create a farm of them.');
  for (const { name, uri, identity } of lab.nodes) {
    await barnraiser('connection', 'add', name, uri, '--identity', identity, '--accept-new-host-keys');
  }
  await barnraiser('farm', 'create', 'lab', ...lab.nodes.map(({ name }) => name), '--default');
  await barnraiser('status');

  explain(
    'Build one image for two platforms, each on a node that runs it natively, and transfer the images to this computer.',
  );
  await barnraiser('sample', join(home, 'hello'));
  await barnraiser('build', '-t', reference, '--build-arg', `BASE=${base}`, join(home, 'hello'));
  await barnraiser('images');

  const destination = `${lab.registry.address}/demo/${reference}`;
  explain('Push the images and the manifest list to a registry.');
  await barnraiser('push', reference, destination, '--tls-verify=false');

  explain('Read the manifest list with another client.');
  console.log(`$ skopeo inspect --raw --tls-verify=false docker://${destination}`);
  console.log(await mustRun(['skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${destination}`]));

  explain('Run the image on every node that runs images.');
  for (const node of lab.nodes) {
    const run = {
      podman: 'podman run --rm --pull=always --tls-verify=false --network=host',
      docker: 'docker run --rm --quiet --pull=always --network=host',
      buildkit: undefined,
    }[node.engine];
    if (run === undefined) {
      continue;
    }
    const command = `${run} ${destination}`;
    console.log(`${node.name}$ ${command}`);
    const { code, stdout, stderr } = await runOnNode(node.name, command);
    if (code !== 0) {
      throw new Error(`${node.name}: ${stderr}`);
    }
    console.log(stdout.trim());
  }

  await showWindow(home);
}

/** Opens the window, or takes screenshots of it if there is no display. */
async function showWindow(home: string): Promise<void> {
  if (hasDisplay()) {
    explain('Open the same farm in the window. Close the window to end the demo.');
    await node('e2e/start.ts');
    return;
  }
  explain('Save screenshots of the window, since there is no display.');
  const headless = await HeadlessApp.open(home, join(home, 'screenshots'));
  try {
    const builds = await headless.app.call('builds.list', {});
    const id = builds.ok ? builds.value.entries[0]?.id : undefined;
    for (const [name, hash] of [
      ['farm', '#/farm/lab'],
      ['build', `#/build/${id}`],
      ['image', `#/images/${encodeURIComponent(reference)}`],
    ] as const) {
      await headless.goTo(hash);
      await headless.page
        .getByRole('main')
        .getByText(name === 'farm' ? 'arm-a' : 'arm64')
        .first()
        .waitFor();
      for (const theme of ['light', 'dark'] as const) {
        console.log(await headless.takeScreenshot(name, theme));
      }
    }
  } finally {
    await headless.close();
  }
}

try {
  await demo(await labUp());
  console.log('\nDone. The nodes keep running. To stop them, run `npm run -s lab -- down`.');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
