import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Header, pack } from 'tar-stream';

/** A file of a tar, or with a header anything that a tar holds. The size of a stream is in bytes. */
export type TarFile =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly size: number; readonly open: () => Readable; readonly header?: Partial<Header> }
  /** A folder, a link or a device. */
  | { readonly name: string; readonly header: Partial<Header> };

/** A tar of files, each of which is opened when it is written. The same files give the same tar. Fails with the error of a file. */
export function tarOf(files: Iterable<TarFile> | AsyncIterable<TarFile>): Readable {
  const tar = pack();
  const mtime = new Date(0);
  const write = async (): Promise<void> => {
    for await (const file of files) {
      if ('text' in file) {
        tar.entry({ mtime, name: file.name }, file.text);
      } else if ('open' in file) {
        await pipeline(file.open(), tar.entry({ mtime, ...file.header, name: file.name, size: file.size }));
      } else {
        tar.entry({ mtime, ...file.header, name: file.name });
        // what reads the tar takes what is there
        await nextTurn();
      }
    }
    tar.finalize();
  };
  write().catch((error: Error) => tar.destroy(error));
  return Readable.from(tar, { objectMode: false });
}
