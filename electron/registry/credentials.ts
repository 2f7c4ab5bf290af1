import { readFile } from 'node:fs/promises';
import { posix, win32 } from 'node:path';
import { z } from 'zod';
import { type Failure, fail } from '../../shared/problem.ts';
import { askHelper } from './credential-helper.ts';

/** Who we are to a registry. `source` says where that was found, for sentences: `given with this push`, `from <file>`. */
export type Credentials =
  | { readonly username: string; readonly password: string; readonly source: string }
  | { readonly identityToken: string; readonly source: string };

/** Where to look for credentials. */
export interface CredentialSource {
  /** What the user gave for this push; nothing else is looked at then. */
  readonly explicit?: { readonly username: string; readonly password: string } | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** The numeric user id, where the system has one; podman keeps logins in /run/containers/<uid> without a session. */
  readonly uid?: number | undefined;
}

/** The stores of whoever runs this program on this computer. */
export function credentialSource(options: Pick<CredentialSource, 'explicit' | 'env' | 'home'>): CredentialSource {
  return { ...options, platform: process.platform, uid: process.getuid?.() };
}

const entrySchema = z.object({
  auth: z.string().optional(),
  identitytoken: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
});
const fileSchema = z.object({
  auths: z.record(z.string(), entrySchema).nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
  credsStore: z.string().optional(),
});
type CredentialFile = z.infer<typeof fileSchema>;

/** The names that Docker Hub goes by in the stores; the first is the one `docker login` writes. */
const dockerHubKeys = ['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'registry-1.docker.io'];

/**
 * The credentials for a repository: what the user gave, else the first that podman's and docker's stores hold. In a store the
 * most specific path comes first (`host/ns/repo`, `host/ns`, `host`), and at each path its helper before the file itself.
 * `registry` and `repository` as in a reference, Docker Hub being `docker.io`; undefined where nobody has logged in.
 * Fails with `registry.credentials` where a store cannot be read or its helper fails.
 * Source: containers-auth.json(5), and the documentation of docker's config.json.
 */
export async function findCredentials(
  registry: string,
  repository: string,
  source: CredentialSource,
): Promise<Credentials | undefined> {
  if (source.explicit) {
    const { username, password } = source.explicit;
    return { username, password, source: 'given with this push' };
  }
  for (const path of credentialFiles(source)) {
    const file = await readStore(path);
    const found = file && (await findInStore(file, path, registry, repository, source));
    if (found) {
      return found;
    }
  }
  return undefined;
}

/** The stores in the order they are asked. */
export function credentialFiles(source: CredentialSource): string[] {
  const { env, home } = source;
  const { join } = source.platform === 'win32' ? win32 : posix;
  const files: string[] = [];
  if (env.REGISTRY_AUTH_FILE) {
    files.push(env.REGISTRY_AUTH_FILE);
  }
  if (source.platform !== 'win32' && source.platform !== 'darwin') {
    const { uid } = source;
    const runtime = env.XDG_RUNTIME_DIR;
    if (runtime) {
      files.push(join(runtime, 'containers', 'auth.json'));
    } else if (uid !== undefined) {
      files.push(`/run/containers/${uid}/auth.json`);
    }
  }
  files.push(join(env.XDG_CONFIG_HOME || join(home, '.config'), 'containers', 'auth.json'));
  files.push(join(env.DOCKER_CONFIG || join(home, '.docker'), 'config.json'));
  return [...new Set(files)];
}

async function readStore(path: string): Promise<CredentialFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return undefined;
    }
    throw brokenStore(path, `cannot be read (${code})`);
  }
  if (text.trim() === '') {
    return undefined;
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // the parser's own message quotes the file, which holds passwords
    throw brokenStore(path, 'is not JSON');
  }
  const file = fileSchema.safeParse(content);
  if (!file.success) {
    const where = file.error.issues[0]?.path.join('.');
    throw brokenStore(path, `has something else than expected${where ? ` at "${where}"` : ''}`);
  }
  return file.data;
}

function brokenStore(path: string, what: string): Failure {
  return fail(
    'registry.credentials',
    `The credential store ${path} ${what}.`,
    'Repair it or move it away, then log in again with `podman login` or `docker login`.',
  );
}

async function findInStore(
  file: CredentialFile,
  path: string,
  registry: string,
  repository: string,
  source: CredentialSource,
): Promise<Credentials | undefined> {
  const hub = isDockerHub(registry);
  const host = hub ? 'docker.io' : registry.toLowerCase();
  const server = hub ? 'https://index.docker.io/v1/' : registry;
  for (const key of pathsOf(host, repository)) {
    const names = key !== host ? [key] : hub ? dockerHubKeys : [host, registry];
    const helper = first(names, file.credHelpers ?? {}) ?? (key === host ? file.credsStore : undefined);
    if (helper) {
      // helpers know docker's name of a server at the host, and podman's path below it
      const entry = await askHelper(helper, key === host ? server : key, source, path);
      if (entry) {
        return credentialsOf(entry.username, entry.secret, `from docker-credential-${helper}, which ${path} names`);
      }
    }
    const auths = file.auths ?? {};
    const found = fromEntry(first(names, auths), path) ?? (key === host ? fromLegacyKey(auths, host, path) : undefined);
    if (found) {
      return found;
    }
  }
  return undefined;
}

export function isDockerHub(registry: string): boolean {
  return dockerHubKeys.includes(registry.toLowerCase());
}

/** `host/a/b`, `host/a`, `host`. On Docker Hub a repository of one name is in `library`. */
function pathsOf(host: string, repository: string): string[] {
  const full = host === 'docker.io' && !repository.includes('/') ? `library/${repository}` : repository;
  const parts = [host, ...full.split('/')];
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
}

function first<T>(names: readonly string[], record: Readonly<Record<string, T>>): T | undefined {
  const name = names.find((candidate) => Object.hasOwn(record, candidate));
  return name === undefined ? undefined : record[name];
}

/** Old logins have a URL as their key: `https://host/v1/`, or just `https://host`. */
function fromLegacyKey(
  auths: Readonly<Record<string, z.infer<typeof entrySchema>>>,
  host: string,
  path: string,
): Credentials | undefined {
  for (const [key, entry] of Object.entries(auths)) {
    const legacy = /^(?:https?:\/\/([^/]+)(?:\/v[12])?|([^/]+)\/v[12])\/?$/.exec(key);
    const named = (legacy?.[1] ?? legacy?.[2])?.toLowerCase();
    const found = named !== undefined && (named === host || (host === 'docker.io' && isDockerHub(named)));
    const credentials = found ? fromEntry(entry, path) : undefined;
    if (credentials) {
      return credentials;
    }
  }
  return undefined;
}

/** An entry without a login (docker leaves `{}` for what its store keeps) holds nothing. */
function fromEntry(entry: z.infer<typeof entrySchema> | undefined, path: string): Credentials | undefined {
  if (!entry) {
    return undefined;
  }
  if (entry.identitytoken) {
    return { identityToken: entry.identitytoken, source: `from ${path}` };
  }
  if (entry.username && entry.password) {
    return { username: entry.username, password: entry.password, source: `from ${path}` };
  }
  if (!entry.auth) {
    return undefined;
  }
  const text = Buffer.from(entry.auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) {
    throw brokenStore(path, 'has an "auth" that is not base64 of user:password');
  }
  // docker pads some passwords with NULs
  return credentialsOf(text.slice(0, colon), text.slice(colon + 1).replace(/^\0+|\0+$/g, ''), `from ${path}`);
}

function credentialsOf(username: string, secret: string, source: string): Credentials {
  return username === '<token>' ? { identityToken: secret, source } : { username, password: secret, source };
}
