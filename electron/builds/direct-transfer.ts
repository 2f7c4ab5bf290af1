import { Failure, fail } from '../../shared/problem.ts';
import type { WantedPlatform } from '../images/platform-match.ts';
import type { NodeConnection } from '../nodes/connection-pool.ts';
import type { PushedImage } from '../registry/direct-push.ts';
import type { RunningPush } from '../registry/running-push.ts';
import type { ImageSource } from './image-source.ts';

export interface DirectTransferOptions extends WantedPlatform {
  readonly connection: NodeConnection;
  /** That of the build. */
  readonly push: RunningPush | undefined;
  readonly source: ImageSource;
  /** The temporary name of the image. */
  readonly name: string;
  readonly onLogLine: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Has a node push an image to the registry itself, if the build's push is to be so.
 * @returns undefined if the image has to come here, because the node cannot reach the registry
 * @throws Failure if the image that the registry has is not that of the node
 */
export async function pushDirectly(options: DirectTransferOptions): Promise<PushedImage | undefined> {
  const { connection, push, source, name, onLogLine, signal, ...wanted } = options;
  const { transport } = connection;
  const { direct } = push ?? {};
  if (!push || !direct || direct.refusalOf(transport.name)) {
    return undefined;
  }
  try {
    const target = await direct.target(name);
    const { imageId, ...pushed } = await source.push(target);
    const found = await direct.read(target, pushed, imageId, wanted);
    if (found) {
      push.addPushed(found.image);
      return found;
    }
    throw fail(
      'engine.refused',
      `Node ${transport.name} pushed the image, but ${target.registry}, as this computer reaches it, does not have it.`,
      'Check that the node and this computer reach the same registry by that name.',
    );
  } catch (error) {
    if (signal.aborted || !isRefusal(error)) {
      throw error;
    }
    push.addNotDirect(transport.name, direct.refuse(transport.name, error));
    onLogLine(`${error.problem.message} The image is sent to this computer, which pushes it.`);
    return undefined;
  }
}

/** Whether the node could not push. What is wrong with the image, the disk or the connection is wrong in any case. */
function isRefusal(error: unknown): error is Failure {
  return error instanceof Failure && ['engine.refused', 'engine.answer'].includes(error.problem.code);
}
