import type { Duplex } from 'node:stream';

/**
 * Lets what is written to a stream in one turn leave together. ssh2 writes a packet in three pieces, each of which would be
 * a segment on the line and would wake the server.
 */
export function joinWrites<T extends Duplex>(stream: T): T {
  const write: (chunk: unknown) => boolean = stream.write.bind(stream);
  let isJoining = false;
  const joined = (chunk: unknown): boolean => {
    if (!isJoining) {
      isJoining = true;
      stream.cork();
      process.nextTick(() => {
        isJoining = false;
        stream.uncork();
      });
    }
    return write(chunk);
  };
  return Object.assign(stream, { write: joined });
}
