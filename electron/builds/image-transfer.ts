import type { ImageFormat } from '../../shared/build-options.ts';
import { Failure, problemOf } from '../../shared/problem.ts';
import type { ImageStore } from '../images/image-store.ts';
import { importArchive } from '../images/import-archive.ts';
import type { Lease } from '../images/lease.ts';
import type { BlobSize, ReceivedImage } from '../images/manifest.ts';
import type { WantedPlatform } from '../images/platform-match.ts';
import type { Offer } from '../images/receiver/offer.ts';
import type { Receiver } from '../images/receiver/receiver.ts';
import type { NodeConnection } from '../nodes/connection-pool.ts';
import type { ImageSource } from './image-source.ts';
import type { SharedPortForwards } from './shared-port-forwards.ts';

export interface TransferOptions extends WantedPlatform {
  readonly connection: NodeConnection;
  readonly store: ImageStore;
  readonly receiver: Receiver;
  readonly portForwards: SharedPortForwards;
  readonly lease: Lease;
  readonly source: ImageSource;
  /** Unique: docker tags the image on the node with it, and another build may run at the same time. */
  readonly tag: string;
  /** That of the build. */
  readonly format: ImageFormat;
  /** Stable per project: engines remember per repository which layers they have pushed. */
  readonly repository: string;
  /** What the node reads while it builds. */
  readonly offer?: Offer | undefined;
  readonly onBytes: (count: number) => void;
  /** Called with each blob that the node has sent, when it is in the store. */
  readonly onBlob?: (blob: BlobSize) => void;
  readonly onMethod: (method: 'push' | 'export') => void;
  readonly onLogLine: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Transfers an image from its node into the image store. The node pushes to a port on its own loopback that is
 * forwarded to our receiver, so layers that the store already has are not sent again. If the push is impossible, the
 * whole image is exported instead. A transfer that fails otherwise is repeated once, because the image is there.
 */
export async function transferImage(options: TransferOptions): Promise<ReceivedImage> {
  const { connection, onLogLine, signal } = options;
  const canExport = connection.engine.capabilities().exportFormats.length > 0;
  const [again, how] = canExport ? [receiveExport, 'exported whole instead'] : [receivePush, 'pushed again'];
  let isRepeated: boolean;
  try {
    return await receivePush(options);
  } catch (error) {
    const isUnavailable = canExport && isPushUnavailable(error);
    isRepeated = !isUnavailable;
    if (signal.aborted || !(isUnavailable || isRepeatable(error, options))) {
      throw error;
    }
    onLogLine(`The image cannot be pushed (${problemOf(error).message}) It is ${how}.`);
  }
  try {
    return await again(options);
  } catch (error) {
    if (signal.aborted || isRepeated || !isRepeatable(error, options)) {
      throw error;
    }
    onLogLine(`The image did not arrive (${problemOf(error).message}) It is exported again.`);
    return again(options);
  }
}

async function receivePush(options: TransferOptions): Promise<ReceivedImage> {
  const { connection, receiver, portForwards, lease, source, tag, repository, onBytes, onBlob, signal } = options;
  if (connection.engine.transfer) {
    // for the request to push, while the port is opened
    connection.transport.prepare?.();
  }
  const forward = await portForwards.open(connection);
  try {
    const admission = receiver.admit({
      repository,
      tag,
      ...wantedOf(options),
      lease,
      onBytes,
      ...(onBlob ? { onBlob } : {}),
      offer: options.offer,
      signal,
    });
    try {
      options.onMethod('push');
      const { username, password } = admission;
      const registry = `127.0.0.1:${forward.port}`;
      const target = { registry, repository, tag, tlsVerify: false, credentials: { username, password } };
      // if the receiver rejects the image, its error is more precise than the engine's, so it must win the race
      const { received } = admission;
      const pushed = source.push(target).then(
        async () => {
          if (!admission.image) {
            // without an image, this is the end of the push
            await admission.close();
          }
          return admission.image ?? received;
        },
        (error: unknown) => {
          // what happens on the node after the image is here does not matter, but a person's cancel does
          if (admission.image && (!signal.aborted || connection.transport.lost.aborted)) {
            return admission.image;
          }
          throw error;
        },
      );
      return await Promise.race([pushed, received.then(() => pushed)]);
    } finally {
      await admission.close();
    }
  } finally {
    // the port is free for the next transfer at once, so nothing waits for the node's answer
    void forward.close();
  }
}

async function receiveExport(options: TransferOptions): Promise<ReceivedImage> {
  const { source, store, lease, format, onBytes, onBlob, signal } = options;
  options.onMethod('export');
  return source.export((archive) =>
    importArchive(store, archive, {
      ...wantedOf(options),
      ...{ lease, format, onBytes, signal },
      ...(onBlob ? { onBlob } : {}),
    }),
  );
}

function wantedOf({ platform, anyVariant = false }: TransferOptions): WantedPlatform {
  return { platform, anyVariant };
}

/**
 * Whether a transfer was broken off or damaged, so that another one from the same node may arrive whole. An engine that has ended keeps its
 * image, unless the image left it with the build.
 */
function isRepeatable(error: unknown, { connection }: TransferOptions): boolean {
  return (
    error instanceof Failure &&
    (['image.corrupt', 'image.incomplete', 'ssh.channel', 'engine.answer'].includes(error.problem.code) ||
      (error.problem.code === 'engine.unreachable' && connection.engine.transfer !== undefined))
  );
}

/** Whether only the push itself failed, so that an export may work: not the image, the disk or the connection. */
function isPushUnavailable(error: unknown): boolean {
  return (
    error instanceof Failure &&
    ['ssh.forwarding-refused', 'ssh.channel', 'engine.refused', 'engine.answer'].includes(error.problem.code)
  );
}
