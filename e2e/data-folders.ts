/**
 * Makes the data folder that tests open with later versions, on the lab, with a file of every format:
 *
 *     npx tsx e2e/data-folders.ts          of this version, in electron/testing/data-folders/VERSION
 *     npx tsx e2e/data-folders.ts HOME NAME  of the data folder that another version has made
 *
 * What names this computer is replaced.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { createApp } from '../electron/app.ts';
import { version } from '../electron/system/version.ts';
import type { CallInput, CallName, CallOutput } from '../shared/contract.ts';
import { type DataFormatName, dataFormats } from '../shared/data-formats.ts';
import { pushBase } from './lab/base-image.ts';
import { type LabNode, labUp } from './lab/lab.ts';

const target = join(import.meta.dirname, '..', 'electron', 'testing', 'data-folders');

/** What only running processes need, and caches without a version. */
const leftOut = /^(running|slots|spool|reserve|contexts|repositories|images\.work|app\.sock.*|.*\.lock)$/;

/** Files of formats that no call makes at once. */
const written: Partial<Record<DataFormatName, readonly [path: string, content: object]>> = {
  secrets: [
    'secrets.json',
    { secrets: [{ id: 'b3', kind: 'password', subject: 'anna@pi4.local', encrypted: 'AAAA' }] },
  ],
  trustedKeys: [
    'trusted-keys.json',
    {
      keys: [
        {
          name: 'anna',
          publicKey: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n',
          fingerprint: '0'.repeat(64),
          kind: 'ECDSA P-256',
          addedAt: '2026-11-30T06:00:00.000Z',
        },
      ],
    },
  ],
  allowedCommands: ['allowed-commands.json', { commands: [{ host: 'inner', command: 'nc %h %p' }] }],
  circuits: [
    'circuits.json',
    {
      circuits: [
        {
          uri: 'ssh://anna@pi4.local',
          failures: [
            {
              key: 'a',
              at: 1_790_000_000_000,
              problem: { code: 'ssh.unreachable', message: 'The node is gone.', fix: 'Start it.' },
              wasLost: true,
            },
          ],
          opened: 1,
          until: 1_790_000_300_000,
        },
      ],
    },
  ],
  releases: [
    'releases.json',
    {
      address: 'https://example.com/releases.json',
      checkedAt: '2026-11-30T06:00:00.000Z',
      etag: '"1"',
      newest: { version: '0.1.0', page: 'https://example.com/releases/0.1.0' },
    },
  ],
  linkSpeeds: ['link-speeds.json', { nodes: { pi4: { up: 1_000_000, down: 2_000_000 } } }],
  nodeJobs: [
    'node-work/0a1b.job.json',
    { buildId: '20261130-101500-0a1b2c3', node: 'pi4', tag: 'localhost/barnraiser/work:0a1b' },
  ],
  unneededImages: ['node-work/0123456789abcdef.unneeded.json', { images: ['sha256:0a1b'] }],
};

async function makeHome(home: string, projects: string): Promise<readonly (readonly [string, string])[]> {
  const { nodes, registry } = await labUp();
  const used = [nodes.find(({ name }) => name === 'amd-a'), nodes.find(({ name }) => name === 'amd-b')];
  const [first, second] = used.filter((node): node is LabNode => node !== undefined);
  if (!first || !second) {
    throw new Error('The nodes amd-a and amd-b of the lab are not up.');
  }
  const knownHosts = join(projects, 'known_hosts');
  await writeFile(knownHosts, (await Promise.all([first, second].map((node) => readFile(node.knownHosts)))).join(''));
  Object.assign(process.env, { BARNRAISER_KNOWN_HOSTS: knownHosts, BARNRAISER_SSH_CONFIG: 'none', SSH_AUTH_SOCK: '' });
  for (const [name, content] of [
    ['api/Containerfile', 'FROM scratch\nARG VERSION\nCOPY hello.txt /hello.txt\n'],
    ['api/hello.txt', 'hello\n'],
    ['broken/Containerfile', `FROM ${await pushBase(registry.address)}\nRUN false\n`],
  ] as const) {
    await mkdir(dirname(join(projects, name)), { recursive: true });
    await writeFile(join(projects, name), content);
  }
  const app = await createApp({ frontEnd: 'browser', home, sampleMs: 200 });
  const call = async <N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> => {
    const answer = await app.call(name, input);
    if (!answer.ok) {
      throw new Error(`${name}: ${answer.problem.message} ${answer.problem.detail ?? ''}`);
    }
    return answer.value;
  };
  /** Calls, and waits for an event that has what `isEnd` looks for. */
  const ended = <T>(select: (event: Parameters<Parameters<typeof app.subscribe>[0]>[0]) => T | undefined) =>
    new Promise<T>((resolve) => {
      const stop = app.subscribe((event) => {
        const found = select(event);
        if (found !== undefined) {
          stop();
          resolve(found);
        }
      });
    });
  try {
    for (const [name, { uri, identity }] of [['pi4', first] as const, ['big', second] as const]) {
      await call('connections.add', { name, uri, identity });
    }
    await call('farms.create', { name: 'home', connections: ['pi4', 'big'], makeDefault: true });
    await call('farms.create', { name: 'spare', connections: ['big'] });
    await call('settings.update', { theme: 'dark', keepBuilds: 500, jobsPerNode: 3, baseChecks: 'weekly' });
    await call('memory.set', { key: 'log.height', value: 300 });
    await call('registries.add', { name: 'mirror.example.com', tls: 'plain-http' });
    const base = { farm: 'home', platforms: ['linux/amd64' as const] };
    const request = {
      ...base,
      context: join(projects, 'api'),
      reference: 'team/api:1.4',
      buildArgs: { VERSION: '1.4' },
    };
    await call('nodes.probe', { farm: 'home' });
    for (const each of [request, { ...base, context: join(projects, 'broken'), reference: 'team/broken:1' }]) {
      const finished = ended((event) => (event.event === 'build.finished' ? event.build : undefined));
      await call('builds.start', each);
      console.log(each.reference, (await finished).status);
    }
    const pushed = ended((event) => (event.event === 'push.finished' ? event.push : undefined));
    await call('pushes.start', {
      reference: 'team/api:1.4',
      destination: `${registry.address}/fixture/api:1.4`,
      tlsVerify: false,
    });
    console.log('push', (await pushed).status);
    const output = ended((event) =>
      event.event === 'output.changed' && event.output.status !== 'running' ? event.output : undefined,
    );
    await call('outputs.start', {
      reference: 'team/api:1.4',
      output: `rootfs:${join(projects, 'root')}`,
    });
    console.log('output', (await output).status);
    const image = { name: 'api', request: { ...request, reference: 'team/baked:1' } };
    const baked = ended((event) =>
      event.event === 'bake.changed' && event.bake.status !== 'running' ? event.bake : undefined,
    );
    await call('bakes.start', { project: join(projects, 'api'), images: [image] });
    console.log('bake', (await baked).status);
    await call('recipes.save', {
      folder: join(projects, 'api'),
      recipe: { version: 1, platforms: ['linux/amd64'] },
      destination: 'app',
    });
    await call('timers.save', {
      timer: { name: 'nightly', cron: '0 3 * * *', timeZone: 'UTC', task: { kind: 'build', request } },
    });
    await call('nodes.hold', { name: 'pi4', state: 'paused', reason: 'new disk' });
    await call('queue.pause', {});
    await call('images.packages', { reference: 'team/api:1.4' }).catch((error: unknown) => console.log(String(error)));
    await call('images.files', { reference: 'team/api:1.4' }).catch((error: unknown) => console.log(String(error)));
    await call('bases.list', { check: true });
  } finally {
    await app.close();
  }
  for (const [name, [path, content]] of Object.entries(written)) {
    await mkdir(dirname(join(home, path)), { recursive: true });
    const { version: format } = dataFormats[name as DataFormatName];
    await writeFile(join(home, path), `${JSON.stringify({ version: format, ...content }, null, 2)}\n`);
  }
  return [
    [registry.address, 'registry.example.com'],
    [first.uri, 'ssh://anna@pi4.local'],
    [second.uri, 'ssh://anna@big.local'],
  ];
}

/** Copies a data folder without what names this computer. */
async function keep(home: string, name: string, replaced: readonly (readonly [string, string])[]): Promise<void> {
  const folder = join(target, name);
  await rm(folder, { recursive: true, force: true });
  await cp(home, folder, {
    recursive: true,
    filter: (path) => !leftOut.test(relative(home, path).split('/')[0] ?? ''),
  });
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !/\/(blobs|images\.\w+)\//.test(path)) {
      const content = await readFile(path);
      const text = content.toString('latin1');
      const cleaned = replaced.reduce((result, [from, to]) => result.replaceAll(from, to), text);
      await writeFile(path, Buffer.from(cleaned, 'latin1'));
    }
  }
  console.log(relative(process.cwd(), folder));
}

const [from, name] = process.argv.slice(2);
const home = from ?? (await mkdtemp(join(tmpdir(), 'barnraiser-data-')));
const projects = await mkdtemp(join(tmpdir(), 'barnraiser-projects-'));
try {
  const { nodes, registry } = await labUp();
  const replaced =
    from === undefined ? await makeHome(home, projects) : ([[registry.address, 'registry.example.com']] as const);
  await keep(home, name ?? version, [
    ...replaced,
    ...nodes.map(({ uri, name: node }) => [uri, `ssh://anna@${node}.local`] as const),
    ...nodes.map(({ identity }) => [identity, '/home/anna/.ssh/id_ed25519'] as const),
    [projects, '/home/anna/projects'],
    ...(from === undefined ? [] : [['/tmp/old/proj', '/home/anna/projects'] as const]),
    [home, '/home/anna/.local/share/barnraiser'],
    [homedir(), '/home/anna'],
  ]);
} finally {
  await rm(projects, { recursive: true, force: true });
}
