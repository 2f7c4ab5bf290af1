import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { digestOf } from '../images/digest.ts';
import type { SystemPaths } from '../system/system-paths.ts';
import { CertificateAuthority, type KeyPair } from '../system/testing/certificate-authority.ts';
import { certificateFolders, loadCertificates, unverifiedContext, verifyingContext } from './certificates.ts';
import { RegistryClient } from './client.ts';
import { FakeRegistry, respond } from './testing/fake-registry.ts';

let authority: CertificateAuthority;
let other: CertificateAuthority;
let server: KeyPair;
let client: KeyPair;
let folder: string;
let paths: SystemPaths;
let registry: FakeRegistry;

beforeAll(async () => {
  [authority, other] = await Promise.all([CertificateAuthority.create('One'), CertificateAuthority.create('Other')]);
  [server, client] = await Promise.all([authority.sign('server'), authority.sign('client')]);
});
afterAll(() => Promise.all([authority.remove(), other.remove()]));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'certificates-'));
  paths = { env: {}, home: join(folder, 'home'), platform: 'linux', uid: 1000, root: join(folder, 'root') };
  registry = await FakeRegistry.start({ tls: server });
});
afterEach(async () => {
  await registry.stop();
  await rm(folder, { recursive: true });
});

async function write(path: string, text: string): Promise<string> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

/** Whether a request to the registry works. */
async function connect(from = paths): Promise<'connected' | Problem> {
  const signal = new AbortController().signal;
  const options = { registry: registry.host, repository: 'api', access: 'push', credentials: from, signal } as const;
  try {
    const opened = await RegistryClient.open({ ...options, tlsVerify: true, wait: async () => {} });
    await opened.hasBlob(digestOf(Buffer.from('x'))).finally(() => opened.close());
    return 'connected';
  } catch (error) {
    return problemOf(error);
  }
}

test('an unknown authority is not trusted, and the problem says where to save its certificate', async () => {
  const problem = await connect();
  expect(problem).toMatchObject({ code: 'registry.tls', actions: [{ id: 'push-without-tls', reason: 'certificate' }] });
  expect(problem).toMatchObject({ fix: expect.stringContaining(join('certs.d', registry.host, 'ca.crt')) });
});

test.each([
  'root/etc/ssl/certs/ca-certificates.crt',
  'root/etc/pki/tls/certs/ca-bundle.crt',
  'root/etc/ssl/cert.pem',
  'root/etc/ssl/certs/company.pem',
  'root/etc/containers/certs.d/HOST/ca.crt',
  'root/etc/docker/certs.d/HOST/any-name.crt',
  'home/.config/containers/certs.d/HOST/ca.crt',
  'home/.config/docker/certs.d/HOST/ca.crt',
  'home/.docker/certs.d/HOST/ca.crt',
])('trusts an authority in %s', async (path) => {
  await write(path.replace('HOST', registry.host), `# a comment\r\n${other.certificate}\n${authority.certificate}`);
  expect(await connect()).toBe('connected');
});

test('trusts the authorities of SSL_CERT_FILE, SSL_CERT_DIR and NODE_EXTRA_CA_CERTS', async () => {
  const file = await write('anywhere/ca.pem', authority.certificate);
  for (const env of [
    { SSL_CERT_FILE: file },
    { SSL_CERT_DIR: `/nonexistent:${dirname(file)}` },
    { NODE_EXTRA_CA_CERTS: file },
  ]) {
    expect(await connect({ ...paths, env })).toBe('connected');
  }
  expect(await connect({ ...paths, env: { SSL_CERT_FILE: '/nonexistent' } })).toMatchObject({ code: 'registry.tls' });
});

test('uses certificates of a registry for its host and port only', async () => {
  await write('root/etc/containers/certs.d/127.0.0.1:1/ca.crt', authority.certificate);
  await write('root/etc/containers/certs.d/127.0.0.1/ca.crt', authority.certificate);
  expect(await connect()).toMatchObject({ code: 'registry.tls' });
});

test('broken and unreadable files do not hide the others', async () => {
  const broken = '-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n';
  const cut = authority.certificate.slice(0, 200);
  await write('root/etc/ssl/certs/ca-certificates.crt', `${broken}${authority.certificate}${cut}`);
  await write('root/etc/ssl/certs/empty.pem', '');
  await mkdir(join(folder, 'root/etc/ssl/certs/folder.pem'));
  expect(await connect()).toBe('connected');
});

test('presents the client certificate of a registry', async () => {
  await registry.stop();
  const tls = { ...server, ca: authority.certificate, requestCert: true, rejectUnauthorized: false };
  registry = await FakeRegistry.start({ tls });
  const names: unknown[] = [];
  registry.fault = (request, response) => {
    const { socket } = request;
    names.push('getPeerCertificate' in socket && Object(socket).getPeerCertificate().subject?.CN);
    // as nginx answers
    const missing = '<html><head><title>400 No required SSL certificate was sent</title></head></html>';
    if (names.at(-1) === undefined) {
      respond(response, 400, {}, missing);
    }
    return names.at(-1) === undefined;
  };
  const certs = `root/etc/containers/certs.d/${registry.host}`;
  await write(`${certs}/ca.crt`, authority.certificate);
  expect(await connect()).toMatchObject({
    code: 'registry.tls',
    message: expect.stringContaining('requires a client certificate'),
    fix: expect.stringContaining('client.cert'),
  });
  const file = await write(`${certs}/client.cert`, client.cert);
  expect(await connect()).toMatchObject({ code: 'registry.tls', message: expect.stringContaining(file) });
  await write(`${certs}/client.key`, client.key);
  expect(await connect()).toBe('connected');
  expect(names.at(-1)).toBe('client');
});

test('a client certificate that does not fit its key is a problem with the name of the file', async () => {
  const certs = `home/.config/containers/certs.d/${registry.host}`;
  const file = await write(`${certs}/client.cert`, client.cert);
  await write(`${certs}/client.key`, server.key);
  expect(await connect()).toMatchObject({ code: 'registry.tls', message: expect.stringContaining(file) });
});

test('each authority is trusted once, however often it is found', async () => {
  await write('root/etc/ssl/certs/a.pem', authority.certificate);
  await write('root/etc/ssl/certs/b.pem', authority.certificate.replaceAll('\n', '\r\n'));
  const before = (await loadCertificates(['registry.test'], { ...paths, root: '/nonexistent' })).authorities ?? [];
  expect((await loadCertificates(['registry.test'], paths)).authorities).toHaveLength(before.length + 1);
});

test('reads the authorities of the system once, until a file or folder of them has changed', async () => {
  const bundle = 'root/etc/ssl/certs/ca-certificates.crt';
  const load = async (): Promise<readonly string[]> =>
    (await loadCertificates(['registry.test'], paths)).authorities ?? [];
  await write(bundle, other.certificate);
  expect(await connect()).toMatchObject({ code: 'registry.tls' });
  const first = await load();
  expect(await load()).toBe(first);
  expect(verifyingContext({ authorities: first })).toBe(verifyingContext({ authorities: first }));
  await write('root/etc/ssl/certs/company.pem', authority.certificate);
  expect(await connect()).toBe('connected');
  await rm(join(folder, 'root/etc/ssl/certs/company.pem'));
  expect(await connect()).toMatchObject({ code: 'registry.tls' });
  await write(bundle, `${authority.certificate}\n${other.certificate}`);
  expect(await connect()).toBe('connected');
});

test('a connection that is not verified parses no authorities', async () => {
  const { authorities } = await loadCertificates(['registry.test'], paths, false);
  expect(authorities).toBeUndefined();
  const signal = new AbortController().signal;
  const options = { registry: registry.host, repository: 'api', access: 'push', credentials: paths, signal } as const;
  const opened = await RegistryClient.open({ ...options, tlsVerify: false, wait: async () => {} });
  expect(await opened.hasBlob(digestOf(Buffer.from('x'))).finally(() => opened.close())).toBe(false);
  // it trusts no authority, so that verifying with it fails
  const socket = connectTls({
    ...{ host: '127.0.0.1', port: Number(registry.host.split(':')[1]) },
    secureContext: unverifiedContext(),
  });
  const [error] = await once(socket, 'error');
  expect(error).toMatchObject({ code: expect.stringMatching(/UNABLE|SELF_SIGNED/) });
});

test('looks in the folders of Windows, whose names have no colon', () => {
  const env = { APPDATA: 'D:\\AppData', ProgramData: 'D:\\ProgramData' };
  const folders = certificateFolders('pi.test:5000', { ...paths, env, platform: 'win32' });
  expect(folders).toContain('D:\\ProgramData\\docker\\certs.d\\pi.test5000');
  expect(folders.filter((name) => name.includes('pi.test:'))).toEqual([]);
});
