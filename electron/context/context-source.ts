import type { Readable } from 'node:stream';
import type { StreamEdit } from './confined-links.ts';
import type { ContextEntry } from './walk.ts';

/** A file, folder or link of a context. A file's content is read with {@link ContextSource.open}. */
export type ContextFile = Pick<ContextEntry, 'path' | 'mode' | 'modifiedMs'> &
  (
    | { readonly kind: 'folder' }
    /** `size` in bytes. `offset` is where the content begins in the tar, `digest` one of the content in hex. */
    | { readonly kind: 'file'; readonly size: number; readonly offset: number; readonly digest: string }
    /** `target` is the content of a symlink, and the path of the first name of a hard link. */
    | { readonly kind: 'symlink' | 'hardlink'; readonly target: string }
  );

/** An entry of a tar: its headers, its content, and what fills it up to whole blocks. */
export interface TarEntry {
  readonly path: string;
  /** Where its first byte is in the tar. */
  readonly offset: number;
  /** In bytes, a multiple of 512. */
  readonly length: number;
  /** SHA-256 in hex. Entries of two tars that have the same digest and length have the same bytes. */
  readonly digest: string;
}

/** What a tar consists of, in its order and without gaps. Two empty blocks of 512 bytes follow the last entry. */
export interface TarLayout {
  readonly entries: readonly TarEntry[];
  /** The length of the whole tar, with the two empty blocks. */
  readonly bytes: number;
}

/** How a whole tar is digested, by Node's names. BLAKE2b is fast on processors without instructions for SHA-256. */
export const tarHashes = ['blake2b512', 'sha256'] as const;
export type TarHash = (typeof tarHashes)[number];

/** A tar in pieces, for an engine on whose node an earlier tar of the project lies. */
export interface PackedTar {
  /** Bytes that an engine gets before the tar. */
  readonly prefix?: Buffer;
  /** Resolves as soon as it is known whether the tar is at least that long. */
  reaches(bytes: number): Promise<boolean>;
  /** What the tar consists of. Resolves when everything is packed. */
  layout(): Promise<TarLayout>;
  /** The digest of the whole tar in hex, which is made from the first call on. Resolves some time after {@link layout}. */
  digest(hash: TarHash): Promise<string>;
  /** The bytes between two offsets, or from the first to the end of the tar. They count as read. */
  read(start: number, end?: number): Readable;
  /** What `confinesLinks` replaces, in the order of the tar. Complete when everything is packed. */
  readonly confinedLinks: readonly StreamEdit[];
}

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
  /** Missing for a context that can only be read as a whole. */
  readonly packed?: PackedTar;
  /** No file was read before this time, in milliseconds since 1970, unless it had not changed since. Missing if it is not known. */
  readonly readFromMs?: number;
}
