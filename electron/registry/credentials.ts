import {
  type CredentialEntry,
  type CredentialFile,
  createCredentials,
  parseCredentialEntry,
  readCredentialFile,
} from './credential-file.ts';
import { runCredentialHelper } from './credential-helper.ts';
import { type CredentialSource, type Credentials, credentialFiles } from './credential-source.ts';

/** The names of Docker Hub in credential files. `docker login` writes the first. */
const dockerHubNames = ['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'registry-1.docker.io'];

/**
 * Finds the credentials for a repository: those that the user entered, otherwise the first in the credential files of
 * podman and docker. In a file, the most specific path comes first (`host/ns/repo`, `host/ns`, `host`), and for each
 * path a credential helper comes before the file itself. Undefined if there is no login.
 *
 * Source: containers-auth.json(5), and the documentation of docker's config.json.
 * @param registry the host of a reference; Docker Hub is `docker.io`.
 * @throws Failure `registry.credentials` if a file cannot be read or a helper fails.
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
  for (const path of credentialFiles(source)) {
    const file = await readCredentialFile(path);
    const credentials = file && (await findInFile(file, path, registry, repository, source));
    if (credentials) {
      return credentials;
    }
  }
  return undefined;
}

export function isDockerHub(registry: string): boolean {
  return dockerHubNames.includes(registry.toLowerCase());
}

async function findInFile(
  file: CredentialFile,
  path: string,
  registry: string,
  repository: string,
  source: CredentialSource,
): Promise<Credentials | undefined> {
  const isHub = isDockerHub(registry);
  const host = isHub ? 'docker.io' : registry.toLowerCase();
  const server = isHub ? 'https://index.docker.io/v1/' : registry;
  for (const key of keysOf(host, repository)) {
    const names = key !== host ? [key] : isHub ? dockerHubNames : [host, registry];
    const helper = firstValue(names, file.credHelpers ?? {}) ?? (key === host ? file.credsStore : undefined);
    if (helper) {
      // helpers know a host by docker's name of the server, and a path below it by podman's key
      const entry = await runCredentialHelper(helper, key === host ? server : key, source, path);
      if (entry) {
        const helperSource = `from docker-credential-${helper}, which is configured in ${path}`;
        return createCredentials(entry.username, entry.secret, helperSource);
      }
    }
    const auths = file.auths ?? {};
    const credentials =
      parseCredentialEntry(firstValue(names, auths), path) ??
      (key === host ? findByLegacyKey(auths, host, path) : undefined);
    if (credentials) {
      return credentials;
    }
  }
  return undefined;
}

/** `host/a/b`, `host/a`, `host`. On Docker Hub, a repository without a namespace is in `library`. */
function keysOf(host: string, repository: string): string[] {
  const path = host === 'docker.io' && !repository.includes('/') ? `library/${repository}` : repository;
  const parts = [host, ...path.split('/')];
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
}

function firstValue<T>(names: readonly string[], record: Readonly<Record<string, T>>): T | undefined {
  const name = names.find((candidate) => Object.hasOwn(record, candidate));
  return name === undefined ? undefined : record[name];
}

/** Old logins have a URL as their key: `https://host/v1/` or `https://host`. */
function findByLegacyKey(
  auths: Readonly<Record<string, CredentialEntry>>,
  host: string,
  path: string,
): Credentials | undefined {
  for (const [key, entry] of Object.entries(auths)) {
    const match = /^(?:https?:\/\/([^/]+)(?:\/v[12])?|([^/]+)\/v[12])\/?$/.exec(key);
    const keyHost = (match?.[1] ?? match?.[2])?.toLowerCase();
    const isSameHost = keyHost !== undefined && (keyHost === host || (host === 'docker.io' && isDockerHub(keyHost)));
    const credentials = isSameHost ? parseCredentialEntry(entry, path) : undefined;
    if (credentials) {
      return credentials;
    }
  }
  return undefined;
}
