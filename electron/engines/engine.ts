/** What a container engine can do for Barnraiser. podman/ and docker/ implement it over the same transports. */
import type { Readable } from 'node:stream';
import type { PullPolicy } from '../../shared/build.ts';
import type { EngineKind, Node } from '../../shared/node.ts';
import type { Platform } from '../../shared/platform.ts';

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
  /** Opens the packed context, a tar stream. The engine opens it again if it has to build a second time. */
  readonly context: () => Readable;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly noCache: boolean;
  readonly pull: PullPolicy;
  /** The instructions of the Containerfile, one line each, for engines that do not number them. Empty if unknown. */
  readonly instructions: readonly string[];
  /** Remove everything that the build adds to the engine's build cache when the build ends. */
  readonly discardCache: boolean;
}

/** Identifies a step: its number in its stage, counted from 1, and the stage if there are several. */
export interface StepPosition {
  readonly index: number;
  readonly stage?: string;
}

/** What an engine reports during a build, in order. */
export type EngineOutput =
  /** The engine has read the whole context. */
  | { readonly kind: 'context-read' }
  /** A step begins. It ends the previous step, unless it is concurrent: concurrent steps end with a `step-end` each. */
  | ({
      readonly kind: 'step';
      readonly total: number;
      readonly text: string;
      readonly isConcurrent?: boolean;
    } & StepPosition)
  | ({ readonly kind: 'step-end'; readonly cached: boolean; readonly failed: boolean } & StepPosition)
  /** The cache has the result of the current step. */
  | { readonly kind: 'cached' }
  /** The current step left this image on the node (an id or a unique prefix of one). Later builds use it as cache. */
  | { readonly kind: 'layer'; readonly imageId: string }
  /** One line of output without its line end. It may contain ANSI colours. */
  | { readonly kind: 'line'; readonly text: string };

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

/**
 * A container engine that has answered. Every method throws a `Failure` that names the node for expected failures, and stops
 * when its signal aborts.
 */
export interface Engine {
  readonly kind: EngineKind;

  /** Reads the facts about the engine and its machine. */
  probe(signal?: AbortSignal): Promise<Node>;

  /**
   * Builds, reports output as it arrives, and resolves with the id of the image.
   * When the signal aborts, it rejects only after the engine has stopped working on the build, as far as that can be forced.
   */
  build(
    build: EngineBuild,
    onOutput: (output: EngineOutput) => void,
    signal: AbortSignal,
  ): Promise<{ imageId: string }>;

  /** Pushes an image of the node to a target that the node can reach. */
  push(image: string, target: PushTarget, signal: AbortSignal): Promise<void>;

  /** The whole image as an OCI archive (tar). */
  export(image: string, signal: AbortSignal): Promise<Readable>;

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
  prune(): Promise<number>;

  diskUsage(): Promise<DiskUsage>;
}
