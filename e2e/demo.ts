/**
 * `npm run demo`: a farm of the lab's podman and docker nodes, an image for two architectures, a push, and the window. With `-- --tour`: what
 * happens when things fail.
 */
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { buildEntrySchema } from '../shared/build-entry.ts';
import { ensureBundled } from './bundle.ts';
import { DemoSteps } from './demo-steps.ts';
import { hasDisplay } from './electron-runtime.ts';
import { HeadlessApp } from './headless-app.ts';
import { pushBase, pushCompiler } from './lab/base-image.ts';
import { mustRun } from './lab/command.ts';
import { type LabNode, nodesUp, runOnNode, startNode, stopNode } from './lab/lab.ts';
import { sshConfig } from './lab/ssh-config.ts';

/** The lab has more, which would take longer to make. */
const farm = ['amd-b', 'arm-a', 'docker-a', 'docker-arm'];

interface Scene {
  readonly demo: DemoSteps;
  readonly nodes: readonly LabNode[];
  /** The reference of the lab's base image. */
  readonly base: string;
  /** The same with a C compiler. */
  readonly compiler: string;
  readonly registry: string;
}

async function setTheScene(): Promise<Scene> {
  const [lab] = await Promise.all([nodesUp(farm), ensureBundled()]);
  const home = join(lab.folder, 'demo');
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { mode: 0o700 });
  const demo = new DemoSteps(home);
  await writeFile(join(home, 'ssh-config'), sshConfig(lab.nodes.filter(({ status }) => status === 'up')));
  const exports = Object.entries(demo.variables).map(([name, value]) => `export ${name}='${value}'\n`);
  await writeFile(join(home, 'env.sh'), exports.join(''));
  const base = await pushBase(lab.registry.address);
  const compiler = await pushCompiler(lab.registry.address);
  const nodes = lab.nodes.filter(({ name }) => farm.includes(name));
  return { demo, nodes, base, compiler, registry: lab.registry.address };
}

async function makeFarm({ demo, nodes }: Scene): Promise<void> {
  demo.explain(
    'Four machines, two with podman and two with docker, amd64 and arm64: connect to them over SSH, and make a farm of them.',
  );
  for (const { name, uri, identity } of nodes) {
    await demo.barnraiser([
      'connection',
      'add',
      name,
      uri,
      '--identity',
      identity,
      '--accept-new-host-keys',
      '--no-test',
    ]);
  }
  await demo.barnraiser(['farm', 'create', 'lab', ...nodes.map(({ name }) => name), '--default']);
  await demo.barnraiser(['status', '--accept-new-host-keys']);
}

async function showBuild({ demo, base, registry, nodes }: Scene): Promise<void> {
  demo.explain(
    'Build one image for both architectures, each on a machine that runs it natively. The images come to this computer.',
  );
  await demo.barnraiser(['sample', 'hello', join(demo.folder, 'hello')]);
  await demo.barnraiser(['build', '-t', 'hello:1', '--build-arg', `BASE=${base}`, join(demo.folder, 'hello')]);

  const destination = `${registry}/demo/hello:1`;
  demo.explain('Push both to a registry, as one image. Until now, no registry was needed.');
  await demo.barnraiser(['registry', 'add', registry, '--tls', 'plain-http']);
  await demo.barnraiser(['push', 'hello:1', destination]);

  demo.explain('Read it with another client, and run it: each machine gets its own.');
  const skopeo = ['inspect', '--raw', '--tls-verify=false', `docker://${destination}`];
  demo.show('skopeo', skopeo);
  const list = z
    .object({ manifests: z.array(z.object({ digest: z.string(), platform: z.record(z.string(), z.string()) })) })
    .parse(JSON.parse(await mustRun(['skopeo', ...skopeo])));
  for (const { digest, platform } of list.manifests) {
    console.log(`${platform.os}/${platform.architecture} ${digest}`);
  }
  await Promise.all(
    nodes.filter(({ name }) => ['amd-b', 'docker-arm'].includes(name)).map((node) => runThere(node, destination)),
  );
}

/** Runs an image on a node, and prints what it prints. */
async function runThere({ name, engine }: LabNode, image: string): Promise<void> {
  const options = engine === 'podman' ? '--pull=always --tls-verify=false' : '--quiet --pull=always';
  const command = `${engine} run --rm ${options} --network=host ${image}`;
  const { code, stdout, stderr } = await runOnNode(name, command);
  if (code !== 0) {
    throw new Error(`${name}: ${stderr}`);
  }
  console.log(`\n${name}$ ${command}\n${stdout.trim()}`);
}

async function tour(scene: Scene): Promise<void> {
  const { demo, registry, compiler } = scene;
  await demo.barnraiser(['registry', 'add', registry, '--tls', 'plain-http']);
  const project = join(demo.folder, 'c');
  const build = ['build', '-t', 'checksum:1', '--build-arg', `BASE=${compiler}`, '--node', 'amd-b,docker-arm', project];
  await demo.barnraiser(['sample', 'c', project]);

  demo.explain(
    'A failure. This program takes "char" for a signed type, which it is on amd64 and is not on arm64.\nIts tests run on both, so arm64 fails; amd64 is done and kept.',
  );
  const source = join(project, 'checksum.c');
  const good = await readFile(source, 'utf8');
  await writeFile(source, good.replace('signed char byte', 'char byte'));
  await demo.barnraiser(build, 1);

  demo.explain('What the failure means, and what to do about it. The window shows the same beside the log.');
  await demo.barnraiser(['explain', 'build.failed']);

  demo.explain('A retry. The mistake is corrected; only arm64 is built.');
  await writeFile(source, good);
  await demo.barnraiser(['retry']);

  demo.explain(
    'A retry takes amd64 as it was built, before the correction. A build of all platforms makes both of the same files;\narm64 has not changed since, so it is not built again.',
  );
  await demo.barnraiser(build);
  demo.explain('And once more: nothing has changed, so no step runs.');
  await demo.barnraiser(build);

  await failover(scene);

  demo.explain('A push, with all platforms. The tag comes last, so no one pulls half an image.');
  await demo.barnraiser(['push', 'checksum:1', `${registry}/demo/checksum:1`]);
  await demo.barnraiser(['manifest', 'inspect', `docker://${registry}/demo/checksum:1`]);
}

/** Ends a node while it builds. Its job moves to another one. */
async function failover({ demo, base }: Scene): Promise<void> {
  demo.explain(
    'A node is lost in the middle of a build, as by a power cut. Its job moves to another node, and the image is complete.',
  );
  const folder = join(demo.folder, 'slow');
  await mkdir(folder);
  const steps = `RUN echo ${Date.now()} && for part in 1 2 3 4 5 6; do echo "part $part of 6"; sleep 1; done\n`;
  await writeFile(join(folder, 'Containerfile'), `FROM ${base}\n${steps}`);
  const running = demo.start([
    'build',
    '-t',
    'slow:1',
    '--platform',
    'linux/amd64',
    '--pin',
    'linux/amd64=amd-b',
    folder,
  ]);
  try {
    await running.line('part 2 of 6');
    console.log('\n(amd-b is switched off)\n');
    await stopNode('amd-b');
    if ((await running.ended) !== 0) {
      throw new Error('The build failed.');
    }
  } finally {
    await startNode('amd-b');
  }
}

async function newestBuild(demo: DemoSteps): Promise<string> {
  const [entry] = z.array(buildEntrySchema).parse(JSON.parse(await demo.read('builds', '--json', '--limit', '1')));
  if (!entry) {
    throw new Error('There is no build.');
  }
  return entry.id;
}

/** Opens the window, or takes screenshots of it if there is no display. */
async function showWindow({ demo }: Scene, image: string): Promise<void> {
  if (hasDisplay()) {
    demo.explain('The same in the window. Close it to end the demo.');
    await new Promise<void>((resolve, reject) => {
      const child = spawn(process.execPath, ['--import', 'tsx', 'e2e/start.ts'], { stdio: 'inherit', env: demo.env });
      child.on('error', reject);
      child.on('exit', () => resolve());
    });
    return;
  }
  demo.explain('Pictures of the window, since there is no display.');
  Object.assign(process.env, demo.env);
  const id = await newestBuild(demo);
  const headless = await HeadlessApp.open(demo.folder, join(demo.folder, 'pictures'));
  try {
    for (const [name, hash, text] of [
      ['farm', '#/farm/lab', 'arm-a'],
      ['build', `#/build/${id}`, 'amd64'],
      ['images', '#/images', image],
    ] as const) {
      await headless.goTo(hash);
      const main = headless.page.getByRole('main');
      await main.getByText(text).first().waitFor();
      await main.getByText('Checking what it can build').first().waitFor({ state: 'hidden' });
      console.log(await headless.takeScreenshot(name, 'light'));
    }
  } finally {
    await headless.close();
  }
}

try {
  const { values } = parseArgs({ options: { tour: { type: 'boolean', default: false } } });
  const scene = await setTheScene();
  await makeFarm(scene);
  await (values.tour ? tour(scene) : showBuild(scene));
  await showWindow(scene, values.tour ? 'checksum' : 'hello');
  console.log(`
Done. The machines keep running; \`npm run -s lab -- down\` stops them.
To go on with this farm: . ${join(scene.demo.folder, 'env.sh')}
  npm run -s barnraiser -- status
  npm start${values.tour ? '' : '\nWhat happens when something fails: npm run demo -- --tour'}
What else there is to try: docs/guide/practice.md`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
