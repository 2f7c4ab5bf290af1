import type { Platform } from '../../shared/platform.ts';
import { Failure } from '../../shared/problem.ts';
import { importArchive } from '../images/import-archive.ts';
import type { Receiver } from '../images/receiver.ts';
import type { ImageStore, Lease, ReceivedImage } from '../images/store.ts';
import type { NodeConnection } from '../nodes/connection-pool.ts';
import { sharePortForward } from './shared-port-forward.ts';

export interface ImageTransfer {
  readonly line: NodeConnection;
  readonly store: ImageStore;
  readonly receiver: Receiver;
  readonly lease: Lease;
  /** The image's name on the node. */
  readonly image: string;
  readonly platform: Platform;
  /** Stable per project: engines remember per repository what they have sent. */
  readonly repository: string;
  readonly onBytes: (count: number) => void;
  readonly onTransfer: (transfer: 'push' | 'export') => void;
  readonly onLine: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Brings an image from its node into the store: the node pushes to a port of its own loopback that leads back to us, so
 * that layers we have never travel again. Where it cannot, the whole image is exported.
 */
export async function transferImage(options: ImageTransfer): Promise<ReceivedImage> {
  try {
    return await receivePush(options);
  } catch (error) {
    if (options.signal.aborted || !mayExport(error)) {
      throw error;
    }
    options.onLine(
      `The image could not be pushed back (${error.problem.message}); the whole image is exported instead.`,
    );
    return receiveExport(options);
  }
}

async function receivePush(options: ImageTransfer): Promise<ReceivedImage> {
  const { line, receiver, lease, image, platform, repository, onBytes, signal } = options;
  const offer = await sharePortForward(line, receiver.server);
  try {
    const admission = receiver.admit({ repository, platform, lease, onBytes, signal });
    try {
      options.onTransfer('push');
      const { username, password, tag } = admission;
      const target = { host: '127.0.0.1', port: offer.port, repository, tag, username, password };
      // the receiver knows better than the node why it refused an image: its reason comes first
      const received = admission.received;
      received.catch(() => undefined);
      const pushed = line.engine.push(image, target, signal).then(() => received);
      return await Promise.race([pushed, received.then(() => pushed)]);
    } finally {
      await admission.close();
    }
  } finally {
    await offer.close();
  }
}

async function receiveExport(options: ImageTransfer): Promise<ReceivedImage> {
  const { line, store, lease, image, platform, onBytes, signal } = options;
  options.onTransfer('export');
  const archive = await line.engine.export(image, signal);
  return importArchive(store, archive, { platform, lease, onBytes, signal });
}

/** Is it the way back that failed, so that another way may do, and not the image, the disk or the node itself? */
function mayExport(error: unknown): error is Failure {
  return (
    error instanceof Failure &&
    ['ssh.forwarding-refused', 'ssh.channel', 'engine.refused', 'engine.answer'].includes(error.problem.code)
  );
}
