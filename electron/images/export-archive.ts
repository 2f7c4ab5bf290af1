import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type TarFile, tarOf } from '../system/tar-of.ts';
import type { BlobStore } from './blob-store.ts';
import { openBlob } from './export-content.ts';
import type { ExportContent, ExportOptions } from './export-types.ts';
import { emptyLayoutIndex, layoutMarker, withReference } from './layout-index.ts';
import type { Descriptor } from './manifest.ts';

/** The files of an OCI layout with one reference. */
export function* layoutFiles(
  blobs: BlobStore,
  content: ExportContent,
  name: string,
  options: ExportOptions,
): Generator<TarFile> {
  yield { name: 'oci-layout', text: layoutMarker };
  yield { name: 'index.json', text: JSON.stringify(withReference(emptyLayoutIndex, name, content.root)) };
  yield* blobFiles(blobs, content, options);
}

/** An image of an archive that docker loads. */
export interface ArchivedImage {
  readonly content: ExportContent;
  /** `NAME:TAG`, which engines give to the image. Without one, they know it by its digest. */
  readonly name?: string | undefined;
}

/**
 * The files of an archive that docker loads, of one image or several. As BuildKit and docker 25 write it, it is an OCI layout, too, and
 * its layers stay compressed. Source: moby, image/spec/v1.2.md; BuildKit, exporter/oci.
 */
export function* dockerArchiveFiles(
  blobs: BlobStore,
  archived: readonly ArchivedImage[],
  options: ExportOptions,
): Generator<TarFile> {
  let index = emptyLayoutIndex;
  const manifest: object[] = [];
  for (const { content, name } of archived) {
    const [image, ...others] = content.images;
    if (!image || others.length > 0) {
      throw new Error('an entry of a docker-archive is one image');
    }
    const { root } = content;
    index =
      name === undefined
        ? { ...index, manifests: [...index.manifests, root] }
        : withReference(index, archived.length === 1 ? name.slice(name.lastIndexOf(':') + 1) : fullName(name), {
            ...root,
            annotations: { 'io.containerd.image.name': fullName(name) },
          });
    const RepoTags = name === undefined ? null : [name];
    manifest.push({ Config: pathOf(image.config), RepoTags, Layers: image.layers.map(pathOf) });
  }
  const all = new Map(archived.flatMap(({ content }) => content.blobs).map((blob) => [blob.digest, blob]));
  yield { name: 'oci-layout', text: layoutMarker };
  yield { name: 'index.json', text: JSON.stringify(index) };
  yield { name: 'manifest.json', text: JSON.stringify(manifest) };
  yield* blobFiles(blobs, { blobs: [...all.values()] }, options);
}

function* blobFiles(
  blobs: BlobStore,
  content: Pick<ExportContent, 'blobs'>,
  options: ExportOptions,
): Generator<TarFile> {
  for (const name of ['blobs/', 'blobs/sha256/']) {
    yield { name, header: { type: 'directory' } };
  }
  for (const blob of content.blobs) {
    yield { name: pathOf(blob), size: blob.size, open: () => openBlob(blobs, blob, options) };
  }
}

function pathOf({ digest }: Pick<Descriptor, 'digest'>): string {
  return `blobs/sha256/${digest.slice('sha256:'.length)}`;
}

/** The name as containerd has it: with its registry. */
function fullName(name: string): string {
  const [first = '', ...rest] = name.split('/');
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  return hasRegistry ? name : `docker.io/${rest.length > 0 ? name : `library/${name}`}`;
}

/** Writes a tar to a new file. It is on the disk at the end. */
export async function writeTar(
  files: Iterable<TarFile> | AsyncIterable<TarFile>,
  path: string,
  { signal }: ExportOptions,
): Promise<void> {
  const file = createWriteStream(path, { flags: 'wx', highWaterMark: 1024 * 1024, flush: true });
  await pipeline(tarOf(files), file, ...(signal ? [{ signal }] : []));
}
