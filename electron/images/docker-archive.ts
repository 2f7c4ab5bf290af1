/**
 * The archive that docker before 25 exports, without an OCI layout: a configuration, uncompressed layers, and `manifest.json`, which
 * names them. podman's format `docker-archive` is the same. Source: moby, image/spec/v1.2.md; containers/image, docker/internal/tarfile.
 */
import { posix } from 'node:path';
import { z } from 'zod';
import type { ImageFormat } from '../../shared/build-options.ts';
import { digestSchema } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import { fieldOf } from '../system/lenient-json.ts';
import { digestOf } from './digest.ts';
import type { ImageStore } from './image-store.ts';
import { type ImportedLayer, importLayer } from './import-blob.ts';
import type { Lease } from './lease.ts';
import { type BlobSize, maxManifestBytes, mediaTypes } from './manifest.ts';

/** More than docker makes: 127 layers, and a file for each of them. */
const maxLayers = 1000;
const maxLinks = 1000;
const maxImages = 100;
const maxConfigs = maxImages + 4;
const maxPathLength = 4096;

const path = z.string().max(maxPathLength);
const manifestSchema = z
  .array(
    z.object({
      Config: path,
      Layers: z.array(path).max(maxLayers),
      RepoTags: z.array(z.string()).max(1000).nullish(),
    }),
  )
  .min(1)
  .max(maxImages);
type ImageEntry = z.infer<typeof manifestSchema>[number];
const configSchema = z.looseObject({
  rootfs: z.looseObject({ diff_ids: z.array(digestSchema).max(maxLayers) }),
  config: z.unknown().optional(),
});

/** Engines read these from images in docker's format only. */
function hasDockerSettings(settings: unknown): boolean {
  return ['Healthcheck', 'OnBuild', 'Shell'].some((name) => fieldOf(settings, name) !== undefined);
}

/** An entry of an archive. `linkname` is where a link leads. */
export interface ArchiveEntry {
  readonly name: string;
  readonly type: string;
  readonly linkname?: string | null | undefined;
  readonly content: AsyncGenerator<Buffer>;
}

/** Collects the parts of an image while its archive is read, with its entries in any order. Layers go to the image store. */
export class DockerArchive {
  readonly #store: ImageStore;
  readonly #lease: Lease;
  readonly #layers = new Map<string, ImportedLayer>();
  readonly #links = new Map<string, string>();
  readonly #configs = new Map<string, Buffer>();
  #manifest: string | undefined;

  constructor(store: ImageStore, lease: Lease) {
    this.#store = store;
    this.#lease = lease;
  }

  /**
   * Reads an entry if it can be a part of the image.
   * @returns the layer that is now in the image store. Undefined for other entries
   * @throws Failure `image.corrupt`, `image.too-large`, `disk.full`
   */
  async read({ name, type, linkname, content }: ArchiveEntry): Promise<BlobSize | undefined> {
    if (name.length > maxPathLength || !/(?:\.tar|\.json)$/.test(name)) {
      return undefined;
    }
    if (type === 'symlink' || type === 'link') {
      const base = type === 'symlink' ? posix.dirname(name) : '';
      this.#links.set(name, posix.join(base, linkname ?? ''));
      assertCount(this.#links.size, maxLinks, 'links');
      return undefined;
    }
    if (type !== 'file') {
      return undefined;
    }
    this.#links.delete(name);
    if (name === 'manifest.json') {
      this.#manifest = (await readSmall(content, name)).toString('utf8');
    } else if (name.endsWith('.tar')) {
      // what is replaced counts, too: each takes time and space
      assertCount(this.#layers.size + 1, maxLayers, 'layers');
      const layer = await importLayer(this.#store, this.#lease, content);
      this.#layers.set(name, layer);
      return layer;
    } else if (!name.includes('/')) {
      assertCount(this.#configs.size + 1, maxConfigs, 'configurations');
      this.#configs.set(name, await readSmall(content, name));
    }
    return undefined;
  }

  /**
   * Writes the manifest of the only image, whose layers are then compressed with gzip. The configuration keeps its bytes.
   * @returns undefined if the archive names no image
   * @throws Failure `image.corrupt`, also if the layers are not those of the configuration
   */
  async finish(format: ImageFormat): Promise<Buffer | undefined> {
    const [image, ...others] = this.images();
    if (others.length > 0) {
      throw corruptArchive(`Its manifest.json has ${others.length + 1} images instead of one.`);
    }
    return image && (await this.#finishImage(image, format));
  }

  /**
   * Like {@link finish}, for an archive with any number of images.
   * @param format by default docker's for an image with settings that OCI images do not have, else OCI
   */
  async finishAll(format?: ImageFormat): Promise<{ readonly names: readonly string[]; readonly manifest: Buffer }[]> {
    const found: { names: readonly string[]; manifest: Buffer }[] = [];
    for (const image of this.images()) {
      found.push({ names: image.RepoTags ?? [], manifest: await this.#finishImage(image, format) });
    }
    return found;
  }

  /** What the archive says of its images. @throws Failure `image.corrupt` */
  images(): readonly ImageEntry[] {
    return this.#manifest === undefined ? [] : parse(manifestSchema, this.#manifest, "The archive's manifest.json");
  }

  async #finishImage(image: ImageEntry, format?: ImageFormat): Promise<Buffer> {
    const config = this.#configs.get(this.#resolve(image.Config));
    if (!config) {
      throw corruptArchive(`Its configuration ${image.Config} is missing.`);
    }
    const { rootfs, config: settings } = parse(configSchema, config.toString('utf8'), "The image's configuration");
    const layers = image.Layers.map((name) => this.#layers.get(this.#resolve(name)));
    if (layers.length !== rootfs.diff_ids.length) {
      throw corruptArchive(`It has ${layers.length} layers, its configuration names ${rootfs.diff_ids.length}.`);
    }
    const types = typesOf[format ?? (hasDockerSettings(settings) ? 'docker' : 'oci')];
    const document = {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: { mediaType: types.config, digest: digestOf(config), size: config.length },
      layers: layers.map((layer, index) => {
        if (!layer || layer.diffId !== rootfs.diff_ids[index]) {
          const found = layer ? `has the digest ${layer.diffId}` : 'is missing';
          throw corruptArchive(`Its layer ${image.Layers[index]} ${found}, should have ${rootfs.diff_ids[index]}.`);
        }
        return { mediaType: types.layer, digest: layer.digest, size: layer.size };
      }),
    };
    await this.#lease.hold(document.config.digest);
    await this.#store.blobs.put(config);
    return Buffer.from(JSON.stringify(document));
  }

  /** Follows links inside the archive. docker writes a link for a layer that it has written before. */
  #resolve(name: string): string {
    let found = posix.normalize(name);
    for (const seen = new Set<string>(); !seen.has(found); found = this.#links.get(found) ?? found) {
      seen.add(found);
    }
    return found;
  }
}

const typesOf = {
  oci: {
    manifest: mediaTypes.ociManifest,
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  },
  docker: {
    manifest: mediaTypes.dockerManifest,
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  },
} as const satisfies Record<ImageFormat, object>;

function assertCount(count: number, limit: number, what: string): void {
  if (count > limit) {
    throw corruptArchive(`It has more than ${limit} ${what}.`);
  }
}

/** Reads a manifest or a configuration. */
export async function readSmall(content: AsyncGenerator<Buffer>, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.length;
    if (bytes > maxManifestBytes) {
      throw corruptArchive(`Its ${name} is larger than ${maxManifestBytes} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse<T>(schema: z.ZodType<T>, text: string, subject: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw corruptArchive(`${subject}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const result = schema.safeParse(json);
  if (!result.success) {
    throw corruptArchive(`${subject}: ${z.prettifyError(result.error)}`);
  }
  return result.data;
}

function corruptArchive(detail: string) {
  return fail(
    'image.corrupt',
    'The archive that the engine exported cannot be read.',
    'Build the image again. If that does not help, update the engine that built it.',
    detail,
  );
}
