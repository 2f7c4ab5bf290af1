/** What a container engine can do for Barnraiser. podman/, docker/ and buildkit/ implement it over the same transports. */
import type { Readable } from 'node:stream';
import type { ImageFormat, OptionValues, PullPolicy } from '../../shared/build-options.ts';
import type { BuildWarning } from '../../shared/build-warning.ts';
import type { Digest } from '../../shared/image.ts';
import type { LogStream } from '../../shared/log.ts';
import type { Capabilities, EngineKind, Node, NodeFacts } from '../../shared/node.ts';
import type { Platform } from '../../shared/platform.ts';
import type { Instruction } from '../../shared/project.ts';
import type { PlannedStep } from '../../shared/step.ts';
import type { StorageKind } from '../../shared/storage-kinds.ts';
import type { ContextSource } from '../context/context-source.ts';
import type { TarLayouts } from '../context/tar-layouts.ts';
import type { ForwardedAgent } from '../ssh/authentication/forwarded-agent.ts';
import type { RegistryLogin } from './registry-login.ts';

/** The options of a request that engines get as they are. */
type EngineOptions = Omit<
  OptionValues,
  keyof KnownOptions | 'file' | 'files' | 'filesFor' | 'sources' | 'contexts' | 'secrets' | 'ssh'
> &
  KnownOptions;

/** Options that always have a value. */
interface KnownOptions {
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly noCache: boolean;
  readonly format: ImageFormat;
  readonly pull: PullPolicy;
}

/** One build of one platform on one engine, with the options that its builder supports. */
export interface EngineBuild extends EngineOptions {
  /** Identifies the build on its node, also after its process was killed. */
  readonly id: string;
  readonly platform: Platform;
  /** The node emulates the platform. */
  readonly isEmulated: boolean;
  /** The name of the image on the node while the build runs, e.g. `localhost/barnraiser/3f2a:linux-amd64`. */
  readonly tag: string;
  /** Path of the Containerfile inside the context, with forward slashes. */
  readonly file: string;
  /** The files that a Containerfile with a name of our own was made of, with the number of the first line of each. */
  readonly parts?: readonly { readonly path: string; readonly firstLine: number }[];
  /**
   * Ignore patterns that the engine applies when it copies from the context. They replace the ignore file in the context,
   * because an engine may choose a different one than Barnraiser did.
   */
  readonly excludes: readonly string[];
  /** The engine reads it again if it has to build a second time. */
  readonly context: ContextSource;
  /** What is known of the contexts that nodes keep. Without it, the whole context is sent. */
  readonly layouts?: TarLayouts;
  /** Additional build contexts by name. */
  readonly contexts?: Readonly<Record<string, NamedContext>>;
  /**
   * The engine may keep files of the context under this name, and take a file with the same path, size, mode and time in a later
   * context of the same name for unchanged.
   */
  readonly contextKey: () => Promise<string>;
  /** For the registries of the images that the Containerfile names. */
  readonly logins: readonly RegistryLogin[];
  /** What steps get with `RUN --mount=type=secret`. */
  readonly secrets: readonly SecretValue[];
  /** What steps get with `RUN --mount=type=ssh`. */
  readonly ssh: readonly SshAgent[];
  /** What is hidden in what the engine says, besides logins and secrets: passwords of proxies. */
  readonly hidden?: readonly string[];
  /** The instructions of the Containerfile, which the steps are counted by. */
  readonly instructions: readonly Instruction[];
  /** Remove everything that the build adds to the engine's build cache when the build ends. */
  readonly discardCache: boolean;
  /** Where the image goes with the build. Only for an engine without {@link Engine.transfer}, which keeps no images. */
  readonly delivery?: ImageDelivery;
  /** Asked between messages of the engine: resolves when more output can be taken. Undefined if it can be taken now. */
  readonly outputReady?: () => Promise<void> | undefined;
}

/** Only sent to the engine: never logged, recorded or reported. */
export interface SecretValue {
  readonly id: string;
  /** Overwritten when the job has ended. */
  readonly value: Buffer;
}

/** An SSH agent that steps reach under an id. */
export interface SshAgent extends ForwardedAgent {
  readonly id: string;
}

/** What a name in FROM, `COPY --from` or `RUN --mount=from` means, instead of a stage or an image. */
export type NamedContext =
  /** Files. `digest` identifies them; `key` is as {@link EngineBuild.contextKey}. */
  | {
      readonly kind: 'folder';
      readonly source: ContextSource;
      readonly digest: () => Promise<string>;
      readonly key: () => Promise<string>;
    }
  /** An image that the engine pulls itself. */
  | { readonly kind: 'image'; readonly reference: string }
  /** An image of local storage. `registry` is a port on the node's loopback that leads to it, without TLS. */
  | {
      readonly kind: 'stored';
      readonly digest: Digest;
      readonly served: {
        readonly registry: string;
        readonly repository: string;
        readonly credentials: { readonly username: string; readonly password: string };
      };
    }
  /** The same where no port leads to it: as an OCI archive that names the image. */
  | { readonly kind: 'archive'; readonly digest: Digest; readonly open: (name: string) => Readable }
  /** A tar that the engine downloads. */
  | { readonly kind: 'url'; readonly url: string };

/** How an image leaves its node together with its build. */
export type ImageDelivery =
  | { readonly kind: 'push'; readonly target: PushTarget }
  /** As an OCI archive (tar). The build waits until `receive` has read it to its end, and fails if it rejects. */
  | { readonly kind: 'archive'; readonly receive: (archive: Readable) => Promise<void> };

/** A step as an engine reports it, see `Step`. */
export type EngineStep = PlannedStep;

/** What an engine reports during a build, in order. Steps may run at once. */
export type EngineOutput =
  /** The engine has read the whole context. */
  | { readonly kind: 'context-read' }
  /** The node had so many bytes of the context already. */
  | { readonly kind: 'context-reused'; readonly bytes: number }
  /** A step starts, or starts again. `time` is when, by this computer's clock, if the engine tells. In milliseconds since 1970. */
  | ({ readonly kind: 'step-started'; readonly time?: number } & EngineStep)
  | {
      readonly kind: 'step-progress';
      readonly id: string;
      readonly current: number;
      readonly total: number;
      readonly unit: 'bytes';
    }
  /**
   * A step ended, or went on after it was reported as ended and ended again. `cached`: its result was in the cache. `durationMs`
   * is the engine's measure, if it tells.
   */
  | {
      readonly kind: 'step-ended';
      readonly id: string;
      readonly cached: boolean;
      readonly durationMs?: number;
      readonly error?: string;
    }
  /** One line of output without its line end. It may contain ANSI colours. `time` is in milliseconds since 1970. */
  | {
      readonly kind: 'log';
      readonly stepId?: string;
      readonly stream: LogStream;
      readonly time: number;
      readonly text: string;
    }
  | ({ readonly kind: 'warning' } & BuildWarning)
  /**
   * A step left this image on the node (an id or a unique prefix of one), which later builds use as their cache. `cached`: it
   * was there before.
   */
  | { readonly kind: 'layer'; readonly imageId: string; readonly cached: boolean }
  /** The digest that the registry has for a base image. The name is the engine's. */
  | { readonly kind: 'base'; readonly name: string; readonly digest: string }
  /** All steps have ended, and the image begins to leave the node with the build. */
  | { readonly kind: 'delivering' };

/** Where a node pushes an image to: Barnraiser's receiver, which the node reaches on its own loopback, or a registry. */
export interface PushTarget {
  /** As in a reference: a host, with a port if it is not the default one. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  /** False also allows plain HTTP. docker asks only its own configuration for that. */
  readonly tlsVerify: boolean;
  /** Only sent to the engine: never logged, recorded or reported. */
  readonly credentials?: RegistryLogin['credentials'] | undefined;
}

/** What an engine says of an image that it has pushed. */
export interface PushedByEngine {
  /** Of the manifest that the target has now. Engines older than podman 4.4 do not say it. */
  readonly digest?: Digest;
}

/** A build that has succeeded. With a delivery by push, also what the engine says of the push. */
export interface BuildResult extends PushedByEngine {
  readonly imageId: string;
  /** Images that earlier builds had as additional contexts, or this one if it leaves no cache. */
  readonly unneeded?: readonly string[];
}

/** Builds images. */
export interface Builder {
  /**
   * Builds, reports output as it arrives, and resolves with the id of the image.
   * A delivery that cannot be made is a Failure `engine.refused`. When the signal aborts, it rejects only after the engine has stopped working on the build, as far as that can be forced.
   */
  build(build: EngineBuild, onOutput: (output: EngineOutput) => void, signal: AbortSignal): Promise<BuildResult>;
}

/** Sends images of the node away. */
export interface ImageTransfer {
  /** Pushes an image of the node to a target that the node can reach. The format is that of the build. */
  push(image: string, target: PushTarget, format: ImageFormat, signal: AbortSignal): Promise<PushedByEngine>;

  /**
   * The whole image as an archive (tar) in one of the formats of the engine's capabilities. The format is that of the build.
   */
  export(image: string, format: ImageFormat, signal: AbortSignal): Promise<Readable>;
}

/** Takes images into the storage of the node. */
export interface ImageLoading {
  /** The archive with which the image keeps its digest, or, where engines have none, its configuration. */
  readonly archive: 'oci-archive' | 'docker-archive';

  /** Loads an archive of one image, with its name. @returns the names that the engine says */
  load(archive: Readable, signal: AbortSignal): Promise<readonly string[]>;
}

/** Keeps and removes the images that builds leave in the engine's storage. */
export interface CacheRetention {
  /** Adds a name to an image. */
  tag(image: string, name: string): Promise<void>;

  /** Removes a name from an image. */
  untag(image: string, name: string): Promise<void>;

  /**
   * Removes an image and the untagged images that only it was built on. Resolves with false if it does not exist or is still
   * in use.
   */
  remove(image: string): Promise<boolean>;

  /**
   * Ends what is left of a build whose process was killed or lost its node, and removes its temporary names.
   *
   * @param build its `id` and `tag`. The build may have pushed its image under the same tag.
   * @throws Failure if something is still left
   */
  removeLeftovers(build: Pick<EngineBuild, 'id' | 'tag'>): Promise<void>;
}

/** Something that takes space on the node. Its names are not trusted: what shows them cleans them. */
export interface StoredItem {
  readonly kind: StorageKind;
  readonly id: string;
  /** The names of an image, or what the engine says of something else. */
  readonly names: readonly string[];
  /** What it adds to what it is based on. */
  readonly bytes: number;
  /** In milliseconds since 1970, by the node's clock. Missing if the engine does not know it. */
  readonly createdAt?: number;
  readonly usedAt?: number;
  /** The ids of what it is based on, of the same kind. */
  readonly parents: readonly string[];
  /** A container, or a build that runs, needs it now. */
  readonly isUsed: boolean;
}

export interface StoredItems {
  readonly items: readonly StoredItem[];
  /** What several images have in common and none of them counts. */
  readonly sharedBytes: number;
  /** Builds of anyone are running whose cache is images: between two steps, nothing marks the image that the next step needs. */
  readonly isBuilding: boolean;
}

export interface RemoveOptions {
  /** Images that stay although an image that is removed was based on them, and they have no name. */
  readonly bases: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** What takes space on the node. */
export interface EngineStorage {
  /** @param detail with `removable` only images, build cache and contexts: the engine may take long to measure the others */
  list(detail: 'removable' | 'all', signal?: AbortSignal): Promise<StoredItems>;

  /**
   * Removes images, cache records and contexts, in their order: first what is based on others. What has come into use stays.
   * Another {@link list} shows what is gone.
   */
  remove(items: readonly StoredItem[], options: RemoveOptions): Promise<void>;
}

/** An image that a build is based on. */
export interface BaseName {
  /** As the Containerfile names it, with the values of arguments. */
  readonly name: string;
  /** The platform that the build wants it for. */
  readonly platform: Platform;
}

export interface CacheQuery {
  readonly bases: readonly BaseName[];
  readonly pull: PullPolicy;
  /** A name that an image of the node may have. */
  readonly image?: string;
  /** The items of a {@link CacheState} that are looked for. */
  readonly items: readonly string[];
  /** For the registries of the bases. */
  readonly logins: () => Promise<readonly RegistryLogin[]>;
}

/** What the answers of an engine's build cache depend on. */
export interface CacheState {
  /** What each base image is: its id on the node, or its digest where the engine asks the registry. Missing if that is not known. */
  readonly bases: Readonly<Record<BaseKey, string>>;
  /** Images of steps and records of the build cache: those of the query that are there, or those that a build needs. */
  readonly items: readonly string[];
  /** The id of the image with the name of the query. */
  readonly image?: string;
  /** The bases that the engine would pull first, so that only {@link BuildCache.pull} tells what they are. */
  readonly pulled?: readonly BaseKey[];
}

/** What identifies a base in a {@link CacheState}. */
export type BaseKey = string;

/** What a build has shown of itself. */
export interface FinishedBuild {
  readonly imageId: string;
  /** The images of its steps: ids or unique prefixes of them. */
  readonly layers: readonly string[];
  /** The digests of base images that the engine has reported, by their names. */
  readonly digests: ReadonlyMap<string, string>;
}

/** Tells whether the build cache would answer every step of a build that is repeated. */
export interface BuildCache {
  /**
   * What the node has now.
   * @param asksRegistry whether base images that the engine looks up in a registry are looked up
   */
  read(query: CacheQuery, asksRegistry: boolean, signal: AbortSignal): Promise<CacheState>;

  /**
   * Pulls bases as the build would. Those that cannot be pulled are left out. Never rejects. Missing for an engine whose state
   * never has any that are pulled.
   */
  pull?(query: CacheQuery, keys: readonly BaseKey[], signal: AbortSignal): Promise<CacheState['bases']>;

  /**
   * The digests of the manifests of bases, by their names, as the node has them now. What is not certain is left out. Missing for an
   * engine that reports them while it builds.
   */
  digests?(bases: readonly BaseName[], signal: AbortSignal): Promise<Readonly<Record<string, string>>>;

  /**
   * What a build that has just ended was made of: its bases, and the items that must all be there if the cache is to answer the
   * same build. Undefined if that is not certain.
   * @param before what the node had before the build, without looking into registries
   */
  used(
    query: CacheQuery,
    before: CacheState,
    build: FinishedBuild,
    signal: AbortSignal,
  ): Promise<CacheState | undefined>;
}

/**
 * A container engine that has answered. Every method of its parts throws a `Failure` that names the node for expected failures,
 * and stops when its signal aborts.
 */
export interface Engine {
  readonly kind: EngineKind;

  /** What it can do for a build, besides the platforms that a probe finds. */
  capabilities(): Capabilities;

  /** Reads the facts about the engine and its machine. */
  probe(signal?: AbortSignal): Promise<Node>;

  /** Takes over what a probe found a moment ago. @returns false if it was of another engine or version, so that a probe is needed */
  recall(facts: NodeFacts): boolean;

  readonly builder: Builder;
  readonly storage: EngineStorage;
  /** Missing for an engine that has no images of its own: they leave with their builds, see {@link EngineBuild.delivery}. */
  readonly transfer?: ImageTransfer;
  /** Missing for an engine that has no images of its own. */
  readonly loading?: ImageLoading;
  /** Missing for an engine that has no images of its own. */
  readonly retention?: CacheRetention;
  /** Missing for an engine whose build cache cannot be read. */
  readonly cache?: BuildCache;
}
