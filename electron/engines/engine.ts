/** What a container engine can do for Barnraiser. podman/ and docker/ implement it over the same transports. */
import type { Readable } from 'node:stream';
import type { PullPolicy } from '../../shared/build.ts';
import type { LogStream } from '../../shared/log.ts';
import type { Capabilities, EngineKind, Node } from '../../shared/node.ts';
import type { Platform } from '../../shared/platform.ts';
import type { Instruction } from '../../shared/project.ts';
import type { Step } from '../../shared/step.ts';
import type { ContextSource } from '../context/context-source.ts';

/** One build of one platform on one engine. */
export interface EngineBuild {
  readonly platform: Platform;
  /** The name of the image on the node while the build runs, e.g. `localhost/barnraiser/3f2a:linux-amd64`. */
  readonly tag: string;
  /** Path of the Containerfile inside the context, with forward slashes. */
  readonly file: string;
  /**
   * Ignore patterns that the engine applies when it copies from the context. They replace the ignore file in the context,
   * because an engine may choose a different one than Barnraiser did.
   */
  readonly excludes: readonly string[];
  /** The engine reads it again if it has to build a second time. */
  readonly context: ContextSource;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly noCache: boolean;
  readonly pull: PullPolicy;
  /** The instructions of the Containerfile, which the steps are counted by. */
  readonly instructions: readonly Instruction[];
  /** Remove everything that the build adds to the engine's build cache when the build ends. */
  readonly discardCache: boolean;
  /** Asked between messages of the engine: resolves when more output can be taken. Undefined if it can be taken now. */
  readonly outputReady?: () => Promise<void> | undefined;
}

/** A step as an engine reports it, see `Step`. */
export type EngineStep = Readonly<Pick<Step, 'id' | 'index' | 'total' | 'name' | 'stage' | 'inputs' | 'line'>>;

/** What an engine reports during a build, in order. Steps may run at once. */
export type EngineOutput =
  /** The engine has read the whole context. */
  | { readonly kind: 'context-read' }
  /** A step starts, or starts again. */
  | ({ readonly kind: 'step-started' } & EngineStep)
  | {
      readonly kind: 'step-progress';
      readonly id: string;
      readonly current: number;
      readonly total: number;
      readonly unit: 'bytes';
    }
  /** A step ended, or went on after it was reported as ended and ended again. `cached`: its result was in the cache. */
  | { readonly kind: 'step-ended'; readonly id: string; readonly cached: boolean; readonly error?: string }
  /** One line of output without its line end. It may contain ANSI colours. `time` is in milliseconds since 1970. */
  | {
      readonly kind: 'log';
      readonly stepId?: string;
      readonly stream: LogStream;
      readonly time: number;
      readonly text: string;
    }
  | { readonly kind: 'warning'; readonly text: string; readonly stepId?: string }
  /**
   * A step left this image on the node (an id or a unique prefix of one), which later builds use as their cache. `cached`: it
   * was there before.
   */
  | { readonly kind: 'layer'; readonly imageId: string; readonly cached: boolean };

/** Where a node pushes an image to: Barnraiser's receiver, which the node reaches on its own loopback. */
export interface PushTarget {
  readonly host: string;
  readonly port: number;
  readonly repository: string;
  readonly tag: string;
  readonly username: string;
  readonly password: string;
}

export interface DiskUsage {
  readonly imagesBytes: number;
  readonly reclaimableBytes: number;
}

/** Builds images. */
export interface Builder {
  /**
   * Builds, reports output as it arrives, and resolves with the id of the image.
   * When the signal aborts, it rejects only after the engine has stopped working on the build, as far as that can be forced.
   */
  build(
    build: EngineBuild,
    onOutput: (output: EngineOutput) => void,
    signal: AbortSignal,
  ): Promise<{ imageId: string }>;
}

/** Sends images of the node away. */
export interface ImageTransfer {
  /** Pushes an image of the node to a target that the node can reach. */
  push(image: string, target: PushTarget, signal: AbortSignal): Promise<void>;

  /** The whole image as an archive (tar) in one of the formats of the engine's capabilities. */
  export(image: string, signal: AbortSignal): Promise<Readable>;
}

/** Keeps and removes what builds leave in the engine's storage. */
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

  /** Removes dangling images and images that killed builds left under their temporary names. Resolves with the bytes freed. */
  prune(signal?: AbortSignal): Promise<number>;

  diskUsage(): Promise<DiskUsage>;
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

  readonly builder: Builder;
  readonly transfer: ImageTransfer;
  /** Missing for an engine that has no images of its own. */
  readonly retention?: CacheRetention;
}
