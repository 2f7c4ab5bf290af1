/** Commands on nodes print little. Output beyond this many bytes is read and dropped. */
const maxOutputBytes = 1024 * 1024;

/**
 * Reads a stream to its end and keeps the beginning. The function that it returns gives what is kept so far, as UTF-8.
 *
 * @param select returns the part of a chunk that is kept
 */
export function keepOutput(stream: NodeJS.ReadableStream, select = (chunk: Buffer): Buffer => chunk): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (data: Buffer) => {
    const chunk = select(data);
    if (bytes < maxOutputBytes) {
      chunks.push(chunk.subarray(0, maxOutputBytes - bytes));
      bytes += chunk.length;
    }
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
