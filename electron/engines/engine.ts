import type { Readable } from 'node:stream';
import type { PullPolicy } from '../../shared/build.ts';
import type { EngineKind, Node } from '../../shared/node.ts';
import type { Platform } from '../../shared/platform.ts';

/** One build of one platform on one engine. */
export interface EngineBuild {
  readonly platform: Platform;
  /** The name that the image gets on the node while the build is under way, e.g. `localhost/barnraiser/3f2a:linux-amd64`. */
  readonly tag: string;
  /** Path of the Containerfile inside the context, with forward slashes. */
  readonly file: string;
  /**
   * Ignore patterns for the engine to apply when it copies out of the context. Engines look for an ignore file in what they
   * are sent and may take another than we did; this list takes its place.
   */
  readonly excludes: readonly string[];
  /** The packed context, a tar stream. Opened when the engine is ready to read it, and again where it must build once more. */
  readonly context: () => Readable;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly noCache: boolean;
  readonly pull: PullPolicy;
  /** The instructions of the Containerfile, each on one line, for engines that do not number them; empty where they are not known. */
  readonly instructions: readonly string[];
  /** Nothing of the build is to stay on the node: what the engine keeps beside images goes with its end. */
  readonly leaveNothing: boolean;
}

/** Which step: its number from 1 in its stage, and the stage where there are several. */
export interface StepPlace {
  readonly index: number;
  readonly stage?: string;
}

/** What an engine says while it builds, in its order. */
export type EngineOutput =
  /** The engine has read the whole context. */
  | { readonly kind: 'context-read' }
  /** A step begins, which ends the one before it; but not where steps run beside each other: those are ended one by one. */
  | ({ readonly kind: 'step'; readonly total: number; readonly text: string; readonly beside?: boolean } & StepPlace)
  | ({ readonly kind: 'step-end'; readonly cached: boolean; readonly failed: boolean } & StepPlace)
  /** The present step was answered from the cache. */
  | { readonly kind: 'cached' }
  /** The present step left this image on the node (an id or a unique prefix of one); it serves as cache for later builds. */
  | { readonly kind: 'layer'; readonly imageId: string }
  /** One line of output, without its line end. May hold ANSI colours. */
  | { readonly kind: 'line'; readonly text: string };

/** Where a node pushes an image to: our store, seen from the node as a registry on its own loopback. */
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
 * A container engine that can be reached. Every method throws `Failure` for what can be expected to fail, names the node in
 * it, and stops when its signal aborts.
 */
export interface Engine {
  readonly kind: EngineKind;

  /** Asks the engine and its machine what they are. */
  probe(signal?: AbortSignal): Promise<Node>;

  /**
   * Builds, reports output as it comes, and resolves with the id of the image.
   * When the signal aborts, it rejects only after the engine has stopped working on the build, as far as it can be made to.
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

  /** Gives an image one more name. */
  tag(image: string, name: string): Promise<void>;

  /** Takes a name from an image and keeps the image. */
  untag(image: string, name: string): Promise<void>;

  /**
   * Removes an image and the untagged images that only it was built on. Resolves with false where it is not there or still
   * in use by others.
   */
  remove(image: string): Promise<boolean>;

  /** Removes dangling images, and those that killed builds have left under their names; resolves with the bytes freed. */
  prune(): Promise<number>;

  diskUsage(): Promise<DiskUsage>;
}
