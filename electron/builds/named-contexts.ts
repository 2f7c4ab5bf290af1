/** Additional build contexts: opened once for a build, and given to the engine of each job in the form that it takes. */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Build } from '../../shared/build.ts';
import { withoutLogin } from '../../shared/git-url.ts';
import { type NamedContextValue, parseNamedContext } from '../../shared/named-context.ts';
import { type Platform, platformParts } from '../../shared/platform.ts';
import { Failure, fail } from '../../shared/problem.ts';
import { indexPath } from '../context/file-index.ts';
import { type PackedContext, packContext } from '../context/pack-context.ts';
import { withoutWaiting } from '../context/project-file.ts';
import type { NamedContext } from '../engines/engine.ts';
import type { ImageStore } from '../images/image-store.ts';
import { importArchive } from '../images/import-archive.ts';
import { emptyLayoutIndex, layoutMarker, parseLayoutIndex, withReference } from '../images/layout-index.ts';
import type { Lease } from '../images/lease.ts';
import type { ReceivedImage } from '../images/manifest.ts';
import type { Offer } from '../images/receiver/offer.ts';
import type { Receiver } from '../images/receiver/receiver.ts';
import type { NodeConnection } from '../nodes/connection-pool.ts';
import type { ContextSources, OpenedSource, OpenOptions } from '../sources/context-sources.ts';
import { type TarFile, tarOf } from '../system/tar-of.ts';
import type { PackingFolders } from './context-packing.ts';
import type { ProjectMemory } from './project-memory.ts';
import type { SharedPortForwards } from './shared-port-forwards.ts';

/** A context that is known to be there. */
type OpenedContext = { readonly name: string } & (
  | { readonly kind: 'folder'; readonly source: OpenedSource }
  /** An image of local storage. `title` names it in messages. */
  | {
      readonly kind: 'stored';
      readonly reference: string;
      readonly buildId: string | undefined;
      readonly title: string;
    }
  | Extract<NamedContextValue, { readonly kind: 'image' | 'url' | 'layout' }>
);

/** The additional contexts of a request. */
export interface OpenedContexts {
  readonly all: readonly OpenedContext[];
  /** As they are kept: URLs are without logins. */
  readonly values: Readonly<Record<string, string>>;
  release(): void;
}

export interface OpenContextsOptions extends OpenOptions {
  readonly sources: ContextSources;
  readonly store: Pick<ImageStore, 'find'>;
  /** @throws Failure `build.unknown` */
  readonly findBuild: (id: string) => Promise<Build>;
}

/** @throws Failure of a context that is not there, which names the context */
export async function openContexts(
  requested: Readonly<Record<string, string>> = {},
  options: OpenContextsOptions,
): Promise<OpenedContexts> {
  const all: OpenedContext[] = [];
  const release = (): void => {
    for (const context of all) {
      if (context.kind === 'folder') {
        context.source.release();
      }
    }
  };
  try {
    for (const [name, value] of Object.entries(requested)) {
      all.push({ name, ...(await openContext(name, parseNamedContext(name, value), options)) });
    }
  } catch (error) {
    release();
    throw error;
  }
  const values = Object.entries(requested).map(([name, value]) => [name, withoutLogin(value)]);
  return { all, values: Object.fromEntries(values), release };
}

type Unnamed<T> = T extends unknown ? Omit<T, 'name'> : never;

async function openContext(
  name: string,
  value: NamedContextValue,
  { sources, store, findBuild, ...options }: OpenContextsOptions,
): Promise<Unnamed<OpenedContext>> {
  switch (value.kind) {
    case 'folder':
      if (!(await stat(value.source).catch(() => undefined))) {
        throw fail(
          'context.missing',
          `The folder ${value.source} of the build context ${name} does not exist.`,
          'Correct its path.',
        );
      }
      return { kind: 'folder', source: await sources.open({ context: value.source }, options) };
    case 'git':
      return { kind: 'folder', source: await sources.open({ context: value.source }, options) };
    case 'list':
      await store.find(value.reference);
      return { kind: 'stored', reference: value.reference, buildId: undefined, title: value.reference };
    case 'build': {
      const { reference } = await findBuild(value.id);
      return { kind: 'stored', reference, buildId: value.id, title: `build ${value.id}` };
    }
    case 'layout':
      await readLayoutIndex(value.path);
      return value;
    default:
      return value;
  }
}

export interface ContextServices extends PackingFolders {
  readonly store: ImageStore;
  readonly receiver: Receiver;
  readonly portForwards: SharedPortForwards;
}

/** The contexts of one job. */
export interface JobContexts {
  readonly contexts: Readonly<Record<string, NamedContext>>;
  /** What the node may read while it builds. */
  readonly offer: Offer | undefined;
  close(): void;
}

/** The additional contexts of a running build. Folders are packed once for all jobs. */
export class BuildContexts {
  readonly #opened: OpenedContexts;
  readonly #services: ContextServices;
  readonly #project: ProjectMemory;
  readonly #lease: Lease;
  readonly #signal: AbortSignal;
  readonly #packed = new Map<string, Promise<PackedContext>>();
  readonly #images = new Map<string, Promise<ReceivedImage>>();

  constructor(
    opened: OpenedContexts,
    services: ContextServices,
    { project, lease, signal }: { project: ProjectMemory; lease: Lease; signal: AbortSignal },
  ) {
    this.#opened = opened;
    this.#services = services;
    this.#project = project;
    this.#lease = lease;
    this.#signal = signal;
    for (const context of opened.all) {
      if (context.kind === 'folder') {
        const packed = packContext({
          context: context.source.folder,
          hasContainerfile: false,
          spoolFolder: services.spoolFolder,
          index: indexPath(services.indexFolder, project.indexName(context.name)),
          signal,
        });
        packed.catch(() => undefined); // the jobs report it
        this.#packed.set(context.name, packed);
      }
    }
  }

  /** The names of the contexts, which do not name base images. */
  get names(): readonly string[] {
    return this.#opened.all.map(({ name }) => name);
  }

  /** What identifies the content of each context. Undefined if that is not certain, as for what nodes download. */
  async fingerprint(platform: Platform): Promise<Readonly<Record<string, string>> | undefined> {
    const digests: Record<string, string> = {};
    for (const context of this.#opened.all) {
      if (context.kind === 'url' || context.kind === 'image') {
        const digest = context.kind === 'image' ? /@(sha256:[0-9a-f]{64})$/.exec(context.reference)?.[1] : undefined;
        if (digest === undefined) {
          return undefined;
        }
        digests[context.name] = digest;
      } else {
        digests[context.name] =
          context.kind === 'folder'
            ? (await (await this.#packedOf(context.name)).digest()).digest
            : (await this.#imageOf(context, platform)).digest;
      }
    }
    return digests;
  }

  /** @param onBytes called with the bytes of files that are sent @throws Failure of a context */
  async open(platform: Platform, connection: NodeConnection, onBytes: (count: number) => void): Promise<JobContexts> {
    const contexts: Record<string, NamedContext> = {};
    const stored: { readonly name: string; readonly repository: string; readonly image: ReceivedImage }[] = [];
    for (const context of this.#opened.all) {
      const { name } = context;
      switch (context.kind) {
        case 'folder': {
          const packed = await this.#packedOf(name);
          contexts[name] = {
            kind: 'folder',
            source: packed.source(onBytes),
            digest: async () => (await packed.digest()).digest,
            key: () => this.#project.contextKey(packed.source(), name),
          };
          break;
        }
        case 'stored':
        case 'layout': {
          const origin = context.kind === 'stored' ? context.reference : context.path;
          const hash = createHash('sha256').update(origin).digest('hex').slice(0, 12);
          stored.push({
            name,
            repository: `barnraiser/context-${hash}`,
            image: await this.#imageOf(context, platform),
          });
          break;
        }
        default:
          contexts[name] = context;
      }
    }
    if (stored.length === 0) {
      return { contexts, offer: undefined, close: () => undefined };
    }
    const { portForwards, receiver, store } = this.#services;
    const forward = await portForwards.open(connection).catch((error: unknown) => {
      if (error instanceof Failure && /^(?:ssh\.forwarding-refused|ssh\.channel|engine\.)/.test(error.problem.code)) {
        return undefined;
      }
      throw error;
    });
    const offer = forward && receiver.offer(stored);
    for (const { name, repository, image } of stored) {
      contexts[name] =
        forward && offer
          ? {
              kind: 'stored',
              digest: image.digest,
              served: {
                registry: `127.0.0.1:${forward.port}`,
                repository,
                credentials: { username: offer.username, password: offer.password },
              },
            }
          : { kind: 'archive', digest: image.digest, open: (as) => tarOf(imageFiles(store, image, as)) };
    }
    const close = (): void => {
      offer?.close();
      void forward?.close();
    };
    return { contexts, offer, close };
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#packed.values()].map((packed) =>
        packed.then(
          (context) => context.close(),
          () => undefined,
        ),
      ),
    );
    this.#opened.release();
  }

  async #packedOf(name: string): Promise<PackedContext> {
    const packed = await this.#packed.get(name);
    if (!packed) {
      throw new Error(`the context ${name} is not a folder`);
    }
    return packed;
  }

  #imageOf(
    context: Extract<OpenedContext, { readonly kind: 'stored' | 'layout' }>,
    platform: Platform,
  ): Promise<ReceivedImage> {
    const key = `${context.name} ${platform}`;
    const image =
      this.#images.get(key) ??
      (context.kind === 'layout' ? this.#importLayout(context, platform) : this.#findStored(context, platform));
    this.#images.set(key, image);
    return image;
  }

  async #findStored(
    { name, reference, buildId, title }: Extract<OpenedContext, { readonly kind: 'stored' }>,
    platform: Platform,
  ): Promise<ReceivedImage> {
    const images = await this.#services.store.holdImages(buildId ?? '', reference, this.#lease);
    const image = imageFor(images, platform);
    if (!image) {
      const platforms = images.map((each) => each.platform).join(', ');
      throw fail(
        'image.incomplete',
        images.length === 0
          ? `The image of the build context ${name} (${title}) is not in local storage.`
          : `The build context ${name} (${title}) has no image for ${platform}.`,
        images.length === 0 ? 'Build it again.' : `Build it for ${platform}, too. Its platforms are ${platforms}.`,
      );
    }
    return image;
  }

  /** Afterwards its blobs are in local storage for as long as the build needs them. */
  async #importLayout(
    { name, path, image: selected }: Extract<OpenedContext, { readonly kind: 'layout' }>,
    platform: Platform,
  ): Promise<ReceivedImage> {
    try {
      return await importArchive(this.#services.store, tarOf(layoutFiles(path, selected)), {
        platform,
        lease: this.#lease,
        onBytes: () => undefined,
        signal: this.#signal,
      });
    } catch (error) {
      if (error instanceof Failure && error.problem.code === 'image.platform') {
        throw fail(
          'image.platform',
          `The OCI layout of the build context ${name} has no image for ${platform}.`,
          'Use a layout with this platform, or build other platforms.',
          error.problem.detail,
        );
      }
      throw error;
    }
  }
}

/** That of the platform, or the only one of its architecture. */
function imageFor(images: readonly ReceivedImage[], platform: Platform): ReceivedImage | undefined {
  const { os, architecture } = platformParts(platform);
  const others = images.filter((image) => {
    const parts = platformParts(image.platform);
    return parts.os === os && parts.architecture === architecture;
  });
  return images.find((image) => image.platform === platform) ?? (others.length === 1 ? others[0] : undefined);
}

const maxIndexBytes = 4 * 1024 * 1024;

async function readLayoutIndex(path: string): Promise<string> {
  const file = await open(join(path, 'index.json'), constants.O_RDONLY | withoutWaiting).catch((error: unknown) => {
    throw fail(
      'context.missing',
      `${path} is not an OCI layout.`,
      'Use a folder that has an index.json, such as an exported image.',
      error instanceof Error ? error.message : undefined,
      error,
    );
  });
  try {
    const stats = await file.stat();
    if (!stats.isFile()) {
      throw fail('context.unreadable', `The index.json of ${path} is not a file.`, 'Use another OCI layout.');
    }
    if (stats.size > maxIndexBytes) {
      throw fail('context.unreadable', `The index.json of ${path} is too large.`, 'Use another OCI layout.');
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** The files of an OCI layout. With a name, its index has only the entries of this tag or digest. */
async function* layoutFiles(path: string, selected: string | undefined): AsyncGenerator<TarFile> {
  const index = parseLayoutIndex(await readLayoutIndex(path), join(path, 'index.json'));
  const manifests = index.manifests.filter(
    ({ digest, annotations }) =>
      selected === undefined ||
      digest === selected ||
      (annotations?.['org.opencontainers.image.ref.name'] ?? '').replace(/^.*[:/]/, '') === selected,
  );
  if (manifests.length === 0) {
    throw fail('image.unknown', `There is no image ${selected ?? ''} in ${path}.`, 'Check the tag or digest.');
  }
  yield { name: 'oci-layout', text: layoutMarker };
  yield { name: 'index.json', text: JSON.stringify({ ...index, manifests }) };
  const folder = join(path, 'blobs', 'sha256');
  for (const name of (await readdir(folder)).filter((each) => /^[0-9a-f]{64}$/.test(each))) {
    const blob = join(folder, name);
    const stats = await stat(blob);
    if (!stats.isFile()) {
      throw fail('context.unreadable', `${blob} of the OCI layout is not a file.`, 'Use another OCI layout.');
    }
    yield { name: `blobs/sha256/${name}`, size: stats.size, open: () => createReadStream(blob) };
  }
}

/** The files of an OCI layout that has only an image of local storage. */
function* imageFiles(store: ImageStore, image: ReceivedImage, name: string): Generator<TarFile> {
  const { digest, mediaType, manifestSize: size, config, layers } = image;
  yield { name: 'oci-layout', text: layoutMarker };
  yield {
    name: 'index.json',
    text: JSON.stringify(withReference(emptyLayoutIndex, name, { digest, mediaType, size })),
  };
  for (const blob of new Map([{ digest, size }, config, ...layers].map((each) => [each.digest, each])).values()) {
    const path = `blobs/sha256/${blob.digest.slice('sha256:'.length)}`;
    yield { name: path, size: blob.size, open: () => store.blobs.read(blob.digest) };
  }
}
