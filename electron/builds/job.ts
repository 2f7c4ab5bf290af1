import type { BuildRequest } from '../../shared/build.ts';
import { fail } from '../../shared/problem.ts';
import type { PackedContext } from '../context/spool.ts';
import { buildName } from '../engines/build-name.ts';
import type { Receiver } from '../images/receiver.ts';
import type { ImageStore, Lease, ReceivedImage } from '../images/store.ts';
import type { NodeConnection } from '../nodes/connection-pool.ts';
import { transferImage } from './image-transfer.ts';
import type { JobTracker } from './job-tracker.ts';
import { type ProjectMemory, projectId } from './project-memory.ts';
import { applyRetention, type Built, cleanUpFailed } from './retention.ts';

export interface JobWork {
  readonly request: BuildRequest;
  readonly context: PackedContext;
  readonly store: ImageStore;
  readonly receiver: Receiver;
  readonly lease: Lease;
  readonly memory: ProjectMemory;
  /** Those of the Containerfile, each on one line. */
  readonly instructions: readonly string[];
}

/**
 * One platform on one node: send the context, build, bring the image back, leave on the node what was asked for.
 * @throws Failure of any step; the node's line may be lost, which is for the caller to judge.
 */
export async function runJob(
  work: JobWork,
  tracker: JobTracker,
  line: NodeConnection,
  signal: AbortSignal,
): Promise<ReceivedImage> {
  const { request, context, store, receiver, lease, memory, instructions } = work;
  const { engine, transport } = line;
  const { platform, node } = tracker.job;
  const project = projectId(request);
  const tag = buildName(project, platform);
  // a lost line ends what waits for an answer over it
  const either = AbortSignal.any([signal, transport.lost]);

  let built: Built | undefined;
  tracker.phase('context');
  try {
    const { imageId } = await engine.build(
      {
        platform,
        tag,
        file: context.containerfile,
        excludes: context.excludes,
        context: () => context.open((bytes) => tracker.sent(bytes)),
        buildArgs: request.buildArgs,
        labels: request.labels,
        ...(request.target === undefined ? {} : { target: request.target }),
        noCache: request.noCache,
        pull: request.pull,
        instructions,
        leaveNothing: request.residue === 'cleanup',
      },
      (output) => tracker.output(output),
      either,
    );
    const { layers, ownLayers } = tracker;
    built = { platform, node, tag, reference: request.reference, imageId, layers, ownLayers };
    tracker.phase('pulling');
    const image = await transferImage({
      line,
      store,
      receiver,
      lease,
      image: tag,
      platform,
      repository: `barnraiser/${project}`,
      onBytes: (bytes) => tracker.received(bytes),
      onTransfer: (transfer) => tracker.transfer(transfer),
      onLine: (text) => tracker.line(text),
      signal: either,
    });
    // the image is ours already: what cannot be tidied on the node is worth a line, not the build
    await applyRetention(engine, built, request.residue, memory).catch((error: unknown) => {
      tracker.line(`Node ${node} could not be tidied: ${error instanceof Error ? error.message : String(error)}`);
    });
    return image;
  } catch (error) {
    if (transport.lost.aborted && !signal.aborted) {
      throw transport.lost.reason;
    }
    await cleanUpFailed(engine, built, tag, tracker.ownLayers, request.residue, memory).catch(() => undefined);
    throw signal.aborted ? (signal.reason ?? cancelled(request.reference)) : error;
  }
}

export function cancelled(reference: string): Error {
  return fail('build.cancelled', `The build of ${reference} was cancelled.`, 'Build it again when you like.');
}
