import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { type Failure, fail } from '../../shared/problem.ts';
import { errnoCode, isMissingPath } from '../system/file-errors.ts';
import type { Credentials } from './credential-source.ts';

const entrySchema = z.object({
  auth: z.string().optional(),
  identitytoken: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
});
export type CredentialEntry = z.infer<typeof entrySchema>;

const fileSchema = z.object({
  auths: z.record(z.string(), entrySchema).nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
  credsStore: z.string().optional(),
});
export type CredentialFile = z.infer<typeof fileSchema>;

/**
 * Reads podman's auth.json or docker's config.json. Undefined if the file does not exist or is empty.
 * @throws Failure `registry.credentials`. Its message never quotes the file, which holds passwords.
 */
export async function readCredentialFile(path: string): Promise<CredentialFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissingPath(error)) {
      return undefined;
    }
    throw invalidFileFailure(path, `cannot be read (${errnoCode(error)})`);
  }
  if (text.trim() === '') {
    return undefined;
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // the message of the parser quotes the file
    throw invalidFileFailure(path, 'is not valid JSON');
  }
  const file = fileSchema.safeParse(content);
  if (!file.success) {
    const field = file.error.issues[0]?.path.join('.');
    throw invalidFileFailure(path, `has an unexpected value${field ? ` at "${field}"` : ''}`);
  }
  return file.data;
}

/**
 * The credentials of an entry. Undefined for `{}`, which docker writes for a login in its credential store.
 * @throws Failure `registry.credentials`
 */
export function parseCredentialEntry(entry: CredentialEntry | undefined, path: string): Credentials | undefined {
  if (!entry) {
    return undefined;
  }
  const source = `from ${path}`;
  if (entry.identitytoken) {
    return { identityToken: entry.identitytoken, source };
  }
  if (entry.username && entry.password) {
    return { username: entry.username, password: entry.password, source };
  }
  if (!entry.auth) {
    return undefined;
  }
  const text = Buffer.from(entry.auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) {
    throw invalidFileFailure(path, 'has an "auth" that is not base64 of user:password');
  }
  // docker pads some passwords with NUL characters
  return createCredentials(text.slice(0, colon), text.slice(colon + 1).replace(/^\0+|\0+$/g, ''), source);
}

/** The user name `<token>` marks an identity token. */
export function createCredentials(username: string, secret: string, source: string): Credentials {
  return username === '<token>' ? { identityToken: secret, source } : { username, password: secret, source };
}

/** @param what what is wrong with the file, as the predicate of a sentence. */
function invalidFileFailure(path: string, what: string): Failure {
  return fail(
    'registry.credentials',
    `The credential file ${path} ${what}.`,
    'Repair it or move it away, then log in again with `podman login` or `docker login`.',
  );
}
