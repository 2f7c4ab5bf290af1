import type { Readable } from 'node:stream';
import type { ImageFormat } from '../../shared/build-options.ts';
import type {
  BuildResult,
  EngineBuild,
  EngineOutput,
  ImageDelivery,
  ImageTransfer,
  PushTarget,
} from '../engines/engine.ts';

/** How the image of a job leaves its node: after its build, or together with it from an engine that keeps no images. */
export interface ImageSource {
  /** Has the node push the image to a target that it can reach. @throws Failure of the build, or `engine.refused` */
  push(target: PushTarget): Promise<BuildResult>;
  /** Resolves with what `receive` makes of the image's archive, which it reads to its end. */
  export<T>(receive: (archive: Readable) => Promise<T>): Promise<T>;
}

/** The source of an image that an engine has built and keeps. @param name that of the image on the node */
export function keptImage(
  transfer: ImageTransfer,
  name: string,
  { imageId }: BuildResult,
  format: ImageFormat,
  signal: AbortSignal,
): ImageSource {
  return {
    push: async (target) => ({ ...(await transfer.push(name, target, format, signal)), imageId }),
    export: async (receive) => receive(await transfer.export(name, format, signal)),
  };
}

/** One attempt at a build and its delivery. */
interface Attempt extends Pick<EngineBuild, 'noCache'> {
  readonly delivery: ImageDelivery;
  readonly report: (output: EngineOutput) => void;
}

/**
 * The source of an image that leaves its node with its build. After a delivery that was refused, the image is built again for the
 * next one: from the cache, and unseen.
 */
export function deliveredImage(
  build: (attempt: Attempt) => Promise<BuildResult>,
  { noCache }: Pick<EngineBuild, 'noCache'>,
  onOutput: (output: EngineOutput) => void,
): ImageSource {
  let isRepeated = false;
  const attempt = async (delivery: ImageDelivery): Promise<BuildResult> => {
    let hasBuilt = false;
    try {
      return await build({
        delivery,
        noCache: noCache && !isRepeated,
        report: (output) => {
          hasBuilt ||= output.kind === 'delivering';
          if (!isRepeated) {
            onOutput(output);
          }
        },
      });
    } finally {
      isRepeated ||= hasBuilt;
    }
  };
  return {
    push: (target) => attempt({ kind: 'push', target }),
    export: async <T>(receive: (archive: Readable) => Promise<T>): Promise<T> => {
      let received: { readonly result: T } | undefined;
      await attempt({
        kind: 'archive',
        receive: async (archive) => {
          received = { result: await receive(archive) };
        },
      });
      if (!received) {
        throw new Error('the build has ended without its archive');
      }
      return received.result;
    },
  };
}
