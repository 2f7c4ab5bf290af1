import type { Instruction } from '../../shared/project.ts';
import type { PackedContext } from '../context/pack-context.ts';
import { temporaryImageName } from '../engines/temporary-name.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Lease } from '../images/lease.ts';
import type { ReceivedImage } from '../images/manifest.ts';
import type { Receiver } from '../images/receiver/receiver.ts';
import type { NodeConnection } from '../nodes/connection-pool.ts';
import { transferImage } from './image-transfer.ts';
import type { JobTracker } from './job-tracker.ts';
import type { PreparedBuild } from './prepare-build.ts';
import { applyRetention, type BuiltImage, cleanUpFailed } from './retention.ts';
import type { SharedPortForwards } from './shared-port-forwards.ts';

/** What all jobs of a build share. */
export interface JobInput {
  readonly prepared: PreparedBuild;
  readonly context: PackedContext;
  readonly lease: Lease;
  /** The instructions of the Containerfile. */
  readonly instructions: readonly Instruction[];
  readonly store: ImageStore;
  readonly receiver: Receiver;
  readonly portForwards: SharedPortForwards;
}

/**
 * Builds one platform on one node: sends the context, builds, transfers the image, and applies the retention.
 * @throws Failure of any step. If the connection was lost, the caller decides whether another node takes over.
 */
export async function runJob(
  input: JobInput,
  tracker: JobTracker,
  connection: NodeConnection,
  signal: AbortSignal,
): Promise<ReceivedImage> {
  const { prepared, context, store, receiver, portForwards, lease, instructions } = input;
  const { request, project } = prepared;
  const { engine, transport } = connection;
  const { platform, node } = tracker.job;
  const tag = temporaryImageName(project.id, platform);
  // a lost connection also aborts requests that wait for an answer
  const signalOrLoss = AbortSignal.any([signal, transport.lost]);

  let built: BuiltImage | undefined;
  tracker.enterPhase('context');
  try {
    const { imageId } = await engine.builder.build(
      {
        platform,
        tag,
        file: context.containerfile,
        excludes: context.excludes,
        context: context.source((bytes) => tracker.addBytesSent(bytes)),
        buildArgs: request.buildArgs,
        labels: request.labels,
        ...(request.target === undefined ? {} : { target: request.target }),
        noCache: request.noCache,
        pull: request.pull,
        instructions,
        discardCache: request.retention === 'nothing',
        outputReady: () => tracker.log.drained,
      },
      (output) => tracker.handleOutput(output),
      signalOrLoss,
    );
    const { layers, ownLayers } = tracker;
    built = { platform, node, tag, reference: request.reference, imageId, layers, ownLayers };
    tracker.enterPhase('transferring');
    const image = await transferImage({
      connection,
      store,
      receiver,
      portForwards,
      lease,
      image: tag,
      platform,
      repository: `barnraiser/${project.id}`,
      onBytes: (bytes) => tracker.addBytesReceived(bytes),
      onMethod: (method) => tracker.setTransferMethod(method),
      onLogLine: (text) => tracker.logLine(text),
      signal: signalOrLoss,
    });
    // the image is in the store, so a failed cleanup is only logged and does not fail the job
    if (engine.retention) {
      await applyRetention(engine.retention, built, request.retention, project).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        tracker.logLine(`Could not clean up on node ${node}: ${reason}`);
      });
    }
    return image;
  } catch (error) {
    if (transport.lost.aborted && !signal.aborted) {
      throw transport.lost.reason;
    }
    if (engine.retention) {
      const failed = { image: built, tag, ownLayers: tracker.ownLayers, retention: request.retention };
      await cleanUpFailed(engine.retention, failed, project).catch(() => undefined);
    }
    throw signal.aborted ? signal.reason : error;
  }
}
