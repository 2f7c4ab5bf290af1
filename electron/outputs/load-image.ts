import { formatReference, parseReference, type Reference } from '../../shared/image.ts';
import { engineNames } from '../../shared/node.ts';
import { type Output, platformSuffix } from '../../shared/output.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import type { Engine, ImageLoading } from '../engines/engine.ts';
import { dockerArchiveFiles, layoutFiles } from '../images/export-archive.ts';
import { contentOfImage, imageFor, totalBytes } from '../images/export-content.ts';
import type { OutputOptions } from '../images/export-list.ts';
import type { ImageStore } from '../images/image-store.ts';
import { mediaTypes } from '../images/manifest.ts';
import type { StoredImage, StoredList } from '../images/stored-list.ts';
import { tarOf } from '../system/tar-of.ts';

export interface LoadedImages {
  /** As the engine has them. */
  readonly images: readonly string[];
  readonly bytes: number;
}

/**
 * Loads images of a list into an engine, one after the other: that of its own platform under the name, others with their architecture at
 * the end of the tag. The archives are made while they are sent.
 * @param node its name, for messages
 * @throws Failure `engine.*`, `image.platform`, `image.corrupt`
 */
export async function loadIntoEngine(
  store: ImageStore,
  stored: StoredList,
  { name, platforms }: Pick<Output, 'name' | 'platforms'>,
  { reference, engine, node, options, signal }: LoadTarget,
): Promise<LoadedImages> {
  const { loading } = engine;
  if (!loading) {
    throw fail(
      'engine.unsupported',
      `Node ${node}: ${engineNames[engine.kind]} keeps no images, so none can be loaded into it.`,
      'Choose a node with podman or docker, or push the image to a registry.',
    );
  }
  const { platform: own } = await engine.probe(signal);
  const images = platforms?.map((platform) => imageFor(stored, reference, platform)) ?? stored.images;
  const bytes = images.reduce((sum, image) => sum + totalBytes(contentOfImage(image)), 0);
  options.onTotal?.(bytes);
  const loaded: string[] = [];
  // the plain name changes last
  const ordered = [...images].sort((one, other) => Number(one.platform === own) - Number(other.platform === own));
  for (const image of ordered) {
    const tagged = nameFor(name ?? reference, image.platform, own);
    loaded.push(await loadOne(store, image, tagged, engine, loading, { ...options, signal }));
  }
  return { images: loaded.reverse(), bytes };
}

export interface LoadTarget {
  readonly reference: string;
  readonly engine: Engine;
  readonly node: string;
  readonly options: OutputOptions;
  readonly signal: AbortSignal;
}

/** `api:1.4` on the own platform, else `api:1.4-arm64`. */
export function nameFor(name: string, platform: Platform, own: Platform): string {
  const reference = parsed(name);
  const tag = platform === own ? reference.tag : `${reference.tag}-${platformSuffix(platform)}`;
  return formatReference({ ...reference, tag });
}

function parsed(name: string): Reference {
  const reference = parseReference(name);
  if (typeof reference === 'string') {
    throw fail('reference.invalid', reference, 'Choose another name for the image.');
  }
  return reference;
}

async function loadOne(
  store: ImageStore,
  image: StoredImage,
  name: string,
  engine: Engine,
  loading: ImageLoading,
  options: OutputOptions & { readonly signal: AbortSignal },
): Promise<string> {
  const content = contentOfImage(image);
  // podman finds no image in docker's format in an OCI layout
  const isOci = loading.archive === 'oci-archive' && image.mediaType === mediaTypes.ociManifest;
  const full = engine.kind === 'podman' ? podmanName(name) : name;
  const files = isOci
    ? layoutFiles(store.blobs, content, full, options)
    : dockerArchiveFiles(store.blobs, [{ content, name: full }], options);
  const names = await loading.load(tarOf(files), options.signal);
  const found = names.find((each) => each === full || each === name) ?? names[0];
  if (found !== undefined && found !== full && found !== name) {
    // an engine that reads another name from the archive
    await engine.retention?.tag(found, full);
  }
  return full;
}

/** podman puts images without a registry on its own computer. */
function podmanName(name: string): string {
  const { registry = 'localhost', ...rest } = parsed(name);
  return formatReference({ registry, ...rest });
}
