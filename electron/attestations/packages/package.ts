import type { Package } from '../../../shared/packages.ts';
import { sanitizeLine } from '../../../shared/untrusted-text.ts';

/** What one file of an image says of packages. */
export interface Found {
  readonly packages: readonly Package[];
  /** The fields of `os-release`. */
  readonly system?: Readonly<Record<string, string>> | undefined;
  /** Of the Debian package whose folder of documents the file is in. */
  readonly licence?: string | undefined;
  /** Why the file could not be read. */
  readonly problem?: string | undefined;
}

/** The text of a field, which anyone may have written. */
export function fieldText(text: unknown, maxLength = 300): string | undefined {
  return typeof text === 'string' ? sanitizeLine(text, maxLength) || undefined : undefined;
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** An object without the fields that are undefined. */
export function withoutMissing<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
