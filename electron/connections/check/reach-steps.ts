/** The steps of a check that lead to an engine by other ways than SSH and local sockets. */

import { execFile } from 'node:child_process';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { type ConnectionOptions, isLoopback, type PodDestination, usesTls } from '../../../shared/connection.ts';
import { engineNames } from '../../../shared/node.ts';
import { Failure, fail, problemOf } from '../../../shared/problem.ts';
import { sanitizeLine } from '../../../shared/untrusted-text.ts';
import { wordOf } from '../../../shared/words.ts';
import { openEngine } from '../../engines/open-engine.ts';
import { openContainerTransport } from '../../engines/transport/container-transport.ts';
import type { DialProgress } from '../../engines/transport/dial-engine.ts';
import { kubectlUnusable, openPodTransport } from '../../engines/transport/pod-transport.ts';
import { unencryptedProblem } from '../../engines/transport/tcp-problems.ts';
import { openTcpTransport, type TcpTransportOptions } from '../../engines/transport/tcp-transport.ts';
import { isKeyExposed } from '../../engines/transport/tls-files.ts';
import type { Transport } from '../../engines/transport/transport.ts';
import type { CheckReport } from './check-report.ts';
import { fixesNamedIn } from './suggested-fixes.ts';

export const tcpStages = ['name', 'port', 'tls', 'client-certificate'] as const;
export const containerStages = ['container-engine', 'container'] as const;
export const podStages = ['kubectl', 'pod'] as const;

/** How many of a host's addresses a finding shows. */
const maxShownAddresses = 3;

/** Opens a transport over TCP, and reports each step. @throws Failure as {@link openTcpTransport} */
export async function openCheckedTcp(
  options: Omit<TcpTransportOptions, 'onProgress'>,
  connection: ConnectionOptions,
  report: CheckReport,
): Promise<Transport> {
  const { name, destination } = options;
  report.start({ stage: 'name' });
  if (isIP(destination.host) !== 0) {
    report.pass({ stage: 'name' }, 'IP address');
    report.start({ stage: 'port' });
  }
  let transport: Transport;
  try {
    transport = await openTcpTransport({
      ...options,
      onProgress: (progress) => reportProgress(progress, options, report),
    });
  } catch (error) {
    const { code } = problemOf(error);
    if (code === 'tls.client-certificate' && report.runningStep?.stage === 'tls') {
      // with TLS 1.2, the server says so within the handshake, after it has shown its own certificate
      report.pass({ stage: 'tls' });
      report.start({ stage: 'client-certificate' });
    } else if (code === 'tls.files' || code === 'tcp.unencrypted') {
      const problem = problemOf(error);
      report.fail(
        { stage: code === 'tls.files' ? 'client-certificate' : 'tls' },
        { problem, fixes: fixesNamedIn(problem) },
      );
    }
    throw error;
  }
  const step = { stage: 'client-certificate' } as const;
  const { tlsCert, tlsKey } = connection;
  if (tlsKey && (await isKeyExposed(tlsKey))) {
    const { problem } = fail(
      'tls.files',
      `Connection ${name}: other users of this computer can read the private key ${tlsKey}.`,
      `Make it readable only for you: \`chmod 600 ${tlsKey}\`.`,
    );
    report.warn(step, { finding: tlsCert ?? '', problem, fixes: fixesNamedIn(problem) });
  } else {
    report.pass(step, tlsCert ? `${tlsCert}, accepted` : wordOf('none'));
  }
  if (!usesTls(connection) && !isLoopback(destination.host)) {
    const { problem } = unencryptedProblem({ name, ...destination });
    report.warn({ stage: 'tls' }, { finding: 'none', problem });
  }
  return transport;
}

function reportProgress(
  progress: DialProgress,
  { destination, ...connection }: Omit<TcpTransportOptions, 'onProgress'>,
  report: CheckReport,
): void {
  switch (progress.kind) {
    case 'resolved':
      report.pass({ stage: 'name' }, shownAddresses(progress.addresses));
      report.start({ stage: 'port' });
      return;
    case 'connected':
      report.pass({ stage: 'port' }, `${progress.address}, port ${destination.port}`);
      report.start({ stage: 'tls' });
      if (!usesTls(connection)) {
        report.pass({ stage: 'tls' }, 'none');
        report.start({ stage: 'client-certificate' });
      }
      return;
    case 'secured':
      report.pass(
        { stage: 'tls' },
        [progress.protocol, sanitizeLine(progress.subject, 100)].filter(Boolean).join(', '),
      );
      report.start({ stage: 'client-certificate' });
      return;
  }
}

function shownAddresses(addresses: readonly string[]): string {
  const rest = addresses.length - maxShownAddresses;
  return addresses.slice(0, maxShownAddresses).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/**
 * Opens a transport to BuildKit in a container, and reports whether its engine and the container can be used.
 * @param host leads to the engine; it is closed with the transport
 */
export async function openCheckedContainer(
  options: Parameters<typeof openContainerTransport>[0],
  report: CheckReport,
): Promise<Transport> {
  const { host, destination } = options;
  try {
    report.start({ stage: 'container-engine' });
    const engine = await openEngine(host);
    report.pass({ stage: 'container-engine' }, `${engineNames[engine.kind]} at ${host.socketPath}`);
    report.start({ stage: 'container' });
  } catch (error) {
    await host.close();
    throw error;
  }
  const transport = await openContainerTransport(options);
  report.pass({ stage: 'container' }, `${destination.container}, running`);
  return transport;
}

/** Opens a transport to BuildKit in a pod, and reports whether kubectl and the pod can be used. */
export async function openCheckedPod(
  options: { readonly name: string; readonly destination: PodDestination; readonly signal: AbortSignal },
  report: CheckReport,
): Promise<Transport> {
  const { name, destination, signal } = options;
  report.start({ stage: 'kubectl' });
  report.pass({ stage: 'kubectl' }, await readKubectlVersion(name, signal));
  report.start({ stage: 'pod' });
  const transport = await openPodTransport(options);
  report.pass({ stage: 'pod' }, `${destination.pod}, running`);
  return transport;
}

const run = promisify(execFile);

/** Milliseconds. It contacts no cluster. */
const versionTimeoutMs = 20_000;

/** @throws Failure `pod.kubectl` */
async function readKubectlVersion(name: string, signal: AbortSignal): Promise<string> {
  try {
    const { stdout } = await run('kubectl', ['version', '--client'], { signal, timeout: versionTimeoutMs });
    return sanitizeLine(stdout.split('\n')[0] ?? '', 100);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof Failure || !(error instanceof Error) ? error : kubectlUnusable(name, error);
  }
}
