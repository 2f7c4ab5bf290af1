/** The failures of TCP and TLS connections to an engine. */
import { type Failure, fail } from '../../../shared/problem.ts';
import { sanitizeLine } from '../../../shared/untrusted-text.ts';
import { unreachableReasons } from '../../ssh/connect-problems.ts';
import {
  certificateReasons,
  isClientCertificateError,
  isHandshakeDrop,
  isTlsError,
  networkErrorCode,
} from '../../system/tls-errors.ts';
import type { TlsMaterial } from './tls-files.ts';

/** The engine at the other end. */
export interface TcpPeer {
  /** The connection's name. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsMaterial | undefined;
}

export function formatTcpAddress({ host, port }: Pick<TcpPeer, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What is different from a connection over SSH. */
const engineReasons: typeof unreachableReasons = {
  ECONNREFUSED: [
    'refused the connection',
    'Check that the engine is running and listens on this port: docker with `--host tcp://…`, BuildKit with `--addr tcp://…`.',
  ],
  ECONNRESET: [
    'closed the connection',
    'Check that the engine is running, and that it expects TLS only if you use it.',
  ],
};

export function tcpUnreachable(peer: TcpPeer, error: Error): Failure {
  const code = networkErrorCode(error);
  const [what, fix] = engineReasons[code] ??
    unreachableReasons[code] ?? ['could not be reached', 'Check the host and port.'];
  return fail(
    'tcp.unreachable',
    `Node ${peer.name}: ${formatTcpAddress(peer)} ${what}.`,
    fix,
    error.message || code,
    error,
  );
}

export function tcpConnectTimeout(peer: TcpPeer, timeoutMs: number): Failure {
  return fail(
    'tcp.timeout',
    `Node ${peer.name}: ${formatTcpAddress(peer)} did not accept a TCP connection within ${timeoutMs / 1000} s.`,
    'Check that the machine is switched on and that no firewall blocks the port.',
  );
}

export function tlsTimeout(peer: TcpPeer, timeoutMs: number): Failure {
  return fail(
    'tcp.timeout',
    `Node ${peer.name}: ${formatTcpAddress(peer)} accepted the TCP connection but did not complete the TLS handshake within ${timeoutMs / 1000} s.`,
    'Check that an engine with TLS listens on this port and that the machine is not overloaded.',
  );
}

export function tcpLost({ name }: Pick<TcpPeer, 'name'>, detail: string): Failure {
  return fail(
    'tcp.lost',
    `Node ${name}: the connection was lost.`,
    'Check the network and that the machine is running.',
    detail,
  );
}

export function unencryptedProblem(peer: TcpPeer): Failure {
  return fail(
    'tcp.unencrypted',
    `Node ${peer.name}: the connection to ${formatTcpAddress(peer)} has no TLS, so everybody on its network can read your files and use the engine, which is root on its machine.`,
    'Set up mutual TLS and choose the certificate authority, the client certificate and its key in the connection, or connect over SSH. Only in a network that you trust, allow the connection without encryption.',
  );
}

/** Why a connection broke, if TLS or the server's idea of TLS is the reason. */
export function tlsProblem(peer: TcpPeer, error: unknown): Failure | undefined {
  const { tls } = peer;
  const code = networkErrorCode(error);
  if (!tls) {
    return undefined;
  }
  if (code in certificateReasons) {
    return certificateProblem(peer, tls, code, error);
  }
  // with TLS 1.2, OpenSSL says no more than this if there is no client certificate
  if (isClientCertificateError(code) || (!tls.certificate && /HANDSHAKE_FAILURE$/.test(code))) {
    return clientCertificateProblem(peer, tls, code, error);
  }
  if (!isTlsError(error) && !isHandshakeDrop(error)) {
    return undefined;
  }
  const isPlain =
    isHandshakeDrop(error) || /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNEXPECTED_MESSAGE/.test(code);
  return fail(
    'tls.handshake',
    `Node ${peer.name}: ${formatTcpAddress(peer)} ${isPlain ? 'does not speak TLS' : 'could not agree on a TLS connection'}.`,
    isPlain
      ? 'Check the port: docker with TLS usually listens on 2376. If the engine is meant to have no TLS, remove the TLS files from the connection.'
      : 'Check that the engine supports TLS 1.2 or newer.',
    error instanceof Error ? `${code}: ${error.message}` : code,
    error,
  );
}

/** The server speaks TLS, and the connection has none. */
export function tlsExpectedProblem(peer: TcpPeer): Failure {
  return fail(
    'tls.handshake',
    `Node ${peer.name}: ${formatTcpAddress(peer)} expects TLS, but the connection has none.`,
    'Choose the certificate authority of the engine in the connection, and a client certificate with its key if it wants one.',
  );
}

/** The server answers neither HTTP/1.1 nor HTTP/2. @param answer what it has said, which may be empty */
export function noEngineProblem(peer: TcpPeer, answer: string): Failure {
  return fail(
    'engine.answer',
    `Node ${peer.name}: what listens at ${formatTcpAddress(peer)} is neither docker or podman nor BuildKit${answer === '' ? ': it closed the connection without an answer' : ''}.`,
    peer.tls
      ? 'Check the port, and that the engine accepts the client certificate.'
      : 'Check the port. If the engine expects TLS, choose its certificate authority and a client certificate in the connection.',
    answer,
  );
}

function certificateProblem(peer: TcpPeer, tls: TlsMaterial, code: string, error: unknown): Failure {
  return fail(
    'tls.certificate',
    `Node ${peer.name}: the certificate of ${formatTcpAddress(peer)} is not trusted: ${certificateReasons[code]}.`,
    certificateFix(peer, tls, code),
    certificateDetail(code, error),
    error,
  );
}

function certificateDetail(code: string, error: unknown): string {
  const message = error instanceof Error ? error.message : code;
  const names = error instanceof Error && 'cert' in error ? field(error.cert, 'subjectaltname') : undefined;
  return sanitizeLine(`${message}${typeof names === 'string' ? ` The certificate is for ${names}.` : ''}`, 1_000);
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}

function certificateFix({ host }: TcpPeer, { options, serverName = host }: TlsMaterial, code: string): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return 'Renew the certificate of the engine, and check the clocks of both machines.';
    case 'CERT_NOT_YET_VALID':
      return 'Check the clocks of this computer and of the node.';
    case 'CERT_REVOKED':
      return 'Do not use this engine until it has a new certificate. A revoked key may have been stolen.';
    case 'INVALID_PURPOSE':
      return 'Make a certificate for servers for the engine: with the extended key usage serverAuth.';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `Connect by a name that the certificate has, set that name as the server name of the connection, or make a certificate for ${serverName}.`;
    default:
      return options.tlsCa
        ? `The connection trusts only ${options.tlsCa}. Choose the certificate authority that signed the certificate of the engine (ca.pem).`
        : 'Choose the certificate authority that signed the certificate of the engine (ca.pem) in the connection.';
  }
}

function clientCertificateProblem(
  peer: TcpPeer,
  { certificate, options }: TlsMaterial,
  code: string,
  error: unknown,
): Failure {
  const address = formatTcpAddress(peer);
  if (!certificate) {
    return fail(
      'tls.client-certificate',
      `Node ${peer.name}: ${address} requires a client certificate, and the connection has none.`,
      'Choose a client certificate and its key in the connection: one that the certificate authority of the engine has signed (cert.pem and key.pem).',
      code,
      error,
    );
  }
  const now = Date.now();
  const isExpired = Date.parse(certificate.validTo) < now;
  const isEarly = Date.parse(certificate.validFrom) > now;
  const validity = isExpired ? `, which expired on ${certificate.validTo}` : isEarly ? ', which is not valid yet' : '';
  return fail(
    'tls.client-certificate',
    `Node ${peer.name}: ${address} refused the client certificate ${options.tlsCert}${validity}.`,
    isExpired
      ? 'Make a new client certificate.'
      : 'Choose a certificate that is for clients (extended key usage clientAuth) and that an authority which the engine trusts has signed.',
    code,
    error,
  );
}

/** A node that is reached in a way that runs no commands on its machine. @param how `over TCP` */
export function noShellProblem(name: string, how: string): Failure {
  return fail(
    'ssh.shell',
    `Node ${name} is reached ${how}, which runs no commands on its machine.`,
    'Connect over SSH for what needs commands.',
  );
}

/** @param how `over TCP` */
export function noForwardingProblem(name: string, how: string): Failure {
  return fail(
    'ssh.forwarding-refused',
    `Node ${name} is reached ${how}, which forwards no ports.`,
    'Connect over SSH, so that only changed layers are transferred.',
  );
}
