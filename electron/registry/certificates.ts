import { createPrivateKey, X509Certificate } from 'node:crypto';
import { access, constants, readdir, readFile, stat } from 'node:fs/promises';
import * as tls from 'node:tls';
import { fail } from '../../shared/problem.ts';
import { containersFolder, pathsOf, type SystemPaths } from '../system/system-paths.ts';
import { type HostSettings, readClientCertificate } from './registry-settings.ts';

/** What a TLS connection to a registry trusts, and what it presents. */
export interface Certificates {
  /** Certificate authorities in PEM format, each once. Undefined if the certificate of the registry is not verified. */
  readonly authorities?: readonly string[];
  /** A client certificate with its key, in PEM format. */
  readonly client?: { readonly certificate: string; readonly key: string };
}

/**
 * The certificate authorities of Node and of the system, and those that podman and docker use for one registry, with its
 * client certificate. A file that cannot be read is left out: the certificate of the registry is then not trusted.
 *
 * Sources: containers-certs.d(5); docker's "Verify repository client with certificates"; crypto/x509 of Go
 * (`SSL_CERT_FILE`, `SSL_CERT_DIR`); Node's `NODE_EXTRA_CA_CERTS`.
 * @param hosts the names of the registry, each `host` or `host:port`.
 * @param verifies whether authorities are needed: reading hundreds of them takes a while
 * @param own files that Barnraiser's own settings name: an authority that is trusted, too, and a client certificate that comes before others
 * @throws Failure `registry.tls` if a client certificate has no key that belongs to it
 */
export async function loadCertificates(
  hosts: readonly string[],
  paths: SystemPaths,
  verifies = true,
  own: Pick<HostSettings, 'ca' | 'clientCertificate' | 'clientKey'> = {},
): Promise<Certificates> {
  const registryFiles = await registryCertificateFiles(hosts, paths);
  const { ca, clientCertificate, clientKey } = own;
  const authorityFiles = [...registryFiles.filter((file) => file.endsWith('.crt')), ...(ca ? [ca] : [])];
  const authorities = verifies ? { authorities: await loadAuthorities(authorityFiles, paths) } : {};
  const client =
    clientCertificate && clientKey
      ? await readClientCertificate(clientCertificate, clientKey)
      : await findClientCertificate(registryFiles);
  return { ...authorities, ...(client ? { client } : {}) };
}

/** The files of podman and docker with certificates and keys for a registry. */
export async function registryCertificateFiles(hosts: readonly string[], paths: SystemPaths): Promise<string[]> {
  const folders = hosts.flatMap((host) => certificateFolders(host, paths));
  const listed = await Promise.all(folders.map((folder) => listFolder(folder, paths)));
  return listed.flat().filter((file) => /\.(?:crt|cert|key)$/.test(file));
}

/** A context that trusts the authorities, or those of Node if there are none. */
export function verifyingContext({ authorities, client }: Certificates): tls.SecureContext {
  if (!authorities || client) {
    return createContext(authorities, client);
  }
  const context = contexts.get(authorities) ?? createContext(authorities, client);
  contexts.set(authorities, context);
  return context;
}

/** A context for connections that are not verified. Without its empty list, Node would parse its own authorities, which takes 25 ms. */
export function unverifiedContext({ client }: Certificates = {}): tls.SecureContext {
  return createContext([], client);
}

function createContext(authorities: Certificates['authorities'], client: Certificates['client']): tls.SecureContext {
  return tls.createSecureContext({
    ...(authorities ? { ca: [...authorities] } : {}),
    ...(client ? { cert: client.certificate, key: client.key } : {}),
  });
}

/** By the list of authorities, whose parsing takes 30 ms. */
const contexts = new WeakMap<readonly string[], tls.SecureContext>();

async function loadAuthorities(registryFiles: readonly string[], paths: SystemPaths): Promise<readonly string[]> {
  const [system, texts] = await Promise.all([loadSystemAuthorities(paths), Promise.all(registryFiles.map(readText))]);
  const own = texts.flatMap((text) => certificatesIn(text ?? ''));
  return own.length === 0 ? system : uniqueCertificates([...system, ...own]);
}

/** What was read last, because there are hundreds of files. */
let lastRead:
  | { readonly state: string; readonly atMs: number; readonly authorities: Promise<readonly string[]> }
  | undefined;

/** Then they are read again in any case: a file of a folder may have been overwritten. */
const maxAgeMs = 60_000;

/** The authorities of Node and of the system. The same list as long as the files and folders that they are read from look the same. */
async function loadSystemAuthorities(paths: SystemPaths): Promise<readonly string[]> {
  const { extra } = pathsFromEnvironment(paths);
  const { files, folders } = await systemSources(paths);
  const sources = [...(extra ? [extra] : []), ...files];
  const state = JSON.stringify([paths.platform, await Promise.all([...sources, ...folders].map(stateOf))]);
  const now = performance.now();
  if (lastRead?.state !== state || now - lastRead.atMs > maxAgeMs) {
    lastRead = { state, atMs: now, authorities: readAuthorities(sources, folders, paths) };
  }
  return lastRead.authorities;
}

async function readAuthorities(
  files: readonly string[],
  folders: readonly string[],
  paths: SystemPaths,
): Promise<readonly string[]> {
  const listed = await Promise.all(folders.map((folder) => listFolder(folder, paths)));
  const texts = await Promise.all([...files, ...listed.flat()].map(readText));
  return uniqueCertificates([
    ...tls.rootCertificates,
    ...systemCertificates(),
    ...texts.flatMap((text) => certificatesIn(text ?? '')),
  ]);
}

/** What shows that a file, or what is in a folder, may be another than before. */
async function stateOf(path: string): Promise<readonly unknown[]> {
  const { ino, size, mtimeMs, ctimeMs } = (await stat(path).catch(() => undefined)) ?? {};
  return [path, ino, size, mtimeMs, ctimeMs];
}

/** Where each Unix keeps all its authorities in one file. The first that exists is read. Source: crypto/x509 of Go. */
const bundles = [
  'etc/ssl/certs/ca-certificates.crt',
  'etc/pki/tls/certs/ca-bundle.crt',
  'etc/ssl/ca-bundle.pem',
  'etc/pki/tls/cacert.pem',
  'etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  'etc/ssl/cert.pem',
  'usr/local/etc/ssl/cert.pem',
  'usr/local/share/certs/ca-root-nss.crt',
];

/** Folders with a file for each authority. All are read. */
const bundleFolders = ['etc/ssl/certs', 'etc/pki/tls/certs'];

function pathsFromEnvironment({ env, platform }: SystemPaths) {
  const { delimiter } = pathsOf(platform);
  const folders = (env.SSL_CERT_DIR ?? '').split(delimiter).filter((folder) => folder !== '');
  return { extra: env.NODE_EXTRA_CA_CERTS, file: env.SSL_CERT_FILE, folders };
}

/** The files and folders with the authorities of the system. The environment replaces the usual ones. */
async function systemSources(paths: SystemPaths): Promise<{ readonly files: string[]; readonly folders: string[] }> {
  const { file, folders } = pathsFromEnvironment(paths);
  const { join } = pathsOf(paths.platform);
  const inRoot = (names: readonly string[]): string[] =>
    paths.platform === 'win32' ? [] : names.map((name) => join(paths.root, name));
  return {
    files: file ? [file] : await firstReadable(inRoot(bundles)),
    folders: folders.length > 0 ? folders : inRoot(bundleFolders),
  };
}

async function firstReadable(files: readonly string[]): Promise<string[]> {
  for (const file of files) {
    if (await isReadableFile(file)) {
      return [file];
    }
  }
  return [];
}

/** The authorities in the keychain of macOS and in the store of Windows. Node has them from 22.15 on. */
function systemCertificates(): readonly string[] {
  return 'getCACertificates' in tls && typeof tls.getCACertificates === 'function'
    ? tls.getCACertificates('system').map(String)
    : [];
}

/** The folders in which podman and docker look for the certificates of a registry, those of podman's user first. */
export function certificateFolders(host: string, paths: SystemPaths): string[] {
  const { env, home, root, platform } = paths;
  const { join } = pathsOf(platform);
  const name = platform === 'win32' ? host.replaceAll(':', '') : host;
  const parents = [
    containersFolder(paths),
    join(root, 'etc', 'containers'),
    join(root, 'etc', 'docker'),
    join(env.XDG_CONFIG_HOME || join(home, '.config'), 'docker'),
    env.DOCKER_CONFIG || join(home, '.docker'),
    ...(platform === 'win32' && env.ProgramData ? [join(env.ProgramData, 'docker')] : []),
  ];
  return parents.map((parent) => join(parent, 'certs.d', name));
}

async function findClientCertificate(files: readonly string[]): Promise<Certificates['client']> {
  for (const file of files.filter((name) => name.endsWith('.cert'))) {
    const keyFile = file.replace(/\.cert$/, '.key');
    const [certificate, key] = await Promise.all([readText(file), readText(keyFile)]);
    if (certificate === undefined) {
      continue;
    }
    if (key === undefined || !belongTogether(certificate, key)) {
      throw fail(
        'registry.tls',
        `The client certificate ${file} has no key that belongs to it.`,
        `Save its key, without a passphrase, as ${keyFile}. The name of a certificate authority has to end in .crt.`,
      );
    }
    return { certificate, key };
  }
  return undefined;
}

function belongTogether(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** The paths of the entries of a folder, sorted. Empty if it cannot be read. */
async function listFolder(folder: string, { platform }: SystemPaths): Promise<string[]> {
  const { join } = pathsOf(platform);
  const names = await readdir(folder).catch(() => []);
  return names.sort().map((name) => join(folder, name));
}

/** Undefined if it cannot be read: it is missing, a folder or of another user. */
async function readText(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch(() => undefined);
}

async function isReadableFile(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** The certificates in a PEM file, without the text around them. */
function certificatesIn(text: string): string[] {
  const found: string[] = [];
  for (let end = 0; ; ) {
    const begin = text.indexOf('-----BEGIN CERTIFICATE-----', end);
    const close = begin < 0 ? -1 : text.indexOf(endLine, begin);
    if (close < 0) {
      return found;
    }
    end = close + endLine.length;
    found.push(text.slice(begin, end));
  }
}

const endLine = '-----END CERTIFICATE-----';

/** The same authority is often in several files, with other line ends. */
function uniqueCertificates(certificates: readonly string[]): string[] {
  return [...new Map(certificates.map((text) => [text.replace(/\s/g, ''), text])).values()];
}
