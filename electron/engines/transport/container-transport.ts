import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import type { ContainerDestination } from '../../../shared/connection.ts';
import { type Failure, fail } from '../../../shared/problem.ts';
import { sanitizeText } from '../../../shared/untrusted-text.ts';
import { EngineApi, firstLine } from '../api/engine-api.ts';
import { bridgeProgram, openBridgeTransport } from './bridge-transport.ts';
import { ExecStream } from './exec-stream.ts';
import type { Transport } from './transport.ts';

export interface ContainerTransportOptions {
  readonly name: string;
  readonly destination: Pick<ContainerDestination, 'engine' | 'container'>;
  /** Leads to the engine that runs the container. It is closed with the transport. */
  readonly host: Transport;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a transport to a BuildKit daemon in a container, through the API of the engine that runs the container: nothing but that
 * engine is needed on its machine.
 * @throws Failure `container.missing` if there is no such container or it does not run, `container.exec` if `buildctl` cannot
 *   be run in it
 */
export function openContainerTransport({
  name,
  destination,
  host,
  signal,
}: ContainerTransportOptions): Promise<Transport> {
  const { engine, container } = destination;
  // podman has docker's API, too
  const api = new EngineApi(host, engine, '/');
  return openBridgeTransport({
    name,
    address: `${engine}-container://${container}`,
    how: `in a container of ${engine}`,
    connect: () => startBridge(api, destination),
    lost: host.lost,
    idleSince: () => host.idleSince(),
    checkAlive: (timeoutMs) => host.checkAlive(timeoutMs),
    close: () => host.close(),
    signal,
  });
}

const execSchema = z.object({ Id: z.string().regex(/^[0-9a-f]{1,128}$/) });
const execStateSchema = z.object({ ExitCode: z.number().nullish() });

/** Runs the bridge in the container and resolves with its standard streams. */
async function startBridge(api: EngineApi, destination: ContainerTransportOptions['destination']): Promise<Duplex> {
  const { engine, container } = destination;
  const action = `run a program in the container ${container}`;
  const created = await api.send(action, {
    method: 'POST',
    path: `containers/${encodeURIComponent(container)}/exec`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: false, Cmd: bridgeProgram }),
    timeoutMs: 60_000,
  });
  if (created.status === 404 || created.status === 409) {
    throw notRunning(api.node, destination, created.status, await api.readErrorMessage(created));
  }
  if (created.status !== 201) {
    throw api.refusedProblem(action, await api.readErrorMessage(created));
  }
  const { Id: id } = api.parse(action, execSchema, await api.readText(action, created.body));
  const carrier = await startExec(api, action, id);
  return new ExecStream(carrier, async (written) => {
    const state = await api.requestJson(action, execStateSchema, { method: 'GET', path: `exec/${id}/json` });
    // 0 is the end of a daemon that was stopped, which the user of the stream finds out
    if (state.ExitCode) {
      throw bridgeFailed(api.node, engine, container, state.ExitCode, written);
    }
  });
}

/** Starts a program and takes over its connection, which carries its standard streams from then on. */
async function startExec(api: EngineApi, action: string, id: string): Promise<Duplex> {
  const stream = await api.transport.dial();
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ Detach: false, Tty: false });
    const request = httpRequest({
      createConnection: () => stream,
      host: 'engine',
      method: 'POST',
      path: `/exec/${id}/start`,
      headers: {
        connection: 'Upgrade',
        upgrade: 'tcp',
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      },
    });
    const stop = (error: unknown): void => {
      stream.destroy();
      reject(error);
    };
    request.on('error', (error) => stop(api.toFailure(error, action)));
    request.once('response', (response: IncomingMessage) => {
      const answer = { status: response.statusCode ?? 0, headers: response.headers, body: response };
      api.readErrorMessage(answer).then((message) => stop(api.refusedProblem(action, message)), stop);
    });
    request.once('upgrade', (_response: IncomingMessage, upgraded: Duplex, head: Buffer) => {
      if (head.length > 0) {
        upgraded.unshift(head);
      }
      resolve(upgraded);
    });
    request.end(body);
  });
}

function notRunning(
  node: string,
  { engine, container }: ContainerTransportOptions['destination'],
  status: number,
  message: string,
): Failure {
  return status === 404
    ? fail(
        'container.missing',
        `Node ${node}: ${engine} has no container ${container}.`,
        `Check its name: \`${engine} ps --all\` lists the containers on the machine of ${engine}.`,
        message,
      )
    : fail(
        'container.missing',
        `Node ${node}: the container ${container} does not run.`,
        `Start it on the machine of ${engine}: \`${engine} start ${container}\`.`,
        message,
      );
}

/** Exit codes of shells and container runtimes for a program that is not there or cannot be run. */
const noProgramCodes: ReadonlySet<number> = new Set([126, 127]);

function bridgeFailed(node: string, engine: string, container: string, code: number, written: string): Failure {
  const detail = sanitizeText(written).trim();
  const program = bridgeProgram.join(' ');
  return noProgramCodes.has(code)
    ? fail(
        'container.exec',
        `Node ${node}: the container ${container} has no program ${bridgeProgram[0]}, so it does not look like BuildKit.`,
        'Use a container of the image moby/buildkit, or one with buildctl in its PATH.',
        detail,
      )
    : fail(
        'container.exec',
        `Node ${node}: \`${program}\` in the container ${container} ended with exit code ${code}${detail === '' ? '' : `: ${firstLine(detail)}`}.`,
        `Check that buildkitd runs in it: \`${engine} logs ${container}\` on the machine of ${engine}.`,
        detail,
      );
}
