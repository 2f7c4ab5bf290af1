import { lookup } from 'node:dns';
import { connect, type LookupFunction, type Socket } from 'node:net';

export interface DialTcpOptions {
  readonly host: string;
  readonly port: number;
  readonly signal?: AbortSignal | undefined;
  readonly onResolved?: ((addresses: readonly string[]) => void) | undefined;
  readonly onConnected?: ((address: string) => void) | undefined;
  /** The failure for an error of the network. */
  readonly unreachable: (error: Error) => Error;
  /** The failure where the host does not accept a connection in time. */
  readonly timeout: (timeoutMs: number) => Error;
}

/**
 * Opens a TCP connection without Nagle's delay, since requests are small and wait for their answers. Rejects with one of the
 * failures of the options or the reason of the signal.
 */
export function dialTcp(options: DialTcpOptions, timeoutMs: number): Promise<Socket> {
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
    const socket = connect({
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
    const timer = setTimeout(() => fail(options.timeout(timeoutMs)), timeoutMs);
    const onAbort = () => fail(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (error) => fail(options.unreachable(error)));
    socket.once('close', () => signal?.removeEventListener('abort', onAbort));
    socket.once('connect', () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      onConnected?.(socket.remoteAddress ?? host);
      resolve(socket);
    });
  });
}
