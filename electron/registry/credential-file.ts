import { readFile } from 'node:fs/promises';
import { type Failure, fail } from '../../shared/problem.ts';
import { errnoCode, isMissingPath } from '../system/file-errors.ts';
import { type Fields, fieldOf, objectOf, textOf } from '../system/lenient-json.ts';
import type { Credentials } from './credential-source.ts';

export interface CredentialFile {
  /** Logins by the registry or a path in it, as they were written. */
  readonly auths: Fields;
  /** The names of helpers, by the registry or a path in it. */
  readonly credHelpers: Fields;
  readonly credsStore: string | undefined;
}

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
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw invalidFileFailure(path, 'is not a JSON object');
  }
  return {
    auths: objectOf(content, 'auths'),
    credHelpers: objectOf(content, 'credHelpers'),
    credsStore: textOf(content, 'credsStore'),
  };
}

/**
 * The credentials of an entry. Undefined for `{}`, which docker writes for a login in its credential store.
 * @throws Failure `registry.credentials`
 */
export function parseCredentialEntry(entry: unknown, path: string): Credentials | undefined {
  const source = `from ${path}`;
  const identityToken = textOf(entry, 'identitytoken');
  if (identityToken) {
    return { identityToken, source };
  }
  const [username, password] = [textOf(entry, 'username'), textOf(entry, 'password')];
  if (username && password) {
    return { username, password, source };
  }
  const auth = fieldOf(entry, 'auth');
  if (auth === undefined || auth === '') {
    return undefined;
  }
  const text = typeof auth === 'string' ? Buffer.from(auth, 'base64').toString('utf8') : '';
  const colon = text.indexOf(':');
  if (colon < 0) {
    throw invalidFileFailure(path, 'has an "auth" that is not base64 of user:password');
  }
  if (text === ':') {
    return undefined;
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
