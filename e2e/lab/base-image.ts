/**
 * Base images for sample projects. Public registries may be out of reach, so projects start from scratch with a static busybox
 * of their architecture, or from `base:1` in the lab's registry, which holds the same busybox.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { asRoot, mustRun } from './command.ts';
import { type Architecture, architectures } from './node-table.ts';
import { findDebianMirror, findRoot, writeAptOptions } from './root-file-system.ts';

const compress = promisify(gzip);

const baseArchitectures: readonly Architecture[] = ['amd64', 'arm64'];
const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

/** Path of the static busybox of Debian's package for `architecture`. */
export async function busyboxFor(architecture: Architecture): Promise<string> {
  return path.join(await findRoot({ suite: 'trixie', architecture }), 'usr/bin/busybox');
}

/**
 * Pushes `base:1`, a multi-platform image of busybox with links for all its commands, and resolves with its reference. The
 * image is reproducible, so a second push changes nothing.
 */
export async function pushBase(registryAddress: string): Promise<string> {
  const applets = await busyboxApplets();
  return pushImage(registryAddress, 'base', async (architecture) => baseTar(await busyboxFor(architecture), applets));
}

/**
 * Pushes `cc:1`, the base image with a C compiler (tcc) and the C library, unless the registry has it. Resolves with its
 * reference. Needs root or sudo, and Debian's packages.
 */
export async function pushCompiler(registryAddress: string): Promise<string> {
  const manifest = `http://${registryAddress}/v2/cc/manifests/1`;
  if ((await fetch(manifest, { method: 'HEAD', headers: { accept: mediaTypes.index } })).ok) {
    return `${registryAddress}/cc:1`;
  }
  const applets = await busyboxApplets();
  return pushImage(registryAddress, 'cc', (architecture) => compilerTar(architecture, applets));
}

async function busyboxApplets(): Promise<string[]> {
  return (await mustRun([await busyboxFor('amd64'), '--list'])).trim().split('\n');
}

/** Pushes an image with tag 1 for all architectures. @param tarFor makes its only layer, an uncompressed tar */
async function pushImage(
  registryAddress: string,
  name: string,
  tarFor: (architecture: Architecture) => Promise<Buffer>,
): Promise<string> {
  const repository = `http://${registryAddress}/v2/${name}`;
  const manifests = await Promise.all(
    baseArchitectures.map(async (architecture) => {
      const tar = await tarFor(architecture);
      const layer = await pushBlob(repository, mediaTypes.layer, await compress(tar));
      const config = await pushBlob(
        repository,
        mediaTypes.config,
        Buffer.from(
          JSON.stringify({
            created: '1970-01-01T00:00:00Z',
            architecture,
            os: 'linux',
            config: { Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['sh'] },
            rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
            // podman's build cache depends on the history: without one it caches nothing, and 4.x cannot build on the image
            history: [{ created: '1970-01-01T00:00:00Z', created_by: 'busybox' }],
          }),
        ),
      );
      const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [layer] };
      const pushed = await pushManifest(repository, mediaTypes.manifest, manifest);
      return { ...pushed, platform: { os: 'linux', architecture } };
    }),
  );
  await pushManifest(repository, mediaTypes.index, { schemaVersion: 2, mediaType: mediaTypes.index, manifests }, '1');
  return `${registryAddress}/${name}:1`;
}

/** A root file system with one program, as a reproducible, uncompressed tar file. */
function baseTar(busybox: string, applets: readonly string[]): Promise<Buffer> {
  return tarOfTree(async (tree) => {
    await addBusybox(tree, busybox, applets);
  });
}

/** The root file system of {@link baseTar} with Debian's tcc, the C library and its headers. */
function compilerTar(architecture: Architecture, applets: readonly string[]): Promise<Buffer> {
  return tarOfTree(async (tree) => {
    const unpacked = path.join(path.dirname(tree), 'debian');
    const mirror = await findDebianMirror();
    await mustRun(
      asRoot(
        ...['mmdebstrap', '--variant=extract', '--skip=check/qemu', '--include=tcc,libc6-dev'],
        ...[`--architectures=${architectures[architecture].debian}`, `--aptopt=${await writeAptOptions()}`],
        ...['--aptopt=Acquire::Languages "none"', '--aptopt=APT::Install-Recommends "false"'],
        ...['trixie', unpacked, ...(mirror === '' ? [] : [mirror])],
      ),
    );
    const unneeded = ['usr/share', 'usr/lib/*/gconv', 'usr/lib/*/*.a', 'usr/sbin'];
    const kept = 'libc_nonshared.a';
    await mustRun(
      asRoot(
        ...[
          'bash',
          '-c',
          'cd "$1" && for f in $3; do [ "$(basename "$f")" = "$4" ] || rm -rf "$f"; done; mv usr "$2"/',
          'x',
        ],
        ...[unpacked, tree, unneeded.join(' '), kept],
      ),
    );
    await mustRun(asRoot('rm', '-rf', unpacked));
    await mustRun(asRoot('ln', '-s', 'tcc', path.join(tree, 'usr/bin/cc')));
    for (const name of ['lib', 'lib64']) {
      if (existsSync(path.join(tree, 'usr', name))) {
        await symlink(`usr/${name}`, path.join(tree, name));
      }
    }
    await addBusybox(tree, await busyboxFor(architecture), applets);
  });
}

async function addBusybox(tree: string, busybox: string, applets: readonly string[]): Promise<void> {
  for (const name of ['bin', 'etc', 'root', 'tmp']) {
    await mkdir(path.join(tree, name), { recursive: true, mode: 0o755 });
  }
  await chmod(path.join(tree, 'tmp'), 0o1777);
  await copyFile(busybox, path.join(tree, 'bin/busybox'));
  await chmod(path.join(tree, 'bin/busybox'), 0o755);
  for (const applet of applets) {
    if (applet !== 'busybox') {
      await symlink('busybox', path.join(tree, 'bin', applet));
    }
  }
  await writeFile(path.join(tree, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n', { mode: 0o644 });
  await writeFile(path.join(tree, 'etc/group'), 'root:x:0:\n', { mode: 0o644 });
}

/** A folder that `fill` fills, as a reproducible, uncompressed tar file. */
async function tarOfTree(fill: (tree: string) => Promise<void>): Promise<Buffer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'barnraiser-base-'));
  try {
    const tree = path.join(folder, 'tree');
    await mkdir(tree);
    await fill(tree);
    const file = path.join(folder, 'base.tar');
    const reproducible = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=ustar'];
    await mustRun(['tar', '--create', '--file', file, ...reproducible, '--directory', tree, '.']);
    return await readFile(file);
  } finally {
    await mustRun(asRoot('rm', '-rf', '--one-file-system', folder));
  }
}

async function pushBlob(repository: string, mediaType: string, content: Uint8Array): Promise<Descriptor> {
  const digest = digestOf(content);
  const descriptor = { mediaType, digest, size: content.length };
  if ((await fetch(`${repository}/blobs/${digest}`, { method: 'HEAD' })).ok) {
    return descriptor;
  }
  const started = await fetchOk(`${repository}/blobs/uploads/`, { method: 'POST' });
  const upload = new URL(started.headers.get('location') ?? '', repository);
  upload.searchParams.set('digest', digest);
  await fetchOk(upload, { method: 'PUT', body: content, headers: { 'content-type': 'application/octet-stream' } });
  return descriptor;
}

async function pushManifest(
  repository: string,
  mediaType: string,
  manifest: object,
  tag?: string,
): Promise<Descriptor> {
  const content = Buffer.from(JSON.stringify(manifest));
  const digest = digestOf(content);
  const url = `${repository}/manifests/${tag ?? digest}`;
  await fetchOk(url, { method: 'PUT', body: content, headers: { 'content-type': mediaType } });
  return { mediaType, digest, size: content.length };
}

/** @throws Error if the status of the response is not a success */
async function fetchOk(url: string | URL, request: RequestInit): Promise<Response> {
  const response = await fetch(url, request);
  if (!response.ok) {
    throw new Error(`${request.method} ${url}: ${response.status} ${await response.text()}`);
  }
  return response;
}

function digestOf(content: Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
