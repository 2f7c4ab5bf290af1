/** Attestations of BuildKit and docker on their way from a node to a registry. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ImageStore } from '../electron/images/image-store.ts';
import { importArchive } from '../electron/images/import-archive.ts';
import type { Lease } from '../electron/images/lease.ts';
import type { ReceivedImage } from '../electron/images/manifest.ts';
import { createReceiver, type Receiver } from '../electron/images/receiver/receiver.ts';
import { parsePlatform } from '../shared/platform.ts';
import { Person, setUpLab } from './harness.ts';
import { runOnNode } from './lab/lab.ts';
import { nodeFolder, nodeRow } from './lab/node-table.ts';

const lab = await setUpLab();
/** It has docker with containerd's image store, which keeps attestations. Nothing else of it is used here. */
const node = 'buildkit-a';
const docker = 'unix:///run/buildkit/docker.sock';
const unique = randomBytes(4).toString('hex');

let person: Person;
let store: ImageStore;
let lease: Lease;
let receiver: Receiver;
let port: number;
/** The same folder here and on the node. */
let folder: string;
let folderOnNode: string;
const names: string[] = [];

beforeAll(async () => {
  person = await Person.create();
  store = await ImageStore.open(join(person.home, 'images'));
  lease = await store.createLease('spec');
  receiver = createReceiver(store);
  await once(receiver.server.listen(0, '127.0.0.1'), 'listening');
  port = (receiver.server.address() as AddressInfo).port;
  folder = await mkdtemp(join(nodeFolder(nodeRow(node)), 'attachments-spec-'));
  folderOnNode = join('/run/node', basename(folder));
  await mkdir(join(folder, 'context'));
  await writeFile(join(folder, 'context', 'Dockerfile'), `FROM scratch\nCOPY Dockerfile /\nLABEL unique=${unique}\n`);
});
afterAll(async () => {
  for (const name of names) {
    const request = `DELETE /images/${name} HTTP/1.0\\r\\n\\r\\n`;
    await shell(`perl -MIO::Socket::UNIX -e '
      $s = IO::Socket::UNIX->new(Peer => "/run/buildkit/docker.sock"); print $s "${request}"; print <$s>'`);
  }
  await receiver?.close();
  await store?.close();
  await person?.remove();
  await rm(folder, { recursive: true, force: true });
});

async function shell(command: string): Promise<string> {
  const { code, stdout, stderr } = await runOnNode(node, command);
  expect(code, stderr).toBe(0);
  return stdout;
}

const buildx = (args: string): Promise<string> =>
  shell(
    `cd ${folderOnNode} && DOCKER_HOST=${docker} DOCKER_CONFIG=${folderOnNode} BUILDX_CONFIG=${folderOnNode} /usr/libexec/docker/cli-plugins/docker-buildx ${args}`,
  );

function platform(name: string) {
  return parsePlatform(name) ?? expect.fail(`${name} is not a platform`);
}

/** Builds with an attestation, and has BuildKit and then docker push to the receiver. */
async function receive(platformName: string): Promise<ReceivedImage> {
  const { signal } = new AbortController();
  const options = { repository: 'barnraiser/spec', tag: `t${unique}${names.length}`, lease, signal };
  const admission = receiver.admit({ ...options, platform: platform(platformName), onBytes: () => undefined });
  const auth = Buffer.from(`${admission.username}:${admission.password}`).toString('base64');
  await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { [`127.0.0.1:${port}`]: { auth } } }));
  const name = `127.0.0.1:${port}/${options.repository}:${options.tag}`;
  names.push(name);
  await buildx(`build --platform ${platformName} --provenance=mode=max --sbom=false --push -t ${name} context`);
  await admission.close();
  return admission.image ?? expect.fail('no image came');
}

test('attestations stay with their images in storage, in exports and in the registry, and are no platforms', async () => {
  const images = [await receive('linux/amd64'), await receive('linux/arm64')];
  const list = await store.commit(`attested:${unique}`, images);
  const attested = list.entries.map((entry) => [entry.platform, entry.attachments?.map(({ type }) => type)]);
  expect(attested).toEqual([
    ['linux/amd64', ['attestation']],
    ['linux/arm64', ['attestation']],
  ]);
  await lease.release();
  await store.collectGarbage();
  // the list, and for each platform an image with one layer and an attestation
  expect((await store.verify(list.reference)).blobs).toBe(1 + 2 * (3 + 3) - 1);

  const shown = await person.mustRun('inspect', list.reference);
  expect(shown.match(/attestation/g)).toHaveLength(2);
  expect(`${shown}${await person.mustRun('images')}`).not.toContain('unknown/unknown');

  await person.mustRun('export', list.reference, `oci:${join(person.home, 'exported')}`);
  const exported = await ImageStore.open(join(person.home, 'exported'));
  expect((await exported.find(list.reference)).entries).toEqual(list.entries);
  expect(await exported.verify(list.reference)).toEqual(await store.verify(list.reference));
  await exported.close();

  const destination = `${lab.registry.address}/spec/attested:${unique}`;
  await person.mustRun('push', list.reference, destination, '--tls-verify=false');
  const raw: unknown = JSON.parse(await buildx(`imagetools inspect --raw ${destination}`));
  const entryOf = (os: string, digest: string) =>
    expect.objectContaining({ platform: expect.objectContaining({ os }), digest });
  const digests = list.entries.map(({ digest, attachments }) => [digest, attachments?.[0]?.digest ?? '']);
  expect(raw).toMatchObject({
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      ...digests.map(([digest = '']) => entryOf('linux', digest)),
      ...digests.map(([, attestation = '']) => entryOf('unknown', attestation)),
    ],
  });
  const provenance = JSON.parse(await buildx(`imagetools inspect --format '{{json .Provenance}}' ${destination}`));
  expect(Object.keys(provenance).sort()).toEqual(['linux/amd64', 'linux/arm64']);

  await person.mustRun('rm', list.reference);
  expect(await readdir(store.blobs.folder)).toEqual([]);
});

test('an archive of the image comes with its attestation', async () => {
  await buildx('build --platform linux/amd64 --provenance=mode=max --output type=oci,dest=image.tar context');
  const importing = await store.createLease('import');
  const { signal } = new AbortController();
  const options = { platform: platform('linux/amd64'), lease: importing, onBytes: () => undefined, signal };
  const image = await importArchive(store, createReadStream(join(folder, 'image.tar')), options);
  expect(image.attachments).toMatchObject([{ platform: { os: 'unknown' } }]);
  await importing.release();
});
