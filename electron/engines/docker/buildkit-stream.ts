import type { Duplex } from 'node:stream';
import { fail } from '../../../shared/problem.ts';
import { type EngineApi, requestTimeoutMs } from '../api/engine-api.ts';

/** The head of the response to the upgrade. In bytes. */
const maxHeadBytes = 16 * 1024;

const lineEnd = '\r\n';

/**
 * Opens a stream to the BuildKit in docker, which speaks HTTP/2 with prior knowledge after an upgrade.
 * @param timeoutMs how long docker may take to answer, once there is a connection
 * @throws Failure of the connection, and `engine.refused` if docker does not upgrade
 */
export async function openBuildKitStream(
  docker: EngineApi,
  signal: AbortSignal,
  timeoutMs = requestTimeoutMs,
): Promise<Duplex> {
  const action = 'open a connection to its BuildKit';
  let stream: Duplex | undefined;
  try {
    stream = await docker.transport.dial(signal);
    stream.write(
      [
        `POST ${docker.prefix}grpc HTTP/1.1`,
        'Host: docker',
        'Connection: Upgrade',
        'Upgrade: h2c',
        'Content-Length: 0',
        '',
        '',
      ].join(lineEnd),
    );
    const head = await readHead(stream, AbortSignal.any([signal, timeoutOf(docker, timeoutMs)]));
    if (!/^HTTP\/1\.1 101 /.test(head)) {
      throw docker.refusedProblem(action, head.split(lineEnd, 1)[0] ?? '');
    }
    return stream;
  } catch (error) {
    stream?.destroy();
    throw docker.toFailure(error, action, signal);
  }
}

/** Aborts with a `Failure` when the time is over. */
function timeoutOf({ node }: EngineApi, timeoutMs: number): AbortSignal {
  const controller = new AbortController();
  const problem = fail(
    'engine.unreachable',
    `Node ${node}: docker did not open a connection to its BuildKit within ${timeoutMs / 1000} s.`,
    'The machine may be overloaded or docker stuck. Check the machine, then try again.',
  );
  setTimeout(() => controller.abort(problem), timeoutMs).unref();
  return controller.signal;
}

/** Reads the head of a response. What follows it goes back into the stream. */
async function readHead(stream: Duplex, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    let read: Buffer = Buffer.alloc(0);
    const onReadable = (): void => {
      for (let chunk: Buffer | null = stream.read(); chunk; chunk = stream.read()) {
        read = Buffer.concat([read, chunk]);
        const end = read.indexOf(lineEnd + lineEnd);
        if (end >= 0) {
          stop();
          const rest = read.subarray(end + 4);
          if (rest.length > 0) {
            stream.unshift(rest);
          }
          resolve(read.subarray(0, end).toString('latin1'));
          return;
        }
        if (read.length > maxHeadBytes) {
          fail(new Error('The head of the response is too long.'));
          return;
        }
      }
    };
    const fail = (error: unknown): void => {
      stop();
      reject(error);
    };
    const onEnd = (): void => fail(new Error('The stream ended.'));
    const onAbort = (): void => fail(signal.reason);
    const stop = (): void => {
      stream.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', fail);
      signal.removeEventListener('abort', onAbort);
    };
    stream.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', fail);
    signal.addEventListener('abort', onAbort);
  });
}
