import { mkdtemp, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Person } from './harness.ts';
import { mustRun } from './lab/command.ts';

const descriptor = z.looseObject({ digest: z.string(), mediaType: z.string() });
const listSchema = z.looseObject({
  mediaType: z.string(),
  annotations: z.record(z.string(), z.string()).optional(),
  manifests: z.array(descriptor),
});
const manifestSchema = z.looseObject({
  mediaType: z.string(),
  annotations: z.record(z.string(), z.string()).optional(),
  config: descriptor,
  layers: z.array(descriptor),
});
const configSchema = z.looseObject({
  created: z.string(),
  config: z.looseObject({ Labels: z.record(z.string(), z.string()).nullish(), Healthcheck: z.unknown().optional() }),
  history: z.array(z.looseObject({ created: z.string().optional(), created_by: z.string().optional() })),
});

/** An image in the local storage of a person, with its files unpacked. */
export interface StoredImage {
  readonly list: z.infer<typeof listSchema>;
  readonly manifest: z.infer<typeof manifestSchema>;
  readonly config: z.infer<typeof configSchema>;
  /** The configuration as it is stored. */
  readonly configText: string;
  text(path: string): Promise<string>;
  /** When a file was changed, in seconds since 1970. */
  time(path: string): Promise<number>;
}

/** Reads the first image of a list. @param digest that of the list */
export async function readStoredImage(person: Person, digest: string): Promise<StoredImage> {
  const path = (name: string): string => join(person.home, 'images', 'blobs', name.replace(':', '/'));
  const read = async <T>(name: string, schema: z.ZodType<T>): Promise<T> =>
    schema.parse(JSON.parse(await readFile(path(name), 'utf8')));
  const list = await read(digest, listSchema);
  const manifest = await read(list.manifests[0]?.digest ?? '', manifestSchema);
  const config = await read(manifest.config.digest, configSchema);
  const folder = await mkdtemp(join(person.home, 'image-'));
  for (const layer of manifest.layers) {
    await mustRun(['tar', '-xf', path(layer.digest), '-C', folder, '--exclude=dev/*']);
  }
  return {
    ...{ list, manifest, config },
    configText: await readFile(path(manifest.config.digest), 'utf8'),
    text: (name) => readFile(join(folder, name), 'utf8'),
    time: async (name) => Math.floor((await stat(join(folder, name))).mtimeMs / 1000),
  };
}
