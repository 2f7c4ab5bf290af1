/** The whole job, shown: a farm of real nodes, one image for two architectures, a registry, and another client that reads it. */
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pushBase } from './lab/base-image.ts';
import { mustRun } from './lab/command.ts';
import { type Lab, labUp, nodeShell } from './lab/lab.ts';

const reference = 'hello:1';

/** Runs a command of the terminal door as a person would type it, on this terminal. */
async function barnraiser(environment: NodeJS.ProcessEnv, ...args: string[]): Promise<void> {
  console.log(`\n$ barnraiser ${args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ')}`);
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'electron/cli.ts', ...args], {
      stdio: 'inherit',
      env: environment,
    });
    child.on('error', reject);
    child.on('exit', resolve);
  });
  if (code !== 0) {
    throw new Error(`barnraiser ${args[0]} ended with ${code}.`);
  }
}

function say(text: string): void {
  console.log(`\n# ${text}`);
}

async function demo(lab: Lab): Promise<void> {
  const home = join(lab.folder, 'demo');
  await rm(home, { recursive: true, force: true });
  // settings and trusted keys of its own: the demo changes nothing that is yours
  const environment = { ...process.env, BARNRAISER_HOME: home, BARNRAISER_KNOWN_HOSTS: join(home, 'known_hosts') };

  say('A project needs a base image; the lab has no internet, so its registry gets one.');
  const base = await pushBase(lab.registry.address);
  console.log(base);

  say('Three machines that can build, reached over SSH, become a farm.');
  for (const { name, uri, identity } of lab.nodes) {
    await barnraiser(environment, 'connection', 'add', name, uri, '--identity', identity, '--accept-new-host-keys');
  }
  await barnraiser(environment, 'farm', 'create', 'lab', ...lab.nodes.map(({ name }) => name), '--default');
  await barnraiser(environment, 'status');

  say('One image, built for each platform by a node that runs it natively, and brought back here.');
  await barnraiser(environment, 'sample', join(home, 'hello'));
  await barnraiser(environment, 'build', '-t', reference, '--build-arg', `BASE=${base}`, join(home, 'hello'));
  await barnraiser(environment, 'images');

  const destination = `${lab.registry.address}/demo/${reference}`;
  say('The list and all its images go to a registry, the list last.');
  await barnraiser(environment, 'push', reference, destination, '--tls-verify=false');

  say('Another client reads what was pushed.');
  console.log(`$ skopeo inspect --raw --tls-verify=false docker://${destination}`);
  console.log(await mustRun(['skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${destination}`]));

  say('Each image runs on a node of its own architecture.');
  for (const node of lab.nodes) {
    const command = `podman run --rm --pull=always --tls-verify=false --network=host ${destination}`;
    console.log(`${node.name}$ ${command}`);
    const { code, stdout, stderr } = await nodeShell(node.name, command);
    if (code !== 0) {
      throw new Error(`${node.name}: ${stderr}`);
    }
    console.log(stdout.trim());
  }
}

try {
  await demo(await labUp());
  console.log('\nDone. The nodes stay up for you to try; `npm run -s lab -- down` stops them.');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
