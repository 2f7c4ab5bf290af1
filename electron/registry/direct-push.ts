/** Images that nodes push to the registry themselves: only their manifests and configurations come here. */
import { randomBytes } from 'node:crypto';
import { type Digest, formatReference, type Reference } from '../../shared/image.ts';
import { type Problem, problemOf } from '../../shared/problem.ts';
import type { PushedByEngine, PushTarget } from '../engines/engine.ts';
import { registryTags } from '../engines/temporary-name.ts';
import { readAttachments } from '../images/attachments.ts';
import {
  assertNoUrls,
  type Descriptor,
  type ImageConfig,
  maxManifestBytes,
  parseConfig,
  parseManifest,
  type RawManifest,
  type ReceivedImage,
  sizeOfBlobs,
} from '../images/manifest.ts';
import { assertPlatform, selectImage, type WantedPlatform } from '../images/platform-match.ts';
import { type ManifestSource, readStoredManifest } from '../images/stored-manifest.ts';
import type { RegistryClient } from './client.ts';
import { type CredentialSource, withoutSource } from './credential-source.ts';
import { findCredentials, registryNames } from './credentials.ts';
import { settingsOf } from './open-host.ts';
import { alteredContentFailure } from './response-failures.ts';

/** How long the tags of a push are being removed at most. */
const cleanUpTimeoutMs = 5_000;

export interface DirectPushOptions {
  /** Must name a registry. */
  readonly destination: Reference;
  readonly credentials: CredentialSource;
  readonly tlsVerify: boolean;
  /** The client for the repository. @throws Failure `registry.*` */
  readonly client: () => Promise<RegistryClient>;
}

/** An image that is in the registry. */
export interface PushedImage {
  readonly image: ReceivedImage;
  readonly config: ImageConfig;
}

/**
 * The part of a push that nodes do. A node needs a tag to push to, which is used for nothing else: the manifest list refers to the image by its
 * digest. What a node says of an image, and what the registry says, must be the same.
 */
export class DirectPush {
  readonly #options: DirectPushOptions;
  /** The manifests that are in the registry. */
  readonly #manifests = new Map<Digest, RawManifest>();
  /** Tags that no other push uses. */
  readonly #ownTags = new Set<string>();
  readonly #refusals = new Map<string, Problem>();
  #deletesTags: Promise<boolean> | undefined;

  constructor(options: DirectPushOptions) {
    this.#options = options;
  }

  /** Finds out how the registry treats tags, before the first image is there. Never rejects. */
  prepare(): Promise<boolean> {
    this.#deletesTags ??= this.#options
      .client()
      .then((client) => client.deleteTag(`barnraiser-${randomBytes(8).toString('hex')}`, cleanUpTimeoutMs))
      .catch(() => false);
    return this.#deletesTags;
  }

  /**
   * Where a node pushes an image to.
   * @param name the temporary name of the image on the node
   * @throws Failure `registry.credentials`, `registry.refused`, `settings.*`
   */
  async target(name: string): Promise<PushTarget> {
    const { destination, credentials: source, tlsVerify } = this.#options;
    const { registry, repository } = registryNames({ registry: destination.registry ?? '', ...destination });
    const credentials = await findCredentials(registry, repository, source);
    // what engines take with a push; `direct-limits.ts` says what they do not
    const { tls } = await settingsOf({ registry, repository, credentials: source, tlsVerify });
    const { unique, lasting } = registryTags(name);
    const isUnique = await this.prepare();
    if (isUnique) {
      this.#ownTags.add(unique);
    }
    const tag = isUnique ? unique : lasting;
    return {
      registry,
      repository,
      tag,
      tlsVerify: tls === 'verify',
      credentials: credentials && withoutSource(credentials),
    };
  }

  /**
   * Reads an image that a node has pushed.
   * @param imageId the id that the engine gave the image when it was built
   * @returns undefined if it is not in the registry: the node may reach another one by that name
   * @throws Failure `registry.refused` if the registry has another image than the node, `image.platform`, `image.corrupt`
   */
  async read(
    { tag }: Pick<PushTarget, 'tag'>,
    { digest }: PushedByEngine,
    imageId: string,
    wanted: WantedPlatform,
  ): Promise<PushedImage | undefined> {
    const pushed = await (await this.#options.client()).getManifest(digest ?? tag);
    if (!pushed) {
      return undefined;
    }
    const manifest = parseManifest(pushed.bytes, pushed.mediaType);
    const source = await this.#source(pushed);
    const { image, attachments } =
      manifest.kind === 'index'
        ? await selectImage(source, manifest.manifests, wanted)
        : { image: descriptorOf(pushed), attachments: [] };
    const found = await this.#readImage(source, image, attachments, wanted);
    const { config } = found.image;
    // the id is the digest of the configuration, or where engines store images as containerd does, of what was pushed
    if (![config.digest, image.digest, pushed.digest].some((known) => known.endsWith(`:${idOf(imageId)}`))) {
      throw alteredContentFailure(
        `The registry ${this.#name} has the image ${image.digest} with the configuration ${config.digest}, which is not the image ${idOf(imageId)} that the node built.`,
      );
    }
    return found;
  }

  /** An image that an earlier build has pushed to the repository. Undefined if it is not there any more. */
  async find(
    known: Pick<ReceivedImage, 'platform' | 'digest' | 'mediaType' | 'attachments'>,
  ): Promise<ReceivedImage | undefined> {
    const client = await this.#options.client();
    const wanted = { platform: known.platform, anyVariant: true };
    const pushed = await Promise.all([known, ...known.attachments].map(({ digest }) => client.getManifest(digest)));
    const [first, ...others] = pushed;
    if (!first || others.some((attachment) => attachment === undefined)) {
      return undefined;
    }
    const source = await this.#source(first);
    return (await this.#readImage(source, descriptorOf(first), known.attachments, wanted)).image;
  }

  /** Whether the image is in the registry, by a node's push. */
  has(digest: Digest): boolean {
    return this.#manifests.has(digest);
  }

  manifest(digest: Digest): RawManifest | undefined {
    return this.#manifests.get(digest);
  }

  /** A list is to refer to this manifest instead, which has the same blobs. */
  replace(digest: Digest, manifest: RawManifest): void {
    this.#manifests.delete(digest);
    this.#manifests.set(manifest.digest, manifest);
  }

  /** The manifests of images and attachments that have to be there before a list refers to them. */
  get manifests(): readonly RawManifest[] {
    return [...this.#manifests.values()];
  }

  /** A node could not push to the registry. */
  refuse(node: string, error: unknown): Problem {
    const problem = problemOf(error);
    this.#refusals.set(node, problem);
    return problem;
  }

  /** Why a node does not push to the registry. */
  refusalOf(node: string): Problem | undefined {
    return this.#refusals.get(node);
  }

  /** Removes the tags that only this push has used. Some registries remove an image with its last tag. Never rejects. */
  async removeTags(): Promise<void> {
    if (this.#ownTags.size === 0) {
      return;
    }
    const tags = [...this.#ownTags];
    this.#ownTags.clear();
    try {
      const client = await this.#options.client();
      await Promise.all(tags.map((tag) => client.deleteTag(tag, cleanUpTimeoutMs).catch(() => false)));
    } catch {
      // a tag that stays refers to a good image
    }
  }

  get #name(): string {
    return formatReference(this.#options.destination);
  }

  async #source(first: RawManifest): Promise<ManifestSource> {
    const client = await this.#options.client();
    this.#manifests.set(first.digest, first);
    return {
      readVerified: async (digest) => {
        const manifest = this.#manifests.get(digest) ?? (await client.getManifest(digest));
        if (!manifest) {
          throw alteredContentFailure(`The registry ${this.#name} lacks the manifest ${digest}, which it refers to.`);
        }
        this.#manifests.set(digest, manifest);
        return manifest.bytes;
      },
    };
  }

  async #readImage(
    source: ManifestSource,
    descriptor: Pick<Descriptor, 'digest' | 'mediaType'>,
    candidates: readonly Descriptor[],
    wanted: WantedPlatform,
  ): Promise<PushedImage> {
    const { digest, mediaType, bytes, config, layers } = await readStoredManifest(source, descriptor);
    const parts = [config, ...layers];
    assertNoUrls(parts, digest);
    const configBytes = await (await this.#options.client()).getBlob(config.digest, maxManifestBytes);
    if (!configBytes) {
      throw alteredContentFailure(`The registry ${this.#name} lacks the configuration of the image ${digest}.`);
    }
    const parsed = parseConfig(configBytes);
    assertPlatform(parsed, wanted);
    const attachments = await readAttachments(source, digest, candidates);
    const size = sizeOfBlobs(parts);
    const manifestSize = bytes.length;
    return {
      image: { platform: wanted.platform, digest, mediaType, manifestSize, config, layers, size, attachments },
      config: parsed,
    };
  }
}

function descriptorOf({ digest, mediaType, bytes }: RawManifest): Descriptor {
  return { digest, mediaType, size: bytes.length };
}

/** The digits of an image's id, with which podman's have no prefix. */
function idOf(imageId: string): string {
  return imageId.replace(/^sha256:/, '');
}
