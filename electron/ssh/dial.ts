import { lookup } from 'node:dns';
import { connect as connectTcp, type LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import { noTcp, type Peer, unreachable } from './connect-problems.ts';

export interface DialOptions extends Peer {
  readonly signal?: AbortSignal;
  readonly onResolved?: (addresses: readonly string[]) => void;
  readonly onConnected?: (address: string) => void;
}

/**
 * A TCP connection, without Nagle's delay: requests are small and wait for their answers. Fails with `ssh.unreachable` or
 * `ssh.timeout`, and with the reason of the signal.
 */
export function dial(options: DialOptions, milliseconds: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const { host, port, signal, onResolved, onConnected } = options;
    const lookUp: LookupFunction = (name, how, callback) =>
      lookup(name, how, (error, found, family) => {
        if (!error) {
          const addresses = typeof found === 'string' ? [found] : found.map(({ address }) => address);
          onResolved?.(addresses);
        }
        callback(error, found, family);
      });
    // Node gives each address of a host 250 ms by default, too little for the other side of the world
    const socket = connectTcp({ host, port, noDelay: true, autoSelectFamilyAttemptTimeout: 2_500, lookup: lookUp });
    const give = (error: unknown) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => give(noTcp(options, milliseconds / 1000)), milliseconds);
    const onAbort = () => give(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (error) => give(unreachable(options, error)));
    socket.once('close', () => signal?.removeEventListener('abort', onAbort));
    socket.once('connect', () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      onConnected?.(socket.remoteAddress ?? host);
      resolve(socket);
    });
  });
}
