import type { Duplex } from 'node:stream';
import ssh2, { type Client } from 'ssh2';
import { prepareAuthentication } from './authentication/authentication.ts';
import { ConnectAttempt } from './connect-attempt.ts';
import { type ConnectOptions, defaultTiming } from './connect-options.ts';
import { dial } from './dial.ts';

export interface ConnectedClient {
  readonly client: Client;
  /** What the client speaks over. */
  readonly stream: Duplex;
}

/**
 * Connects, verifies the host's key and signs in.
 * @throws Failure `ssh.unreachable`, `ssh.timeout`, `ssh.host-key-*`, `ssh.identity`, `ssh.authentication` or
 *   `ssh.cancelled`, and the reason of the signal
 */
export async function connectClient(options: ConnectOptions): Promise<ConnectedClient> {
  const timing = { ...defaultTiming, ...options.timing };
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const attempt = new ConnectAttempt(options, timing);
  const { askSecret } = attempt;
  const authentication = await prepareAuthentication({
    ...options,
    signal: attempt.signal,
    ...(askSecret ? { askSecret } : {}),
  });
  // reading the keys takes time
  signal?.throwIfAborted();
  const stream =
    options.stream ??
    (await dial(
      {
        ...options,
        onResolved: (addresses) => onProgress?.({ kind: 'resolved', addresses }),
        onConnected: (address) => onProgress?.({ kind: 'connected', address }),
      },
      timing.connectMs,
    ));
  const client = new ssh2.Client();
  await attempt.run(client, stream, authentication);
  return { client, stream };
}
