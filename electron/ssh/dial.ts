import type { Duplex } from 'node:stream';
import { dialTcp } from '../system/dial-tcp.ts';
import { tcpTimeout, unreachable } from './connect-problems.ts';
import type { Peer } from './peer.ts';

export interface DialOptions extends Peer {
  readonly signal?: AbortSignal;
  readonly onResolved?: (addresses: readonly string[]) => void;
  readonly onConnected?: (address: string) => void;
}

/**
 * Opens a TCP connection to an SSH server.
 * @throws Failure `ssh.unreachable` or `ssh.timeout`, and the reason of the signal
 */
export function dial(options: DialOptions, timeoutMs: number): Promise<Duplex> {
  const failures = {
    unreachable: (error: Error) => unreachable(options, error),
    timeout: (limitMs: number) => tcpTimeout(options, limitMs),
  };
  return dialTcp({ ...options, ...failures }, timeoutMs);
}
