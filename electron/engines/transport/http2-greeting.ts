import type { Duplex } from 'node:stream';
import { sanitizeText } from '../../../shared/untrusted-text.ts';

/** The preface of a client and its empty SETTINGS frame. Source: RFC 9113, 3.4 and 6.5. */
const greeting = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

/** The length of a frame's header, and the type of a SETTINGS frame in its fourth byte. */
const headerBytes = 9;
const settingsType = 4;

/** How much of another answer is kept. */
const maxAnswerBytes = 4 * 1024;

/**
 * Finds out whether a stream leads to a server of HTTP/2, as every gRPC server is: it answers a greeting with its settings. The
 * stream is of no more use then, and is destroyed. Rejects with the error of the stream or the reason of the signal.
 * @returns undefined if it is one, or what it has sent in place of its settings, which may be empty
 */
export function findHttp2(stream: Duplex, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    const finish = (settle: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      stream.off('data', onData).off('end', onEnd).off('close', onEnd);
      settle();
      stream.destroy();
    };
    const isSettings = (): boolean => answer.length >= headerBytes && answer[3] === settingsType && answer[0] === 0;
    const onData = (chunk: Buffer): void => {
      answer = Buffer.concat([answer, chunk.subarray(0, maxAnswerBytes - answer.length)]);
      if (isSettings()) {
        finish(() => resolve(undefined));
      }
    };
    const onEnd = (): void => finish(() => resolve(sanitizeText(answer.toString('utf8'))));
    const onAbort = (): void => finish(() => reject(signal.reason));
    stream.on('error', (error) => finish(() => reject(error)));
    stream.on('data', onData).on('end', onEnd).on('close', onEnd);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) {
      onAbort();
    } else {
      stream.write(greeting);
    }
  });
}
