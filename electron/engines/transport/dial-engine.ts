import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls';
import { dialTcp } from '../../system/dial-tcp.ts';
import { type TcpPeer, tcpConnectTimeout, tcpUnreachable, tlsProblem, tlsTimeout } from './tcp-problems.ts';

/** A stage of a connection that has succeeded. */
export type DialProgress =
  | { readonly kind: 'resolved'; readonly addresses: readonly string[] }
  | { readonly kind: 'connected'; readonly address: string }
  /** `subject` is the name in the certificate of the server, `protocol` is such as `TLSv1.3`. */
  | { readonly kind: 'secured'; readonly protocol: string; readonly subject: string };

export interface DialEngineOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the TCP connection, and again for the TLS handshake. */
  readonly timeoutMs: number;
  /**
   * The protocols that the server may choose from. gRPC servers insist on `h2`; a server of HTTP that knows both takes `h2` if
   * it may.
   */
  readonly protocols: readonly string[];
  readonly onProgress?: ((progress: DialProgress) => void) | undefined;
}

/**
 * Opens a connection to an engine, with TLS if the peer has it.
 * @throws Failure `tcp.*`, `tls.*`, and the reason of the signal
 */
export async function dialEngine(peer: TcpPeer, options: DialEngineOptions): Promise<Socket> {
  const { signal, timeoutMs, onProgress } = options;
  const socket = await dialTcp(
    {
      host: peer.host,
      port: peer.port,
      signal,
      onResolved: (addresses) => onProgress?.({ kind: 'resolved', addresses }),
      onConnected: (address) => onProgress?.({ kind: 'connected', address }),
      unreachable: (error) => tcpUnreachable(peer, error),
      timeout: (limitMs) => tcpConnectTimeout(peer, limitMs),
    },
    timeoutMs,
  );
  return peer.tls ? secure(peer, socket, options) : socket;
}

function secure(peer: TcpPeer, socket: Socket, options: DialEngineOptions): Promise<TLSSocket> {
  const { signal, timeoutMs, protocols, onProgress } = options;
  const { tls } = peer;
  // a zone is a matter of this computer, and no part of a certificate
  const name = tls?.serverName ?? peer.host.replace(/%.*$/, '');
  return new Promise((resolve, reject) => {
    const secured = connectTls({
      socket,
      secureContext: tls?.context,
      ALPNProtocols: [...protocols],
      checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
      // an address cannot be a server name (RFC 6066)
      ...(isIP(name) ? {} : { servername: name }),
    });
    const stop = (error: unknown): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      secured.destroy();
      reject(error);
    };
    const timer = setTimeout(() => stop(tlsTimeout(peer, timeoutMs)), timeoutMs);
    const onAbort = (): void => stop(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    secured.on('error', (error) => stop(tlsProblem(peer, error) ?? tcpUnreachable(peer, error)));
    secured.once('secureConnect', () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      const subject = secured.getPeerCertificate().subject?.CN;
      onProgress?.({ kind: 'secured', protocol: secured.getProtocol() ?? 'TLS', subject: String(subject ?? '') });
      resolve(secured);
    });
  });
}
