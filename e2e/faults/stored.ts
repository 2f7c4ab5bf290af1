/** Checks the image store of a data folder without the code that wrote it. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { expect } from 'vitest';
import { z } from 'zod';
import { mustRun } from '../lab/command.ts';

const descriptor = z.looseObject({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/), size: z.number() });
const indexSchema = z.looseObject({
  manifests: z.array(
    descriptor.extend({
      annotations: z.record(z.string(), z.string()).optional(),
      platform: z.looseObject({ os: z.string(), architecture: z.string() }).optional(),
    }),
  ),
});
const manifestSchema = z.looseObject({ config: descriptor, layers: z.array(descriptor) });
const configSchema = z.looseObject({
  architecture: z.string(),
  rootfs: z.looseObject({ diff_ids: z.array(z.string()) }),
});

/** The images of one reference: the content of a file in each, by platform. */
export type StoredFiles = Readonly<Record<string, string>>;

/**
 * Reads every list, image, configuration and layer of the store, and compares them with their digests, sizes and platforms.
 * @param file a path that all images have. @returns its content by reference and platform
 */
export async function readStore(home: string, file: string): Promise<Readonly<Record<string, StoredFiles>>> {
  const store = join(home, 'images');
  const index = indexSchema.parse(JSON.parse(await readFile(join(store, 'index.json'), 'utf8')));
  const found: Record<string, StoredFiles> = {};
  for (const list of index.manifests) {
    const { manifests } = indexSchema.parse(await readJson(store, list));
    const files: Record<string, string> = {};
    for (const image of manifests) {
      const { config, layers } = manifestSchema.parse(await readJson(store, image));
      const { architecture, rootfs } = configSchema.parse(await readJson(store, config));
      expect(image.platform).toMatchObject({ os: 'linux', architecture });
      expect(rootfs.diff_ids).toHaveLength(layers.length);
      await Promise.all(layers.map((layer) => verify(store, layer)));
      files[`linux/${architecture}`] = await readFromLayers(store, layers, file);
    }
    found[list.annotations?.['org.opencontainers.image.ref.name'] ?? list.digest] = files;
  }
  return found;
}

type Descriptor = z.infer<typeof descriptor>;

const pathOf = (store: string, digest: string): string => join(store, 'blobs', ...digest.split(':'));

async function verify(store: string, { digest, size }: Descriptor): Promise<void> {
  const path = pathOf(store, digest);
  expect((await stat(path)).size).toBe(size);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  expect(`sha256:${hash.digest('hex')}`).toBe(digest);
}

async function readJson(store: string, blob: Descriptor): Promise<unknown> {
  await verify(store, blob);
  return JSON.parse(await readFile(pathOf(store, blob.digest), 'utf8'));
}

async function readFromLayers(store: string, layers: readonly Descriptor[], file: string): Promise<string> {
  for (const { digest } of [...layers].reverse()) {
    const path = pathOf(store, digest);
    const names = (await mustRun(['tar', '-tf', path])).split('\n');
    const name = names.find((each) => each.replace(/^\.?\//, '') === file);
    if (name !== undefined) {
      return mustRun(['tar', '-xOf', path, name]);
    }
  }
  return expect.fail(`no layer has /${file}`);
}
