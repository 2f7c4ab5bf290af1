/** Images are listed only for the platform that their content is for, on podman (4.3 and newer) and docker. */
import { readFile, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProject, Person, setUpLab } from './harness.ts';
import { busyboxFor } from './lab/base-image.ts';
import { tagSingle } from './single-images.ts';

const lab = await setUpLab();
const base = `${lab.registry.address}/base`;
let person: Person;
const projects: string[] = [];

let digestOfAmd64: string;
beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(...lab.nodes);
  digestOfAmd64 = await tagSingle(lab, 'amd64');
  await tagSingle(lab, 'arm64');
});
afterAll(async () => {
  await person.remove();
  await Promise.all(projects.map((folder) => rm(folder, { recursive: true })));
});

async function build(
  node: string,
  platform: string,
  lines: readonly string[],
  options: readonly string[] = [],
): Promise<Awaited<ReturnType<Person['build']>>> {
  const folder = await makeProject({
    Containerfile: `${lines.join('\n')}\n`,
    // each build has layers of its own
    stamp: `${Date.now()} ${Math.random()}`,
    'busybox-amd64': await readFile(await busyboxFor('amd64')),
    'busybox-arm64': await readFile(await busyboxFor('arm64')),
  });
  projects.push(folder);
  return person.build('-t', 'platforms:1', '--node', node, '--platform', platform, ...options, folder);
}

/** podman 4.3.1 does not know BUILDPLATFORM in FROM. */
const nodes = ['amd-b', 'docker-a'];

describe.each(nodes)('on %s, an image is refused for arm64', (node) => {
  test.each([
    ['if its base image exists for amd64 only', [`FROM ${base}:only-amd64`, 'COPY stamp /']],
    ['if its FROM names amd64', [`FROM --platform=linux/amd64 ${base}:1`, 'COPY stamp /']],
    [
      'if its FROM names the platform of the node',
      ['ARG TAG=1', `FROM --platform=$BUILDPLATFORM ${base}:$TAG`, 'COPY stamp /'],
    ],
    ['if it has a program for amd64 only', ['FROM scratch', 'COPY stamp busybox-amd64 /']],
    [
      'if it starts a program for amd64',
      [`FROM ${base}:1`, 'COPY --chmod=755 busybox-amd64 /x/', 'ENTRYPOINT ["/x/busybox-amd64"]'],
    ],
  ])('%s', async (_, lines) => {
    const { outcome, build: built } = await build(node, 'linux/arm64', lines);
    expect(outcome.code).toBe(1);
    expect(built.jobs[0]?.problem, JSON.stringify(built.jobs[0])).toMatchObject({
      code: 'image.platform',
      message: expect.stringMatching(/linux\/arm64.*linux\/amd64/),
      actions: [{ id: 'allow-platform-mismatch', platform: 'linux/arm64' }],
    });
  });

  test('if its base image is pinned by the digest of amd64, which is named', async () => {
    const { build: built } = await build(node, 'linux/arm64', [`FROM ${base}@${digestOfAmd64}`, 'COPY stamp /']);
    expect(built.jobs[0]?.problem).toMatchObject({
      code: 'image.platform',
      message: expect.stringContaining(`${base}@${digestOfAmd64}`),
    });
  });
});

describe.each(nodes)('on %s, an image is stored for arm64', (node) => {
  test.each([
    ['if its base image is for it', [`FROM ${base}:1`, 'COPY stamp /']],
    [
      'if a file comes from an image for amd64',
      [`FROM ${base}:1`, `COPY --from=${base}:only-amd64 /bin/busybox /opt/`, 'COPY stamp /'],
    ],
    [
      'if another stage is built on amd64',
      [
        `FROM --platform=linux/amd64 ${base}:1 AS tools`,
        'COPY stamp /',
        `FROM ${base}:1`,
        'COPY --from=tools /stamp /',
      ],
    ],
    ['without programs', [`FROM --platform=$BUILDPLATFORM ${base}:1 AS tools`, 'FROM scratch', 'COPY stamp /']],
    [
      'with its own program only',
      ['FROM scratch', 'ARG TARGETARCH', 'COPY busybox-$TARGETARCH /bin/app', 'COPY stamp /', 'CMD ["/bin/app"]'],
    ],
  ])('%s', async (_, lines) => {
    const { outcome, build: built } = await build(node, 'linux/arm64', lines);
    expect(outcome.code, JSON.stringify(built.jobs[0]?.problem)).toBe(0);
    expect(built.list?.entries.map(({ platform }) => platform)).toEqual(['linux/arm64']);
    expect(built.jobs[0]?.mismatch).toBeUndefined();
  });
});

test.each(nodes)('on %s, a build may allow programs for another platform, which is said everywhere', async (node) => {
  const lines = [`FROM --platform=linux/amd64 ${base}:1`, 'COPY stamp /'];
  const { outcome, build: built } = await build(node, 'linux/arm64', lines, ['--allow-platform-mismatch']);
  expect(outcome.code, outcome.stderr).toBe(0);
  expect(built.jobs[0]?.mismatch).toMatch(/built on .*, which is for linux\/amd64/);
  expect(built.list?.mismatched).toEqual(['linux/arm64']);
  expect(await person.mustRun('images')).toContain('(programs for another platform: linux/arm64)');
  expect(await person.mustRun('builds')).toContain('linux/arm64 (other programs)');
  expect(await person.mustRun('logs', built.id, 'linux/arm64')).toContain('Warning: The image for linux/arm64');
});

describe.each(nodes)('on %s', (node) => {
  test('a native node builds for the variants that its processor runs', async () => {
    const { outcome, build: built } = await build(node, 'linux/amd64/v2', [`FROM ${base}:1`, 'COPY stamp /']);
    expect(outcome.code, JSON.stringify(built.problem)).toBe(0);
    expect(built.jobs[0]?.mode).toBe('native');
    expect(built.list?.entries.map((entry) => entry.platform)).toEqual(['linux/amd64/v2']);
  });
});

test.each(['amd-a', 'amd-b', 'docker-a'])(
  'on %s, a stage for another platform changes neither the base image nor the variant of the result',
  async (node) => {
    const lines = [
      `FROM --platform=linux/arm64/v8 ${base}:1 AS other`,
      'COPY stamp /',
      `FROM ${base}:1`,
      'COPY --from=other /stamp /',
      'RUN uname -m',
    ];
    const { outcome, build: built } = await build(node, 'linux/amd64', lines);
    expect(outcome.code, JSON.stringify(built.problem)).toBe(0);
    expect(built.list?.entries.map((entry) => entry.platform)).toEqual(['linux/amd64']);
    expect(await person.mustRun('logs', built.id, 'linux/amd64')).toContain('x86_64');
  },
);

test('podman 4.3 does not warn of arguments that the project cannot know', async () => {
  const { build: built } = await build('amd-a', 'linux/amd64', [`FROM ${base}:1`, 'COPY stamp /']);
  expect(await person.mustRun('logs', built.id)).not.toContain('not consumed');
});
