import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { type Platform, parsePlatform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { diskFailure, errnoCode } from '../system/file-errors.ts';
import { syncFolder } from '../system/sync-folder.ts';
import { type Descriptor, descriptorSchema, mediaTypes } from './manifest.ts';

/** The annotation by which tools find an image in a layout (`oci:FOLDER:NAME`). Source: OCI image-spec, annotations. */
const refNameAnnotation = 'org.opencontainers.image.ref.name';
export const createdAnnotation = 'org.opencontainers.image.created';
/**
 * Platforms, with commas in between: those that a list should have and does not have, those of them that are optional, and those of
 * other programs.
 */
const markAnnotations = {
  missing: 'barnraiser.missing',
  optional: 'barnraiser.optional',
  mismatched: 'barnraiser.mismatched',
} as const;

/** What is said of a list in the index, see `ManifestList`. */
export type ListMarks = Readonly<Partial<Record<keyof typeof markAnnotations, readonly Platform[]>>>;

// a loose object keeps the fields that other tools wrote
const layoutIndexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z.array(descriptorSchema),
});
export type LayoutIndex = z.infer<typeof layoutIndexSchema>;

export const emptyLayoutIndex: LayoutIndex = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };

/** The content of the `oci-layout` file. 1.0.0 is the only version of the format. */
export const layoutMarker = JSON.stringify({ imageLayoutVersion: '1.0.0' });

/** The name by which a layout's index lists a manifest. */
export function refName(descriptor: Descriptor): string | undefined {
  return descriptor.annotations?.[refNameAnnotation];
}

export function withMarks(list: Descriptor, marks: ListMarks): Descriptor {
  const annotations = Object.entries(markAnnotations).flatMap(([mark, name]) => {
    const platforms = marks[mark as keyof ListMarks] ?? [];
    return platforms.length === 0 ? [] : [[name, platforms.join(',')]];
  });
  return { ...list, annotations: { ...list.annotations, ...Object.fromEntries(annotations) } };
}

export function markedPlatforms({ annotations }: Descriptor, mark: keyof ListMarks): Platform[] {
  const text = annotations?.[markAnnotations[mark]] ?? '';
  return text.split(',').flatMap((platform) => parsePlatform(platform) ?? []);
}

/** The index of a layout folder, or undefined if the folder has none. */
export async function readLayoutIndex(folder: string): Promise<LayoutIndex | undefined> {
  const path = join(folder, 'index.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
  return parseLayoutIndex(text, path);
}

/**
 * @param source where the text comes from, as the beginning of a sentence.
 * @throws Failure `image.corrupt`
 */
export function parseLayoutIndex(text: string, source: string): LayoutIndex {
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
    `${source} is not a valid index of an OCI layout.`,
    'Restore it from a backup, or move its folder away to start with an empty one.',
    detail,
  );
}

/** A copy of the index in which `name` refers to `descriptor` instead of any earlier one. */
export function withReference(index: LayoutIndex, name: string, descriptor: Descriptor): LayoutIndex {
  const annotations = { ...descriptor.annotations, [refNameAnnotation]: name };
  return { ...index, manifests: [...withoutReference(index, name).manifests, { ...descriptor, annotations }] };
}

/** A copy of an entry under which tools do not find it by a name. */
export function withoutName(entry: Descriptor): Descriptor {
  const { [refNameAnnotation]: _, ...annotations } = entry.annotations ?? {};
  return { ...entry, annotations };
}

export function withoutReference(index: LayoutIndex, name: string): LayoutIndex {
  return { ...index, manifests: index.manifests.filter((descriptor) => refName(descriptor) !== name) };
}

/** The new index of a process that was killed before it could rename it. Source: write-file-atomic. */
const leftPattern = /^(?:index\.json|oci-layout)\.\d+$/;

/**
 * Replaces a layout's index atomically: after a crash, readers see either the old or the new index. To be called under the lock:
 * what a killed process has left of its own new index is removed.
 */
export async function writeLayoutIndex(folder: string, index: LayoutIndex): Promise<void> {
  const path = join(folder, 'index.json');
  try {
    for (const name of await readdir(folder)) {
      if (leftPattern.test(name)) {
        await rm(join(folder, name), { force: true });
      }
    }
    await writeFileAtomic(path, `${JSON.stringify(index, undefined, 2)}\n`);
  } catch (error) {
    throw diskFailure(error, path);
  }
  await syncFolder(folder);
}
