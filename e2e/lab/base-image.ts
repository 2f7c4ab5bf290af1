/**
 * Base images for sample projects. Public registries may be out of reach, so projects start from scratch with a static busybox
 * of their architecture, or from `base:1` in the lab's registry, which holds the same busybox.
 */
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { mustRun } from './command.ts';
import type { Architecture } from './node-table.ts';
import { findRoot } from './root-file-system.ts';

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
  const applets = (await mustRun([await busyboxFor('amd64'), '--list'])).trim().split('\n');
  const repository = `http://${registryAddress}/v2/base`;
  const manifests = [];
  for (const architecture of baseArchitectures) {
    const tar = await baseTar(await busyboxFor(architecture), applets);
    const layer = await pushBlob(repository, mediaTypes.layer, gzipSync(tar));
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
    manifests.push({ ...pushed, platform: { os: 'linux', architecture } });
  }
  await pushManifest(repository, mediaTypes.index, { schemaVersion: 2, mediaType: mediaTypes.index, manifests }, '1');
  return `${registryAddress}/base:1`;
}

/** A root file system with one program, as a reproducible, uncompressed tar file. */
async function baseTar(busybox: string, applets: readonly string[]): Promise<Buffer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'barnraiser-base-'));
  try {
    const tree = path.join(folder, 'tree');
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
    const file = path.join(folder, 'base.tar');
    const reproducible = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=ustar'];
    await mustRun(['tar', '--create', '--file', file, ...reproducible, '--directory', tree, '.']);
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
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
