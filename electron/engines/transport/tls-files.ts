/** The certificates and the key of a TLS connection to an engine. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type ConnectionOptions, usesTls } from '../../../shared/connection.ts';
import { type Failure, fail } from '../../../shared/problem.ts';
import { isMissingPath } from '../../system/file-errors.ts';
import { homeFolder } from '../../system/local-user.ts';
import { expandHome } from '../../system/system-paths.ts';

/** The options of a connection that TLS uses. */
export type TlsOptions = Pick<ConnectionOptions, 'tlsCa' | 'tlsCert' | 'tlsKey' | 'tlsServerName'>;

export interface TlsMaterial {
  readonly context: SecureContext;
  /** The name that the certificate of the server must have, where it is not the host. */
  readonly serverName?: string;
  /** The client certificate, which the server may want. */
  readonly certificate?: X509Certificate;
  readonly options: TlsOptions;
}

/** Bundles of authorities have some hundred kilobytes. In bytes. */
const maxFileBytes = 4 * 1024 * 1024;

/**
 * Reads the files of a connection. Undefined if the connection has no TLS options.
 * @throws Failure `tls.files` which names the file, or the option that is missing
 */
export async function loadTls(name: string, options: TlsOptions): Promise<TlsMaterial | undefined> {
  if (!usesTls(options)) {
    return undefined;
  }
  const { tlsCa, tlsCert, tlsKey, tlsServerName } = options;
  if (Boolean(tlsCert) !== Boolean(tlsKey)) {
    throw fail(
      'tls.files',
      `Connection ${name} has ${tlsCert ? 'a client certificate without its key' : 'the key of a client certificate without the certificate'}.`,
      'A client certificate needs both: a certificate and its private key.',
    );
  }
  const authorities = tlsCa ? await readPem(name, 'certificate authority', tlsCa) : undefined;
  const cert = tlsCert ? await readPem(name, 'client certificate', tlsCert) : undefined;
  const key = tlsKey ? await readPem(name, 'key of the client certificate', tlsKey) : undefined;
  const parse = <T>(what: string, path: string, read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw notPem(name, what, path, error);
    }
  };
  if (authorities !== undefined && tlsCa) {
    parse('certificate authority', tlsCa, () => new X509Certificate(authorities));
  }
  const certificate =
    cert !== undefined && tlsCert ? parse('client certificate', tlsCert, () => new X509Certificate(cert)) : undefined;
  if (certificate && key !== undefined && tlsKey) {
    const parsedKey = readKey(name, key, tlsKey);
    if (!certificate.checkPrivateKey(parsedKey)) {
      throw fail(
        'tls.files',
        `Connection ${name}: the key ${tlsKey} does not belong to the client certificate ${tlsCert}.`,
        'Choose the key that the certificate was made for.',
      );
    }
  }
  return {
    // an authority replaces those of the system, as with docker and podman
    context: createSecureContext({
      minVersion: 'TLSv1.2',
      ...(authorities === undefined ? {} : { ca: authorities }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    }),
    ...(tlsServerName ? { serverName: tlsServerName } : {}),
    ...(certificate ? { certificate } : {}),
    options,
  };
}

/** The absolute path of a file of a connection: an app has no working folder of its own. */
export function tlsFilePath(path: string): string {
  return resolve(homeFolder(), expandHome(path));
}

/** Whether other users of this computer can read a private key. False where that is not known. */
export async function isKeyExposed(path: string): Promise<boolean> {
  if (process.platform === 'win32') {
    return false;
  }
  const file = await stat(tlsFilePath(path)).catch(() => undefined);
  return file !== undefined && (file.mode & 0o044) !== 0;
}

async function readPem(name: string, what: string, path: string): Promise<string> {
  const file = tlsFilePath(path);
  try {
    const { size } = await stat(file).then((stats) => (stats.isFile() ? stats : { size: Number.POSITIVE_INFINITY }));
    if (size <= maxFileBytes) {
      return await readFile(file, 'latin1');
    }
  } catch (error) {
    const isMissing = isMissingPath(error);
    throw fail(
      'tls.files',
      `Connection ${name}: the ${what} ${file} ${isMissing ? 'does not exist' : 'could not be read'}.`,
      isMissing
        ? 'Copy the file there, or choose another one in the connection.'
        : `Make it readable for your user. \`ls -l ${file}\` shows its permissions.`,
      error instanceof Error ? error.message : String(error),
      error,
    );
  }
  throw notPem(name, what, path);
}

function readKey(name: string, pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    if (/ENCRYPTED/.test(pem)) {
      throw fail(
        'tls.files',
        `Connection ${name}: the key ${path} has a passphrase, with which Barnraiser cannot use it.`,
        `Save it without a passphrase, readable only for you: \`openssl pkey -in ${path} -out FILE\`, \`chmod 600 FILE\`.`,
      );
    }
    throw notPem(name, 'key of the client certificate', path, error);
  }
}

function notPem(name: string, what: string, path: string, error?: unknown): Failure {
  return fail(
    'tls.files',
    `Connection ${name}: ${path} is not a ${what} in PEM format.`,
    'Choose another file. A file in PEM format begins with `-----BEGIN`.',
    error instanceof Error ? error.message : undefined,
    error,
  );
}
