/** Writes logins to the credential files of podman and docker as these do, and removes them. */
import { lstat, readFile, realpath } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
import { fail } from '../../shared/problem.ts';
import type { LoginStore, RegistryLogin } from '../../shared/registry.ts';
import { isDockerHub } from '../../shared/registry-name.ts';
import { diskFailure, isMissingPath } from '../system/file-errors.ts';
import { withFileLock } from '../system/file-lock.ts';
import { fieldsOf, objectOf } from '../system/lenient-json.ts';
import { parseCredentialEntry, readCredentialFile } from './credential-file.ts';
import { eraseFromHelper, type HelperContext, listHelper, storeInHelper } from './credential-helper.ts';
import { type CredentialSource, credentialFiles } from './credential-source.ts';
import { nameOf } from './credentials.ts';
import { type LoginSecret, userOf } from './saved-logins.ts';

export type FileStore = Exclude<LoginStore, 'barnraiser'>;

/** The file in which `podman login` or `docker login` keeps a login. Source: containers-auth.json(5). */
export function loginFile(store: FileStore, source: CredentialSource): string {
  const files = credentialFiles(source);
  const [first = ''] = files;
  return store === 'podman' ? first : (files.at(-1) ?? first);
}

/** Which program a credential file is of. */
export function storeOf(file: string, source: CredentialSource): FileStore {
  return file === credentialFiles(source).at(-1) ? 'docker' : 'podman';
}

/**
 * Saves a login as the program itself does: by the credential helper that the file names for the registry, otherwise in the file. Other
 * entries and fields of the file stay as they are.
 * @returns where it is kept
 * @throws Failure `registry.credentials`, `settings.locked`, `settings.unwritable`
 */
export async function saveInFile(
  store: FileStore,
  name: string,
  secret: LoginSecret,
  source: CredentialSource,
): Promise<string> {
  const path = loginFile(store, source);
  const key = keyOf(name, store);
  const helper = await helperFor(path, name, source);
  if (helper) {
    await storeInHelper(helper, key, { username: userOf(secret), secret: secretOf(secret) });
  }
  await changeAuths(path, (auths) => {
    const others = Object.entries(auths).filter(([other]) => nameOf(other) !== name);
    // docker writes an empty entry for a login that a helper has
    const entry = helper ? {} : entryOf(secret, fieldsOf(auths[key]));
    return store === 'podman' && helper ? Object.fromEntries(others) : Object.fromEntries([...others, [key, entry]]);
  });
  return helper ? helperText(helper) : path;
}

/** Removes a login from a file and from its helper. @throws Failure like {@link saveInFile} */
export async function removeFromFile(path: string, name: string, source: CredentialSource): Promise<void> {
  const helper = await helperFor(path, name, source);
  if (helper) {
    await eraseFromHelper(helper, keyOf(name, storeOf(path, source)));
  }
  await changeAuths(path, (auths) =>
    Object.fromEntries(Object.entries(auths).filter(([other]) => nameOf(other) !== name)),
  );
}

/** The logins of all files and their helpers, in the order of the search. What cannot be read has none. */
export async function loginsInFiles(source: CredentialSource): Promise<(RegistryLogin & { readonly file: string })[]> {
  const found = await Promise.all(credentialFiles(source).map((path) => loginsIn(path, source).catch(() => [])));
  return found.flat();
}

async function loginsIn(
  path: string,
  source: CredentialSource,
): Promise<(RegistryLogin & { readonly file: string })[]> {
  const file = await readCredentialFile(path);
  if (!file) {
    return [];
  }
  const store = storeOf(path, source);
  const logins: (RegistryLogin & { readonly file: string })[] = [];
  const helpers = new Map<string, string[]>();
  for (const [key, name] of Object.entries(file.credHelpers)) {
    if (typeof name === 'string' && name !== '') {
      helpers.set(name, [...(helpers.get(name) ?? []), nameOf(key)]);
    }
  }
  if (file.credsStore) {
    helpers.set(file.credsStore, helpers.get(file.credsStore) ?? []);
  }
  for (const [name, only] of helpers) {
    const helper = { name, source, file: path };
    const servers = Object.entries(await listHelper(helper).catch(() => ({})));
    for (const [server, user] of servers) {
      if (name === file.credsStore || only.includes(nameOf(server))) {
        const username = typeof user === 'string' && user !== '' && user !== '<token>' ? { username: user } : {};
        logins.push({ name: nameOf(server), ...username, store, keptIn: helperText(helper), file: path });
      }
    }
  }
  for (const [key, entry] of Object.entries(file.auths)) {
    const credentials = safely(() => parseCredentialEntry(entry, path));
    if (credentials) {
      const username = 'username' in credentials ? { username: credentials.username } : {};
      logins.push({ name: nameOf(key), ...username, store, keptIn: path, file: path });
    }
  }
  return logins;
}

function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** The helper that a file names for a registry or a path in it. A path is known only to a helper of its own. */
async function helperFor(path: string, name: string, source: CredentialSource): Promise<HelperContext | undefined> {
  const file = await readCredentialFile(path);
  const own = Object.entries(file?.credHelpers ?? {}).find(([key]) => nameOf(key) === name)?.[1];
  const helper = typeof own === 'string' ? own : name.includes('/') ? undefined : file?.credsStore;
  return helper ? { name: helper, source, file: path } : undefined;
}

function helperText({ name }: HelperContext): string {
  return `docker-credential-${name}`;
}

/** The name of a registry in files and helpers: docker writes a URL for Docker Hub. */
function keyOf(name: string, store: FileStore): string {
  return store === 'docker' && isDockerHub(name) ? 'https://index.docker.io/v1/' : name;
}

/** What else an entry has, such as an email address, stays. */
function entryOf(secret: LoginSecret, before: object): object {
  const { auth: _, identitytoken: _token, username: _name, password: _password, ...rest } = { ...fieldsOf(before) };
  return 'identityToken' in secret
    ? { ...rest, auth: base64(`${secret.username ?? userOf(secret)}:`), identitytoken: secret.identityToken }
    : { ...rest, auth: base64(`${secret.username}:${secret.password}`) };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function secretOf(secret: LoginSecret): string {
  return 'identityToken' in secret ? secret.identityToken : secret.password;
}

/** Replaces the logins of a file, under a lock and as a whole. The file itself is read first: a broken one is not replaced. */
async function changeAuths(
  path: string,
  change: (auths: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>,
): Promise<void> {
  // a link, as many people have to their dotfiles, stays one
  const target = await realpath(path).catch(() => path);
  await withFileLock(target, async (assertHeld) => {
    await readCredentialFile(target);
    const text = await readFile(target, 'utf8').catch((error: unknown) => {
      if (isMissingPath(error)) {
        return '';
      }
      throw fail('registry.credentials', `The credential file ${path} cannot be read.`, 'Check its permissions.');
    });
    const content = text.trim() === '' ? {} : fieldsOf(JSON.parse(text));
    const before = objectOf(content, 'auths');
    const after = change(before);
    if (JSON.stringify(before) === JSON.stringify(after) && text !== '') {
      return;
    }
    const indent = /^\{\r?\n([ \t]+)"/.exec(text)?.[1] ?? '\t';
    assertHeld();
    try {
      await assertNoFolder(target);
      await writeFileAtomic(target, JSON.stringify({ ...content, auths: after }, null, indent), { mode: 0o600 });
    } catch (error) {
      throw diskFailure(error, path);
    }
  });
}

async function assertNoFolder(path: string): Promise<void> {
  const entry = await lstat(path).catch(() => undefined);
  if (entry?.isDirectory()) {
    throw fail('registry.credentials', `${path} is a folder.`, 'Move it away, then log in again.');
  }
}
