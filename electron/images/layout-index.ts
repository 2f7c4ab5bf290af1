import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { fail } from '../../shared/problem.ts';
import { diskFailure, syncFolder, systemCode } from '../system/file-errors.ts';
import { type Descriptor, descriptorSchema, mediaTypes } from './manifest.ts';

/** The annotation by which tools find an image in a layout (`oci:FOLDER:NAME`). Source: OCI image-spec, annotations. */
export const refNameAnnotation = 'org.opencontainers.image.ref.name';
export const createdAnnotation = 'org.opencontainers.image.created';

// unknown fields of other tools are kept
const layoutIndexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z.array(descriptorSchema),
});
export type LayoutIndex = z.infer<typeof layoutIndexSchema>;

export const emptyLayoutIndex: LayoutIndex = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };

/** The content of the `oci-layout` file, the only version there is. */
export const layoutMarker = JSON.stringify({ imageLayoutVersion: '1.0.0' });

export function refName(descriptor: Descriptor): string | undefined {
  return descriptor.annotations?.[refNameAnnotation];
}

/** The index of a layout folder, or undefined where there is none. */
export async function readLayoutIndex(folder: string): Promise<LayoutIndex | undefined> {
  const path = join(folder, 'index.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
  return parseLayoutIndex(text, path);
}

/**
 * @param path what to call it in a sentence.
 * @throws Failure `image.corrupt`; the file is left as it is.
 */
export function parseLayoutIndex(text: string, path: string): LayoutIndex {
  let detail: string;
  try {
    const result = layoutIndexSchema.safeParse(JSON.parse(text));
    if (result.success) {
      return result.data;
    }
    detail = z.prettifyError(result.error);
  } catch (error) {
    detail = error instanceof Error ? error.message : String(error);
  }
  throw fail(
    'image.corrupt',
    `${path} is not the index of an OCI layout.`,
    'Put it back from a backup, or move its folder aside to start with an empty one.',
    detail,
  );
}

/** An index in which `descriptor` is what `name` stands for, in the place of whatever it stood for before. */
export function withReference(index: LayoutIndex, name: string, descriptor: Descriptor): LayoutIndex {
  const annotations = { ...descriptor.annotations, [refNameAnnotation]: name };
  return { ...index, manifests: [...withoutReference(index, name).manifests, { ...descriptor, annotations }] };
}

export function withoutReference(index: LayoutIndex, name: string): LayoutIndex {
  return { ...index, manifests: index.manifests.filter((descriptor) => refName(descriptor) !== name) };
}

/** Replaces a layout's index in one step that survives a crash: readers see the old one or the new one. */
export async function writeLayoutIndex(folder: string, index: LayoutIndex): Promise<void> {
  const path = join(folder, 'index.json');
  try {
    await writeFileAtomic(path, `${JSON.stringify(index, undefined, 2)}\n`);
  } catch (error) {
    throw diskFailure(error, path);
  }
  await syncFolder(folder);
}
