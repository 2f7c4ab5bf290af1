import { lookup } from 'node:dns';
import { connect as connectTcp, type LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import { tcpTimeout, unreachable } from './connect-problems.ts';
import type { Peer } from './peer.ts';

export interface DialOptions extends Peer {
  readonly signal?: AbortSignal;
  readonly onResolved?: (addresses: readonly string[]) => void;
  readonly onConnected?: (address: string) => void;
}

/**
 * Opens a TCP connection without Nagle's delay, since requests are small and wait for their answers.
 * @throws Failure `ssh.unreachable` or `ssh.timeout`, and the reason of the signal
 */
export function dial(options: DialOptions, timeoutMs: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const { host, port, signal, onResolved, onConnected } = options;
    const reportLookup: LookupFunction = (name, lookupOptions, callback) =>
      lookup(name, lookupOptions, (error, result, family) => {
        if (!error) {
          const addresses = typeof result === 'string' ? [result] : result.map(({ address }) => address);
          onResolved?.(addresses);
        }
        callback(error, result, family);
      });
    // Node allows each address of a host 250 ms by default, which is too short for a host on another continent
    const socket = connectTcp({
      host,
      port,
      noDelay: true,
      autoSelectFamilyAttemptTimeout: 2_500,
      lookup: reportLookup,
    });
    const fail = (error: unknown) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(tcpTimeout(options, timeoutMs)), timeoutMs);
    const onAbort = () => fail(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (error) => fail(unreachable(options, error)));
    socket.once('close', () => signal?.removeEventListener('abort', onAbort));
    socket.once('connect', () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      onConnected?.(socket.remoteAddress ?? host);
      resolve(socket);
    });
  });
}
