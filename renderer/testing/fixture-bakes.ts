/** Sample data of recipes and bakes. */
import type { Bake, BakedImage } from '../../shared/bake.ts';
import type { Build } from '../../shared/build.ts';
import type { CallOutput } from '../../shared/contract.ts';
import { fail } from '../../shared/problem.ts';
import type { BakeDescription, BakeImage } from '../../shared/recipe.ts';
import { ago, build, buildFailed, platform } from './fixture-data.ts';

export const bakeId = 'bake-20260714-101500-a1b2c3';
const project = '/home/anna/projects/shop';

/** Folders whose names end with `shop` or `stack` have files for several images. */
export function recipesAt(folder: string): CallOutput<'recipes.find'> {
  if (folder.endsWith('/stack')) {
    return { files: ['compose.yaml'] };
  }
  if (folder.endsWith('/many')) {
    return { files: ['docker-bake.hcl'] };
  }
  return folder.endsWith('/shop') ? { files: ['docker-bake.hcl', 'docker-bake.override.hcl'] } : { files: [] };
}

const platforms = ['linux/amd64', 'linux/arm64'];

function image(name: string, depends: Readonly<Record<string, string>> = {}, description?: string): BakeImage {
  const { request } = build({
    id: '',
    reference: `registry.example.com/shop/${name}:2.4`,
    context: name === 'base' ? project : `${project}/${name}`,
    status: 'done',
    startedAgo: 0,
    jobs: [],
  });
  return {
    name,
    ...(description === undefined ? {} : { description }),
    request: { ...request, platforms: platforms.map(platform), buildArgs: { VERSION: '2.4' } },
    depends: { ...depends },
  };
}

function sampleImages(): BakeImage[] {
  return [
    image('base', {}, 'What all services start from'),
    image('api', { base: 'base' }),
    image('web', { base: 'base' }),
    image('worker', { base: 'base', api: 'api' }),
    image('docs'),
  ];
}

/** A target that is not one of the group `default`. */
const extra = 'load-test';

export function manyImages(): BakeImage[] {
  const versions = ['3.18', '3.19', '3.20', '3.21', 'edge'];
  const flavors = ['php-fpm', 'php-cli', 'php-apache-with-extensions', 'node', 'python', 'ruby'];
  return versions.flatMap((version) => flavors.map((flavor) => image(`${flavor}-${version.replace('.', '-')}`)));
}

export function describedAt(
  folder: string,
  targets: readonly string[] = [],
  allow: readonly string[] = [],
  pushes = false,
): BakeDescription {
  if (folder.includes('broken')) {
    throw fail(
      'recipe.invalid',
      'docker-bake.hcl, line 12: A target has no field "platfroms".',
      'Did you mean platforms?',
    );
  }
  const all = folder.includes('many') ? manyImages() : sampleImages();
  const ofDefault = targets.length === 0 || targets.includes('default');
  const chosen = [...all, image(extra)].filter(({ name }) => targets.includes(name) || (ofDefault && name !== extra));
  if (pushes && targets.includes(extra)) {
    throw fail(
      'reference.no-registry',
      `${extra}: "${extra}" names no registry to push to.`,
      'Put the registry into its name.',
    );
  }
  return {
    project: folder,
    files: recipesAt(folder).files,
    groups: [
      { name: 'default', targets: all.map(({ name }) => name) },
      { name: 'services', targets: ['api', 'web', 'worker'] },
    ],
    targets: [...all.map(({ name }) => name), extra],
    images: chosen,
    leftOut: [
      {
        target: 'web',
        field: 'output: type=registry',
        file: 'docker-bake.hcl',
        line: 24,
        reason: 'an image is pushed only if you ask for it',
      },
      {
        target: 'worker',
        field: 'attest',
        file: 'docker-bake.hcl',
        line: 41,
        reason: 'engines decide about attestations',
      },
    ],
    environment: [
      { name: 'VERSION', isSet: true },
      { name: 'REGISTRY', isSet: false },
    ],
    permissions:
      allow.length > 0
        ? []
        : [
            { kind: 'fs.read', path: '/home/anna/projects/shared', reason: 'worker: an additional context' },
            { kind: 'ssh', reason: 'worker: it uses your SSH agent or keys' },
          ],
  };
}

export function startedBake(folder: string, images: readonly BakeImage[]): Bake {
  return bakeOf(
    'running',
    images.map((each) => bakedImage(each, 'waiting')),
    folder,
  );
}

function bakedImage(
  { name, request, depends }: BakeImage,
  status: BakedImage['status'],
  fields: Partial<BakedImage> = {},
): BakedImage {
  return { name, reference: request.reference, dependsOn: [...new Set(Object.values(depends))], status, ...fields };
}

function bakeOf(status: Bake['status'], images: readonly BakedImage[], folder = project): Bake {
  return {
    id: bakeId,
    project: folder,
    status,
    images: [...images],
    createdAt: ago(95),
    ...(status === 'running' ? {} : { durationMs: 93_000 }),
  };
}

const blocked = fail(
  'bake.dependency',
  'worker was not built, because api, which it depends on, was not built.',
  'Retry when api can be built.',
).problem;

/** A bake in a state, and its builds. */
export function sampleBake(state: 'busy' | 'failed' | 'done' | 'huge'): {
  readonly bake: Bake;
  readonly builds: Build[];
} {
  const images = state === 'huge' ? manyImages() : sampleImages();
  const all: Readonly<Record<typeof state, Readonly<Record<string, BakedImage['status']>>>> = {
    busy: { base: 'done', api: 'running', web: 'running', worker: 'waiting', docs: 'done' },
    failed: { base: 'done', api: 'failed', web: 'done', worker: 'blocked', docs: 'done' },
    done: { base: 'done', api: 'done', web: 'done', worker: 'done', docs: 'done' },
    huge: Object.fromEntries(
      images.map(({ name }, index) => [
        name,
        index < 11 ? 'done' : index < 12 ? 'failed' : index < 20 ? 'running' : 'waiting',
      ]),
    ),
  };
  const statuses = all[state];
  const builds: Build[] = [];
  const baked = images.map((each, index) => {
    const status = statuses[each.name] ?? 'waiting';
    if (status === 'waiting' || status === 'blocked' || status === 'cancelled' || status === 'interrupted') {
      return bakedImage(each, status, status === 'blocked' ? { problem: blocked } : {});
    }
    const made = buildOf(each, status, index);
    builds.push(made);
    return bakedImage(each, status, { build: made.id, ...(made.problem ? { problem: made.problem } : {}) });
  });
  return { bake: bakeOf(state === 'huge' || state === 'busy' ? 'running' : state, baked), builds };
}

function buildOf({ name, request }: BakeImage, status: 'running' | 'done' | 'failed', index: number): Build {
  const isDone = status === 'done';
  const startedAgo = isDone ? 90 : 40 + index;
  return build({
    id: `20260714-1015${String(index).padStart(2, '0')}-${name.slice(0, 4)}`,
    reference: request.reference,
    context: request.context,
    status,
    startedAgo,
    request: { ...request, bake: { id: bakeId, image: name } },
    ...(status === 'failed' ? { problem: buildFailed } : {}),
    jobs: [
      {
        platform: 'linux/amd64',
        node: 'big-amd',
        status: isDone ? 'done' : status === 'failed' ? 'done' : 'transferring',
        steps: 12,
        startedAgo,
      },
      {
        platform: 'linux/arm64',
        node: 'pi5',
        status: isDone ? 'done' : status === 'failed' ? 'failed' : 'building',
        steps: isDone ? 12 : 6,
        slow: 2,
        startedAgo,
        ...(status === 'failed' ? { problem: buildFailed } : {}),
      },
    ],
  });
}
