import type { Readable } from 'node:stream';
import type { ContextEntry } from './walk.ts';

/** A file, folder or link of a context. A file's content is read with {@link ContextSource.open}. */
export type ContextFile = Pick<ContextEntry, 'path' | 'mode' | 'modifiedMs'> &
  (
    | { readonly kind: 'folder' }
    /** `size` in bytes. */
    | { readonly kind: 'file'; readonly size: number }
    /** `target` is the content of a symlink, and the path of the first name of a hard link. */
    | { readonly kind: 'symlink' | 'hardlink'; readonly target: string }
  );

/**
 * The files of a build, as a tar and one by one. Both have the same content: that at the time of packing. Everything can be
 * read several times, and while the context is still being packed. If packing fails, so does every read.
 */
export interface ContextSource {
  /** The whole context. With `confinesLinks`, no symlink has a relative target outside the context. */
  tar(options?: { readonly confinesLinks?: boolean }): Readable;
  /** What is in the context, in the order of the tar: parents before what is in them. */
  files(): AsyncIterable<ContextFile>;
  /** The content of a file, or of the file that a hard link names. Fails with `context.unreadable` for any other path. */
  open(path: string): Readable;
}
