/** Provenance, SBOMs and signatures of real builds, in local storage and in a registry. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { reproductionSchema } from '../shared/reproduction.ts';
import { makeProject, Person, setUpLab } from './harness.ts';
import { mustRun, run } from './lab/command.ts';
import { runOnNode } from './lab/lab.ts';
import { nodeFolder, nodeRow } from './lab/node-table.ts';
import { findRoot } from './lab/root-file-system.ts';
import { readStoredImage } from './stored-image.ts';

const lab = await setUpLab();
const unique = randomBytes(4).toString('hex');
const destination = `${lab.registry.address}/spec/attest-${unique}:1`;
const reference = `${lab.registry.address}/spec/attest-${unique}:1`;

let person: Person;
/** Has no nodes and no images. */
let other: Person;
let folder: string;
let key: string;
/** It has podman with sigstore's library. */
const podmanNode = 'amd-b';
const home = join(nodeFolder(nodeRow(podmanNode)), `attest-spec-${unique}`);
const homeOnNode = `/run/node/${basename(home)}`;

/** A project with the package database of this computer, the program that reads it, a program of Go and packages of npm and Python. */
async function projectWithPackages(): Promise<string> {
  const files = {
    Containerfile: [
      lab.from.trim(),
      'COPY root /',
      `RUN dpkg-query -W -f '\${db:Status-Status} \${Package} \${Version} \${Architecture}\\n' > /packages; echo ${unique} > /unique`,
      'RUN rm -r /app/node_modules/removed',
      '',
    ].join('\n'),
    'root/etc/os-release': 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n',
    'root/app/node_modules/@a/b/package.json': '{"name":"@a/b","version":"1.0.0","license":"MIT"}',
    'root/app/node_modules/removed/package.json': '{"name":"removed","version":"1.0.0"}',
    'root/usr/lib/python3/dist-packages/sample-2.dist-info/METADATA':
      'Metadata-Version: 2.1\nName: sample\nVersion: 2\n',
  };
  const made = await makeProject(files);
  const programs = ['/usr/bin/dpkg-query', '/var/lib/dpkg/status'];
  const libraries = execFileSync('ldd', ['/usr/bin/dpkg-query'], { encoding: 'utf8' }).match(/\/\S+(?= \()/g) ?? [];
  for (const path of [...programs, ...libraries]) {
    await mkdir(join(made, 'root', path, '..'), { recursive: true });
    await cp(path, join(made, 'root', path), { dereference: true });
  }
  await mkdir(join(made, 'root/var/lib/dpkg/info'));
  await cp(
    join(await findRoot({ suite: 'trixie', architecture: 'amd64' }), 'usr/sbin/runc'),
    join(made, 'root/usr/bin/runc'),
  );
  await mustRun(['git', '-C', made, 'init', '--quiet', '--initial-branch=main']);
  await mustRun(['git', '-C', made, 'remote', 'add', 'origin', 'https://git.example.com/team/api.git']);
  await mustRun(['git', '-C', made, 'add', '-A']);
  const author = ['-c', 'user.name=Spec', '-c', 'user.email=spec@example.com'];
  await mustRun(['git', '-C', made, ...author, 'commit', '--quiet', '-m', 'first']);
  return made;
}

beforeAll(async () => {
  person = await Person.create({ COSIGN_PASSWORD: 'secret' });
  other = await Person.create();
  await person.addConnections(lab.node('amd-b'), lab.node('docker-a'), lab.node('buildkit-a'));
  folder = await projectWithPackages();
  await person.mustRun('key', 'generate', join(person.home, 'cosign'));
  key = join(person.home, 'cosign.key');
  const args = ['-t', reference, '--node', 'amd-b', '--provenance', '--sbom', '--build-arg', 'GREETING=hello'];
  const secret = join(person.home, 'token');
  await writeFile(secret, `hidden-${unique}`);
  const { outcome } = await person.build(...args, '--secret', `id=token,src=${secret}`, folder);
  expect(outcome.code, outcome.stderr).toBe(0);
});
afterAll(async () => {
  await person?.remove();
  await other?.remove();
  for (const path of [folder, home]) {
    await rm(path, { recursive: true, force: true });
  }
});

const cyclonedx = z.object({ components: z.array(z.object({ purl: z.string(), name: z.string() })) });
const packagesSchema = z.object({
  digest: z.string(),
  packages: z.array(
    z.object({
      kind: z.string(),
      name: z.string(),
      version: z.string().optional(),
      architecture: z.string().optional(),
    }),
  ),
  problems: z.array(z.unknown()),
});
const provenanceSchema = z.object({
  statements: z.array(z.object({ form: z.string(), summary: z.object({ program: z.string() }) })),
});
const listSchema = z.object({ digest: z.string(), entries: z.array(z.object({ digest: z.string() })) });

const inspect = async (name: string) => listSchema.parse(JSON.parse(await person.mustRun('inspect', name, '--json')));

test('the packages of an image are those that its package manager shows', async () => {
  const { digest } = await inspect(reference);
  const stored = await readStoredImage(person, digest);
  const shown = (await stored.text('packages')).trim().split('\n');
  const { packages, problems } = packagesSchema.parse(JSON.parse(await person.mustRun('sbom', reference, '--json')));
  expect(problems).toEqual([]);
  const found = packages
    .filter(({ kind }) => kind === 'deb')
    .map(({ name, version, architecture }) => `installed ${name} ${version} ${architecture}`);
  expect(found.sort()).toEqual(shown.filter((line) => line.startsWith('installed ')).sort());
  expect(found.length).toBeGreaterThan(50);
  const others = packages.filter(({ kind }) => kind === 'npm' || kind === 'pypi').map(({ name }) => name);
  expect(others).toEqual(['@a/b', 'sample']);
  expect(packages).toContainEqual(expect.objectContaining({ kind: 'golang', name: 'stdlib' }));

  const file = join(person.home, 'api.cdx.json');
  await person.mustRun('sbom', reference, '--format', 'cyclonedx-json', '-o', file);
  const written = await readFile(file, 'utf8');
  expect(cyclonedx.parse(JSON.parse(written)).components).toHaveLength(packages.length);
  await person.mustRun('sbom', reference, '--format', 'cyclonedx-json', '-o', file);
  expect(await readFile(file, 'utf8')).toBe(written);
});

test('provenance says what an image was made of, and nothing that is secret', async () => {
  const text = await person.mustRun('provenance', reference, '--json');
  const commit = (await mustRun(['git', '-C', folder, 'rev-parse', 'HEAD'])).trim();
  const { entries } = await inspect(reference);
  expect(JSON.parse(text)).toMatchObject({
    digest: entries[0]?.digest,
    statements: [
      {
        predicateType: 'https://slsa.dev/provenance/v1',
        form: 'referrer',
        statement: {
          _type: 'https://in-toto.io/Statement/v1',
          subject: [{ digest: { sha256: entries[0]?.digest.slice(7) } }],
          predicate: {
            buildDefinition: {
              externalParameters: {
                platform: 'linux/amd64',
                options: { buildArgs: { GREETING: 'hello' }, secrets: [{ id: 'token' }] },
              },
              internalParameters: { node: 'amd-b', engine: { name: 'podman', version: '5.4.2' }, isEmulated: false },
              resolvedDependencies: [
                {
                  uri: 'git+https://git.example.com/team/api.git',
                  digest: { gitCommit: commit },
                  annotations: { isClean: true },
                },
                { name: 'context', digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
                {
                  uri: expect.stringMatching(/^pkg:docker\/.*\/base@1\?platform=linux%2Famd64$/),
                  digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
                },
              ],
            },
          },
        },
      },
    ],
  });
  for (const hidden of [`hidden-${unique}`, person.home, folder, 'ssh://', 'root@']) {
    expect(text).not.toContain(hidden);
  }
  expect(await person.mustRun('provenance', reference)).toContain(commit);
});

test('BuildKit images have the same in their list, where docker buildx finds it', async () => {
  const other = `${lab.registry.address}/spec/attest-list-${unique}:1`;
  const project = await makeProject({ Containerfile: `${lab.from}RUN echo ${unique} > /other\n` });
  const flags = ['--provenance', '--sbom', '--attest-in-list', '--push', '--tls-verify=false'];
  const { outcome } = await person.build('-t', other, '--node', 'docker-a', ...flags, project);
  await rm(project, { recursive: true });
  expect(outcome.code, outcome.stderr).toBe(0);
  const { stdout } = await run(['skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${other}`]);
  expect(JSON.parse(stdout)).toMatchObject({
    manifests: [
      { platform: { os: 'linux' } },
      { platform: { os: 'unknown' }, annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } },
    ],
  });
  const provenance = await person.mustRun('provenance', other, '--json');
  expect(JSON.parse(provenance)).toMatchObject({
    statements: [
      { form: 'list', summary: { dependencies: [expect.anything(), { digest: expect.stringMatching(/^sha256:/) }] } },
    ],
  });
});

test('what is attached and signed goes to the registry, where other programs find and verify it', async () => {
  const unsigned = await person.barnraiser('verify', reference, '--key', key);
  expect(unsigned).toMatchObject({ code: 1 });
  expect(unsigned.stderr).toContain('is not signed');
  await person.mustRun('sign', reference, '--key', key, '--recursive', '--attestations');
  await person.mustRun('verify', reference, '--key', join(person.home, 'cosign.pub'), '--recursive');
  await person.mustRun('push', reference, destination, '--tls-verify=false');
  const { digest, entries } = await inspect(reference);
  const image = entries[0]?.digest ?? '';
  const raw = async (tag: string) => {
    const name = `${destination.slice(0, destination.lastIndexOf(':'))}:${tag}`;
    return JSON.parse(
      await mustRun(['skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${name}`]),
    ) as unknown;
  };
  // the list has only the image; its attestations are found by the tag that stands in for the referrers API
  expect(await raw('1')).toMatchObject({ manifests: [{ digest: image }] });
  expect(await raw(image.replace(':', '-'))).toMatchObject({
    manifests: [{ artifactType: 'application/vnd.docker.attestation.manifest.v1+json' }],
  });
  expect(await raw(`${digest.replace(':', '-')}.sig`)).toMatchObject({
    layers: [{ mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json' }],
  });
  expect(await raw(`${image.replace(':', '-')}.att`)).toMatchObject({
    layers: [
      { annotations: { predicateType: 'https://slsa.dev/provenance/v1' } },
      { annotations: { predicateType: 'https://spdx.dev/Document' } },
    ],
  });

  await podmanHome(join(person.home, 'cosign.pub'));
  expect((await podman('pull', '--tls-verify=false', destination)).stderr).not.toContain('rror');
  await podman('rmi', destination);
  await person.mustRun('key', 'generate', join(person.home, 'other'));
  const publicKey = join(person.home, 'other.pub');
  await podmanHome(publicKey);
  expect(await podman('pull', '--tls-verify=false', destination)).not.toMatchObject({ code: 0 });
  const verdict = await person.barnraiser(
    ...['verify', destination, '--registry', '--tls-verify=false', '--key', publicKey],
  );
  expect(verdict.stderr).toContain('signed with another key');
});

/** The home of podman on a node, which accepts only images that the key has signed, if there is one. The same folder here and there. */
async function podmanHome(publicKey?: string): Promise<void> {
  const configuration = join(home, '.config', 'containers');
  await mkdir(join(configuration, 'registries.d'), { recursive: true });
  await writeFile(
    join(configuration, 'registries.d', 'lab.yaml'),
    `docker:\n  ${lab.registry.address}:\n    use-sigstore-attachments: true\n`,
  );
  for (const path of [...(publicKey === undefined ? [] : [publicKey]), key]) {
    await cp(path, join(home, basename(path)));
  }
  await writeFile(join(home, 'password'), 'secret');
  const rule =
    publicKey === undefined
      ? { type: 'insecureAcceptAnything' }
      : {
          type: 'sigstoreSigned',
          keyPath: `${homeOnNode}/${basename(publicKey)}`,
          signedIdentity: { type: 'matchRepository' },
        };
  await writeFile(join(configuration, 'policy.json'), JSON.stringify({ default: [rule] }));
}

function podman(...args: string[]) {
  return runOnNode(podmanNode, `HOME=${homeOnNode} podman ${args.join(' ')}`);
}

test('BuildKit makes its own attestations where it can, and Barnraiser elsewhere; both are signed and pushed', async () => {
  const name = `${lab.registry.address}/spec/attest-own-${unique}:1`;
  const project = await makeProject({ Containerfile: `${lab.from}RUN echo own ${unique} > /own\n` });
  const publicKey = join(person.home, 'cosign.pub');
  const programs: Record<string, unknown> = {};
  for (const node of ['buildkit-a', 'docker-a', podmanNode]) {
    const flags = ['--attest', 'type=provenance,mode=max', '--sign', '--sign-key', key, '--push', '--tls-verify=false'];
    const { outcome } = await person.build('-t', name, '--node', node, ...flags, project);
    expect(outcome.code, outcome.stderr).toBe(0);
    // it is read in the registry, without being stored
    const remote = ['--registry', '--tls-verify=false'];
    const shown = await person.mustRun('provenance', name, ...remote, '--json');
    programs[node] = provenanceSchema
      .parse(JSON.parse(shown))
      .statements.map(({ form, summary }) => [form, summary.program]);
    await person.mustRun('verify', name, ...remote, '--key', publicKey, '--recursive');
  }
  await rm(project, { recursive: true });
  expect(programs).toEqual({
    'buildkit-a': [['list', 'BuildKit']],
    'docker-a': [['referrer', 'Barnraiser']],
    [podmanNode]: [['referrer', 'Barnraiser']],
  });
});

test('the packages of an image in a registry are listed without storing it', async () => {
  const local = packagesSchema.parse(JSON.parse(await person.mustRun('sbom', reference, '--json')));
  const args = ['sbom', `docker://${destination}`, '--tls-verify=false', '--json'];
  const remote = packagesSchema.parse(JSON.parse(await other.mustRun(...args)));
  expect(remote).toEqual(local);
  expect(await other.mustRun('images')).not.toContain('spec/');
  const missing = await other.barnraiser('sbom', `docker://${destination}-none`, '--tls-verify=false');
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no image') });
});

test('keys are trusted by name', async () => {
  const publicKey = join(person.home, 'cosign.pub');
  const early = await other.barnraiser('verify', destination, '--trusted', '--registry', '--tls-verify=false');
  expect(early.stderr).toContain('No key is trusted yet.');
  await other.mustRun('key', 'trust', publicKey, '--name', 'release');
  expect(await other.mustRun('key', 'list')).toContain('ECDSA P-256');
  const verified = await other.barnraiser('verify', destination, '--trusted', '--registry', '--tls-verify=false');
  expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('valid (release)') });
  expect(verified.stderr).toBe('');
  const twice = await other.barnraiser('key', 'trust', publicKey, '--name', 'again');
  expect(twice).toMatchObject({ code: 1, stderr: expect.stringContaining('is trusted already, as release') });
  await other.mustRun('key', 'distrust', 'release');
  expect(JSON.parse(await other.mustRun('key', 'list', '--json'))).toEqual({ keys: [] });
});

test('signatures of other programs are verified, and those that were changed are not', async () => {
  const name = `${lab.registry.address}/spec/attest-podman-${unique}:1`;
  await podmanHome();
  // it reads our encrypted key
  const pushed = await podman(
    ...['push', '--tls-verify=false', '--remove-signatures', `--sign-by-sigstore-private-key=${homeOnNode}/cosign.key`],
    ...[`--sign-passphrase-file=${homeOnNode}/password`, `${lab.registry.address}/base:1`, `docker://${name}`],
  );
  expect(pushed.code, pushed.stderr).toBe(0);
  const verify = async () => {
    const args = ['verify', name, '--registry', '--tls-verify=false', '--key', key, '--json'];
    return JSON.parse(await person.mustRun(...args)) as unknown;
  };
  expect(await verify()).toMatchObject([{ signatures: [{ verdict: 'valid', identity: name }] }]);
  // signing again keeps the signature of the other program
  await person.mustRun('sign', name, '--registry', '--tls-verify=false', '--key', key);
  expect(await verify()).toMatchObject([
    { signatures: [{ verdict: 'valid' }, { verdict: 'valid', creator: expect.stringContaining('barnraiser') }] },
  ]);
});

test('a build is repeated, and what differs is said', async () => {
  const project = await makeProject({
    Containerfile: `${lab.from}RUN echo ${unique} > /same\n`,
    'Other.containerfile': `${lab.from}RUN cat /proc/sys/kernel/random/uuid > /other\n`,
  });
  const common = ['--node', podmanNode, '--format', 'oci'];
  // a step in the cache may have another time
  await person.mustRun('build', '-t', 'same:1', ...common, '--timestamp', '0', '--no-cache', project);
  expect(await person.mustRun('reproduce', 'same:1')).toContain('same:1 was reproduced: sha256:');
  const other = ['-t', 'other:1', ...common, '-f', join(project, 'Other.containerfile'), project];
  await person.mustRun('build', ...other);
  const before = await inspect('other:1');
  const { code, stdout } = await person.barnraiser('reproduce', 'other:1', '--json');
  await rm(project, { recursive: true });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    isReproduced: false,
    digest: before.digest,
    platforms: [
      {
        differences: expect.arrayContaining([
          expect.objectContaining({ part: 'configuration', name: 'created' }),
          expect.objectContaining({ part: 'file', name: '/other', text: expect.stringContaining('content') }),
        ]),
      },
    ],
    advice: [expect.stringContaining('--timestamp'), expect.any(String), expect.stringContaining('other content')],
  });
  // the image is as it was, and nothing else was stored
  expect(await inspect('other:1')).toEqual(before);
  expect(await person.mustRun('images')).not.toContain('barnraiser-reproduction');
});

test.each(['docker-a', 'buildkit-a'])('a build of %s is repeated, too', async (node) => {
  const project = await makeProject({
    Containerfile: `${lab.from}COPY file /file\n`,
    'Step.containerfile': `${lab.from}RUN echo ${unique} ${node} > /step\n`,
    file: `${unique} ${node}`,
  });
  const common = ['--node', node, '--source-date-epoch', '0', project];
  const reproduced = async (name: string) => {
    const { code, stdout } = await person.barnraiser('reproduce', name, '--json');
    return { code, ...reproductionSchema.parse(JSON.parse(stdout)) };
  };
  await person.mustRun('build', '-t', `copied-${node}:1`, ...common);
  expect(await reproduced(`copied-${node}:1`)).toMatchObject({ code: 0, isReproduced: true });
  // a step writes files with times of their own, which these nodes keep
  await person.mustRun('build', '-t', `step-${node}:1`, '-f', join(project, 'Step.containerfile'), ...common);
  const other = await reproduced(`step-${node}:1`);
  await rm(project, { recursive: true });
  expect(other).toMatchObject({ code: 1, isReproduced: false });
  const differences = other.platforms[0]?.differences ?? [];
  expect(differences).toContainEqual({ part: 'file', name: '/step', text: expect.stringMatching(/^time /) });
  expect(other.advice.join(' ')).toContain('Files have the time when a step wrote them.');
});

test('a changed signature is not taken for one of another key', async () => {
  const { digest } = await inspect(reference);
  const blobs = join(person.home, 'images', 'blobs', 'sha256');
  for (const name of await readdir(blobs)) {
    const content = await readFile(join(blobs, name), 'utf8');
    if (content.includes('cosign container image signature') && content.includes(digest)) {
      await writeFile(join(blobs, name), content.replace('/spec/', '/spex/'));
    }
  }
  const changed = await person.barnraiser('verify', reference, '--key', key);
  expect(changed.code).toBe(1);
  expect(changed.stderr).toContain('was changed after it was made');
});

test('nothing of it stays when the image is deleted', async () => {
  for (const name of (await person.mustRun('images', '--json')).match(/"reference":"([^"]+)"/g) ?? []) {
    await person.mustRun('rm', name.slice('"reference":"'.length, -1));
  }
  expect(await readdir(join(person.home, 'images', 'blobs', 'sha256'))).toEqual([]);
  expect((await readdir(join(person.home, 'images.programs'))).filter((name) => name.includes('packages'))).toEqual([]);
});
