/** Commands on nodes give small answers; what one prints beyond this is read and dropped, in bytes. */
const maxOutputBytes = 1024 * 1024;

/** Reads all of a stream and keeps its beginning. The function that it returns gives what was kept so far, as UTF-8. */
export function keepOutput(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (bytes < maxOutputBytes) {
      chunks.push(chunk.subarray(0, maxOutputBytes - bytes));
      bytes += chunk.length;
    }
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
