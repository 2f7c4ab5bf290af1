/** Kills processes at seeded points of what they do with an image store, and checks what they leave. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { cp, lutimes, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { build } from 'vite';
import { digestOf } from '../../electron/images/digest.ts';
import { exportList } from '../../electron/images/export-list.ts';
import { findReachableDigests } from '../../electron/images/garbage-collection.ts';
import { ImageStore } from '../../electron/images/image-store.ts';
import { loadImages } from '../../electron/images/load-images.ts';
import { verifyImages } from '../../electron/images/verify-images.ts';
import { outputOf } from '../../shared/output.ts';
import { commitNumber, names, type OperationName, operations, pushedTo } from './operations.ts';
import { randomOf, seededBytes } from './seeds.ts';

export interface Crash {
  readonly seed: number;
  readonly operation: OperationName;
  /** When the process was killed, for people. */
  readonly point: string;
  /** Whether it was killed before it had ended. */
  readonly wasKilled: boolean;
  /** What is wrong afterwards. Empty if nothing is. */
  readonly problems: readonly string[];
}

const signal = new AbortController().signal;
const operationNames = Object.keys(operations) as OperationName[];

interface Measured {
  readonly calls: number;
  readonly milliseconds: number;
}

/** A store to start from, and how long each operation takes when nothing kills it. */
export class CrashScene {
  readonly folder: string;
  readonly #registry: string;
  readonly #measured = new Map<OperationName, Promise<Measured>>();

  private constructor(folder: string, registry: string) {
    this.folder = folder;
    this.#registry = registry;
  }

  static async create(registry: string): Promise<CrashScene> {
    const folder = await mkdtemp(join(tmpdir(), 'barnraiser-crashes-'));
    const start = join(folder, 'start');
    const store = await ImageStore.open(join(start, 'images'));
    await commitNumber(store, names.stable, -1);
    await commitNumber(store, names.changing, -2);
    // a replaced list is in the cache
    await commitNumber(store, names.changing, -3);
    await commitNumber(store, names.other, -4);
    await commitNumber(store, 'archived:1', -5);
    await exportList(store, 'archived:1', outputOf(`oci-archive:${join(start, 'oci.tar')}`));
    await store.remove('archived:1');
    await store.close();
    await writeDockerArchive(join(start, 'docker.tar'));
    await bundle(join(folder, 'program'));
    return new CrashScene(folder, registry);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  async run(seed: number, wanted?: string): Promise<Crash> {
    const random = randomOf(seed);
    const chosen = operationNames[Math.floor(random() * operationNames.length)];
    const operation = operationNames.find((name) => name === wanted) ?? chosen ?? 'write';
    const { calls, milliseconds } = await this.#measure(operation);
    const atCall = 1 + Math.floor(random() * calls);
    const plan =
      random() < 0.75 ? { atCall, isTorn: random() < 0.5 } : { afterMs: Math.floor(random() * milliseconds) };
    const folder = join(this.folder, `run-${seed}`);
    await cp(join(this.folder, 'start'), folder, { recursive: true });
    const ended = await this.#spawn(operation, folder, seed, plan);
    const problems = await checkLeftovers(folder, operation, seed, this.#registry);
    if (problems.length === 0) {
      await rm(folder, { recursive: true, force: true });
    }
    const point =
      plan.atCall === undefined
        ? `after ${plan.afterMs} ms`
        : `at call ${plan.atCall} of ${calls}${plan.isTorn ? ', torn' : ''}`;
    return { seed, operation, point, wasKilled: ended === undefined, problems };
  }

  #measure(operation: OperationName): Promise<Measured> {
    const measuring = this.#measured.get(operation) ?? this.#measureNow(operation);
    this.#measured.set(operation, measuring);
    return measuring;
  }

  async #measureNow(operation: OperationName): Promise<Measured> {
    const folder = join(this.folder, `measured-${operation}`);
    await cp(join(this.folder, 'start'), folder, { recursive: true });
    const measured = await this.#spawn(operation, folder, 0, {});
    if (!measured) {
      throw new Error(`the operation ${operation} was killed by something else`);
    }
    return measured;
  }

  #program(name: string): string {
    return join(this.folder, 'program', `${name}.mjs`);
  }

  /** Undefined if the process was killed. @throws Error if it failed */
  async #spawn(operation: OperationName, folder: string, seed: number, plan: object): Promise<Measured | undefined> {
    const scene = JSON.stringify({ folder, seed, registry: this.#registry });
    const program = ['--import', this.#program('kill-switch'), this.#program('child')];
    const child = spawn(process.execPath, [...program, operation, scene], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, BARNRAISER_KILL: JSON.stringify(plan) },
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    const [code, killedBy] = await new Promise<[number | null, string | null]>((done) =>
      child.once('close', (...values) => done(values)),
    );
    if (killedBy === 'SIGKILL') {
      return undefined;
    }
    if (code !== 0) {
      throw new Error(`the operation ${operation} failed with seed ${seed}:\n${errors}`);
    }
    return JSON.parse(output);
  }
}

/** Each run starts the program, which takes long from its source. */
async function bundle(folder: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'warn',
    root: import.meta.dirname,
    ssr: { noExternal: true },
    build: {
      ...{ ssr: true, outDir: folder, emptyOutDir: true, minify: false, target: 'node20' },
      rollupOptions: {
        input: ['child', 'kill-switch'].map((name) => join(import.meta.dirname, `${name}.ts`)),
        output: {
          ...{ entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs', format: 'es' },
          // for packages in CommonJS
          banner: 'const __filename = import.meta.filename;',
        },
      },
    },
  });
}

/** Everything that must hold after a crash. Time passes in between, so that locks and heartbeats of the dead process are old. */
async function checkLeftovers(
  folder: string,
  operation: OperationName,
  seed: number,
  registry: string,
): Promise<string[]> {
  const problems: string[] = [];
  const images = join(folder, 'images');
  await makeOld(folder);
  const store = await ImageStore.open(images);
  try {
    problems.push(...(await damageOf(store, 'after the crash')));
    problems.push(...(await missingNames(store, operation)));
    if (operation === 'push') {
      problems.push(...(await incompletePush(registry, seed)));
    }
    problems.push(...(await incompleteOutputs(folder)));
    await store.collectGarbage();
    problems.push(...(await damageOf(store, 'after garbage was collected')));
    const reachable = await findReachableDigests(store.blobs, await store.readIndex());
    const left = (await store.blobs.listDigests()).filter((digest) => !reachable?.has(digest));
    if (left.length > 0) {
      problems.push(`${left.length} blobs stay although nothing needs them`);
    }
    await operations[operation](store, { folder, seed, registry });
    problems.push(...(await damageOf(store, 'after the operation was repeated')));
    problems.push(...(await leftFiles(folder, images)));
  } catch (error) {
    problems.push(error instanceof Error ? `${error.message} ${error.stack ?? ''}` : String(error));
  } finally {
    await store.close();
  }
  return problems;
}

async function damageOf(store: ImageStore, when: string): Promise<string[]> {
  const { images } = await verifyImages(store, { signal });
  return images.flatMap(({ reference = 'without a name', problems }) =>
    problems.map(({ what, kind }) => `${when}: ${what} of ${reference} is ${kind}`),
  );
}

/** No crash loses a name. */
async function missingNames(store: ImageStore, operation: OperationName): Promise<string[]> {
  const found = (await store.list()).map(({ reference }) => reference);
  const mayBeGone: readonly string[] =
    operation === 'remove' ? [names.other] : operation === 'tag' ? [names.other] : [];
  return Object.values(names)
    .filter((name) => !found.includes(name) && !mayBeGone.includes(name))
    .map((name) => `${name} is gone`);
}

/** A tag in the registry names nothing, or a list that is whole. */
async function incompletePush(registry: string, seed: number): Promise<string[]> {
  const { repository, tag } = pushedTo(registry, seed);
  const base = `http://${registry}/v2/${repository}`;
  const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json';
  const read = async (name: string) => {
    const response = await fetch(`${base}/manifests/${name}`, { headers: { accept } });
    return response.status === 200 ? JSON.parse(await response.text()) : undefined;
  };
  const list = await read(tag);
  const problems: string[] = [];
  for (const { digest } of list?.manifests ?? []) {
    const manifest = await read(digest);
    if (!manifest) {
      problems.push(`the registry has the tag without ${digest}`);
    }
    for (const part of manifest ? [manifest.config, ...manifest.layers] : []) {
      const { status } = await fetch(`${base}/blobs/${part.digest}`, { method: 'HEAD' });
      if (status !== 200) {
        problems.push(`the registry has the tag without the blob ${part.digest}`);
      }
    }
  }
  return problems;
}

/** What has the name of an output is whole. */
async function incompleteOutputs(folder: string): Promise<string[]> {
  const out = join(folder, 'out');
  const found: string[] = await readdir(out).catch(() => []);
  const store = await ImageStore.open(join(folder, 'check'));
  const problems: string[] = [];
  try {
    for (const name of found.filter((each) => !each.startsWith('.') && !each.endsWith('.lock'))) {
      // a layout gets its index at the end
      if (name !== 'layout' || (await readdir(join(out, name))).includes('index.json')) {
        const references = name === 'layout' ? {} : { reference: 'check:1' };
        await loadImages(store, join(out, name), { signal, ...references }).catch((error: unknown) => {
          problems.push(`the output ${name} is incomplete: ${error instanceof Error ? error.message : String(error)}`);
        });
      }
    }
  } finally {
    await store.close();
    await rm(join(folder, 'check'), { recursive: true });
    await rm(join(folder, 'check.work'), { recursive: true, force: true });
  }
  return problems;
}

/** Nothing stays of the dead process: no temporary file, no lease, no lock. */
async function leftFiles(folder: string, images: string): Promise<string[]> {
  const blobs = await readdir(join(images, 'blobs', 'sha256'));
  const areas = await readdir(`${images}.work`);
  const contents = (await Promise.all(areas.map((name) => readdir(join(`${images}.work`, name))))).flat();
  const known = [
    'images',
    'images.work',
    'images.files',
    'images.programs',
    'out',
    'source',
    'source.work',
    'oci.tar',
    'docker.tar',
  ];
  const others = (await readdir(folder)).filter((name) => !known.includes(name));
  const outputs: string[] = await readdir(join(folder, 'out')).catch((): string[] => []);
  const layout = outputs.includes('layout') ? await readdir(join(folder, 'out', 'layout')) : [];
  return [
    ...outputs.filter((name) => !['layout', 'oci.tar', 'docker.tar', 'dir'].includes(name)),
    ...layout.filter((name) => !['blobs', 'index.json', 'oci-layout'].includes(name)),
    ...blobs.filter((name) => !/^[a-f0-9]{64}$/.test(name)),
    ...(await readdir(images)).filter((name) => !['blobs', 'index.json', 'oci-layout'].includes(name)),
    ...contents.filter((name) => name !== 'heartbeat'),
    ...(areas.length === 1 ? [] : areas.slice(1)),
    ...others,
  ].map((name) => `${name} stays`);
}

async function makeOld(path: string): Promise<void> {
  const hourAgo = new Date(Date.now() - 3_600_000);
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    await lutimes(join(entry.parentPath, entry.name), hourAgo, hourAgo);
  }
}

/** As docker before 25 writes it: two images, one of them with two names. */
async function writeDockerArchive(path: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  const archive = pack();
  const written = pipeline(archive, createWriteStream(path));
  const images = [];
  for (const [number, tags] of [['docker-one:1'], ['docker-two:1', 'docker-two:latest']].entries()) {
    const layer = await tarOf(`etc/file-${number}`, seededBytes(`docker ${number}`, 100_000));
    const config = Buffer.from(
      JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } }),
    );
    const hex = digestOf(config).slice('sha256:'.length);
    archive.entry({ name: `${hex}/layer.tar` }, layer);
    archive.entry({ name: `${hex}.json` }, config);
    images.push({ Config: `${hex}.json`, RepoTags: tags, Layers: [`${hex}/layer.tar`] });
  }
  archive.entry({ name: 'manifest.json' }, JSON.stringify(images));
  archive.finalize();
  await written;
}

async function tarOf(name: string, content: Buffer): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name, mtime: new Date(0) }, content);
  archive.finalize();
  return Buffer.concat(await Readable.from(archive).toArray());
}
