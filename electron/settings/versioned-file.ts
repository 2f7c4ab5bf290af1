/** Files with a version: how older, newer and damaged ones are read. */
import { constants, copyFile } from 'node:fs/promises';
import { z } from 'zod';
import { errnoCode } from '../system/file-errors.ts';
import { describeJsonError } from './json-error.ts';

/** Each turns the content of a file of one version, its key, into that of the next. It throws what does not fit. */
export type Migrations = Readonly<
  Record<number, (content: Readonly<Record<string, unknown>>) => Record<string, unknown>>
>;

export interface VersionedSchema<T> {
  readonly version: number;
  /** Of the content in this version. */
  readonly schema: z.ZodType<T>;
  /** For every older version that was ever written. */
  readonly migrations?: Migrations | undefined;
}

export type VersionedContent<T> =
  /** `version` is that of the file, `unknown` what an older or a newer Barnraiser of the same version has put beside the fields of the schema. */
  | {
      readonly kind: 'valid';
      readonly value: T;
      readonly version: number;
      readonly unknown: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'newer'; readonly version: number }
  | { readonly kind: 'broken'; readonly reason: string; readonly error: unknown };

const headerSchema = z.looseObject({ version: z.number().int().min(1) });

/** Reads the text of a file, and migrates it in memory where it is older. */
export function readVersioned<T>(
  text: string,
  { version, schema, migrations = {} }: VersionedSchema<T>,
): VersionedContent<T> {
  let json: unknown;
  try {
    // editors on Windows may put a byte order mark at the start of the file
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    return { kind: 'broken', reason: describeJsonError(text, error), error };
  }
  const header = headerSchema.safeParse(json);
  if (!header.success) {
    return brokenBy(header.error);
  }
  const from = header.data.version;
  if (from > version) {
    return { kind: 'newer', version: from };
  }
  let content: Readonly<Record<string, unknown>> = header.data;
  try {
    for (let step = from; step < version; step += 1) {
      const migrate = migrations[step];
      if (!migrate) {
        throw new Error(`Version ${step} is not known.`);
      }
      content = migrate(content);
    }
  } catch (error) {
    return brokenBy(error);
  }
  const { version: _, ...fields } = content;
  const parsed = schema.safeParse(fields);
  if (!parsed.success) {
    return brokenBy(parsed.error);
  }
  const known = new Set(Object.keys(parsed.data as object));
  const unknown = Object.fromEntries(Object.entries(fields).filter(([key]) => !known.has(key)));
  return { kind: 'valid', value: parsed.data, version: from, unknown };
}

function brokenBy(error: unknown): { kind: 'broken'; reason: string; error: unknown } {
  const reason =
    error instanceof z.ZodError ? firstIssue(error) : error instanceof Error ? error.message : String(error);
  return { kind: 'broken', reason, error };
}

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  if (!issue) {
    return error.message;
  }
  return issue.path.length > 0 ? `${z.core.toDotPath(issue.path)}: ${issue.message}` : issue.message;
}

/** Where a file of an older version is kept when it is first written in a newer one. */
export function oldVersionPath(path: string, version: number): string {
  return `${path}.version-${version}`;
}

/** {@link keepOldVersion}, if what was read is older. Without a file of that path, there is nothing to keep. */
export async function keepIfOlder(
  path: string,
  read: VersionedContent<unknown> | undefined,
  version: number,
): Promise<void> {
  if (read?.kind === 'valid' && read.version < version) {
    await keepOldVersion(path, read.version);
  }
}

/**
 * Keeps a file as it is before it is written in a newer version, once: a later one of the same version does not replace it.
 * @throws what the file system says, other than that there is a copy already or nothing to copy
 */
export async function keepOldVersion(path: string, version: number): Promise<void> {
  await copyFile(path, oldVersionPath(path, version), constants.COPYFILE_EXCL).catch((error: unknown) => {
    if (errnoCode(error) !== 'EEXIST' && errnoCode(error) !== 'ENOENT') {
      throw error;
    }
  });
}
