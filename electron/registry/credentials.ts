import { Failure } from '../../shared/problem.ts';
import { dockerHubNames, isDockerHub } from '../../shared/registry-name.ts';
import type { Fields } from '../system/lenient-json.ts';
import { type CredentialFile, createCredentials, parseCredentialEntry, readCredentialFile } from './credential-file.ts';
import { getFromHelper } from './credential-helper.ts';
import { type CredentialSource, type Credentials, credentialFiles } from './credential-source.ts';

/**
 * Finds the credentials for a repository: those that the user entered, otherwise those that Barnraiser keeps, otherwise the
 * first in the credential files of podman and docker. In a file, the most specific path comes first (`host/ns/repo`, `host/ns`, `host`), and for each
 * path a credential helper comes before the file itself. Undefined if there is no login.
 *
 * A helper or file that fails does not hide a login that is found after it.
 *
 * Source: containers-auth.json(5), and the documentation of docker's config.json.
 * @param registry the host of a reference; Docker Hub is `docker.io`.
 * @throws Failure `registry.credentials` if a file cannot be read or a helper fails, and there is no other login.
 */
export async function findCredentials(
  registry: string,
  repository: string,
  source: CredentialSource,
): Promise<Credentials | undefined> {
  if (source.explicit) {
    const { username, password } = source.explicit;
    return { username, password, source: 'entered for this push' };
  }
  let failure: Failure | undefined;
  async function attempt<T>(work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Failure)) {
        throw error;
      }
      failure ??= error;
      return undefined;
    }
  }
  const { saved } = source;
  const own =
    saved &&
    (await attempt(() => saved(namesOf(isDockerHub(registry) ? 'docker.io' : registry.toLowerCase(), repository))));
  if (own) {
    return own;
  }
  for (const path of credentialFiles(source)) {
    const file = await attempt(() => readCredentialFile(path));
    for (const search of file ? searchesIn(file, path, registry, repository, source) : []) {
      const credentials = await attempt(search);
      if (credentials) {
        return credentials;
      }
    }
  }
  if (failure) {
    throw failure;
  }
  return undefined;
}

/** The names of a registry and repository in the API of the registry. */
export function registryNames({ registry, repository }: { readonly registry: string; readonly repository: string }) {
  const isHub = isDockerHub(registry);
  return {
    registry: isHub ? 'docker.io' : registry,
    repository: isHub && !repository.includes('/') ? `library/${repository}` : repository,
  };
}

/** The names of the folders with the certificates of a registry. */
export function hostNamesOf(registry: string): string[] {
  if (isDockerHub(registry)) {
    return dockerHubNames.filter((name) => !name.includes('/'));
  }
  return /:\d+$/.test(registry) ? [registry] : [registry, `${registry}:443`];
}

type Search = () => Credentials | undefined | Promise<Credentials | undefined>;

/** Where in a file the login may be, the first choice first. */
function* searchesIn(
  file: CredentialFile,
  path: string,
  registry: string,
  repository: string,
  source: CredentialSource,
): Generator<Search> {
  const isHub = isDockerHub(registry);
  const host = isHub ? 'docker.io' : registry.toLowerCase();
  const server = isHub ? 'https://index.docker.io/v1/' : registry;
  for (const name of namesOf(host, repository)) {
    const [helper = name === host ? file.credsStore : undefined] = valuesOf(file.credHelpers, name).filter(isText);
    if (helper) {
      yield async () => {
        // helpers know a host by docker's name of the server, and a path below it by podman's key
        const entry = await getFromHelper({ name: helper, source, file: path }, name === host ? server : name);
        const helperSource = `from docker-credential-${helper}, which is configured in ${path}`;
        return entry && createCredentials(entry.username, entry.secret, helperSource);
      };
    }
    for (const entry of valuesOf(file.auths, name)) {
      yield () => parseCredentialEntry(entry, path);
    }
  }
  // old versions of docker wrote the URL that was given to `docker login`, with any path
  for (const [key, entry] of Object.entries(file.auths)) {
    if (/^https?:/i.test(key) && nameOf(key).startsWith(`${host}/`)) {
      yield () => parseCredentialEntry(entry, path);
    }
  }
}

/** `host/a/b`, `host/a`, `host`. On Docker Hub, a repository without a namespace is in `library`. */
function namesOf(host: string, repository: string): string[] {
  const path = host === 'docker.io' && !repository.includes('/') ? `library/${repository}` : repository;
  const parts = [host, ...path.split('/')];
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
}

/** The values of all keys that stand for a name, the usual spelling first. */
function valuesOf(record: Fields, name: string): unknown[] {
  const usual = name === 'docker.io' ? dockerHubNames : [name];
  const rank = (key: string): number => (usual.includes(key) ? usual.indexOf(key) : usual.length);
  return Object.entries(record)
    .filter(([key]) => nameOf(key) === name)
    .sort(([one], [other]) => rank(one) - rank(other))
    .map(([, value]) => value);
}

/** What a key stands for: `host` or `host/path`. Old keys are URLs with a version: `https://host/v1/`. */
export function nameOf(key: string): string {
  const [host = '', ...path] = key
    .replace(/^https?:\/\//i, '')
    .split('/')
    .filter((part) => part !== '');
  const hasVersionOnly = path.length === 1 && /^v[12]$/.test(path[0] ?? '');
  return [isDockerHub(host) ? 'docker.io' : host.toLowerCase(), ...(hasVersionOnly ? [] : path)].join('/');
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
