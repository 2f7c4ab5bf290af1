import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';

/** A file of a tar. The size of a stream is in bytes. */
export type TarFile =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly size: number; readonly open: () => Readable };

/** A tar of files, each of which is opened when it is written. Fails with the error of a file. */
export function tarOf(files: Iterable<TarFile> | AsyncIterable<TarFile>): Readable {
  const tar = pack();
  const write = async (): Promise<void> => {
    for await (const file of files) {
      if ('text' in file) {
        tar.entry({ name: file.name }, file.text);
      } else {
        await pipeline(file.open(), tar.entry({ name: file.name, size: file.size }));
      }
    }
    tar.finalize();
  };
  write().catch((error: Error) => tar.destroy(error));
  return Readable.from(tar, { objectMode: false });
}
