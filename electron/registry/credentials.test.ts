import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { type CredentialSource, credentialFiles, findCredentials } from './credentials.ts';

let folder: string;
let source: CredentialSource;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credentials-'));
  const env = { PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter), XDG_RUNTIME_DIR: join(folder, 'run') };
  source = { env, home: join(folder, 'home'), platform: 'linux' };
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const podman = () => join(folder, 'run', 'containers', 'auth.json');
const docker = () => join(folder, 'home', '.docker', 'config.json');

async function write(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
}

function login(user: string, password = 'secret'): { auth: string } {
  return { auth: Buffer.from(`${user}:${password}`).toString('base64') };
}

/** A credential helper: a real program that answers with what `script` does with `server`, and keeps what it was asked. */
async function helper(name: string, script: string): Promise<void> {
  const path = join(folder, 'bin', `docker-credential-${name}`);
  await write(
    path,
    `#!/usr/bin/env node
const server = require('node:fs').readFileSync(0, 'utf8').trim();
${script}`,
  );
  await chmod(path, 0o755);
}

async function userOf(registry: string, repository = 'team/api', where = source): Promise<string | undefined> {
  const found = await findCredentials(registry, repository, where);
  return found && ('identityToken' in found ? `token ${found.identityToken}` : found.username);
}

async function problemFrom(promise: Promise<unknown>): Promise<Problem> {
  return promise.then(
    () => {
      throw new Error('It did not fail.');
    },
    (thrown: unknown) => problemOf(thrown),
  );
}

test('finds nothing where nobody has logged in', async () => {
  expect(await findCredentials('registry.test', 'api', source)).toBeUndefined();
});

test('takes what was given with the push before any file', async () => {
  await write(podman(), 'not even JSON');
  const explicit = { username: 'given', password: 'p' };
  expect(await userOf('registry.test', 'api', { ...source, explicit })).toBe('given');
});

test('asks the files in their order: the named one, of the session, of podman, of docker', async () => {
  const files = [
    join(folder, 'named.json'),
    podman(),
    join(folder, 'home', '.config', 'containers', 'auth.json'),
    docker(),
  ];
  const named = { ...source, env: { ...source.env, REGISTRY_AUTH_FILE: files[0] } };
  expect(credentialFiles(named)).toEqual(files);
  for (const [index, file] of [...files.entries()].reverse()) {
    await write(file, { auths: { 'registry.test': login(`user${index}`) } });
    expect(await userOf('registry.test', 'api', named)).toBe(`user${index}`);
  }
});

test('knows where each system keeps them', () => {
  const home = '/home/ann';
  expect(credentialFiles({ env: {}, home, platform: 'linux', uid: 1000 })).toEqual([
    '/run/containers/1000/auth.json',
    '/home/ann/.config/containers/auth.json',
    '/home/ann/.docker/config.json',
  ]);
  expect(credentialFiles({ env: { XDG_RUNTIME_DIR: '/run/user/1' }, home, platform: 'darwin', uid: 501 })).toEqual([
    '/home/ann/.config/containers/auth.json',
    '/home/ann/.docker/config.json',
  ]);
  expect(
    credentialFiles({
      env: { XDG_CONFIG_HOME: 'D:\\config', DOCKER_CONFIG: 'D:\\docker' },
      home: 'C:\\ann',
      platform: 'win32',
    }),
  ).toEqual(['D:\\config\\containers\\auth.json', 'D:\\docker\\config.json']);
});

test('prefers the login of the longest path that fits', async () => {
  const auths = {
    'registry.test': login('host'),
    'registry.test/team': login('team'),
    'registry.test/team/api': login('api'),
    'registry.test/te': login('no part of the path'),
  };
  await write(podman(), { auths });
  expect(await userOf('registry.test', 'team/api')).toBe('api');
  expect(await userOf('registry.test', 'team/web')).toBe('team');
  expect(await userOf('registry.test', 'web')).toBe('host');
  expect(await userOf('registry.test:5000', 'team/api')).toBeUndefined();
});

test('keeps colons in a password and drops the NULs that pad one', async () => {
  await write(podman(), { auths: { 'registry.test': login('_json_key', '{"a":"b:c"}\0\0') } });
  expect(await findCredentials('registry.test', 'api', source)).toEqual({
    username: '_json_key',
    password: '{"a":"b:c"}',
    source: `from ${podman()}`,
  });
});

test('reads an identity token', async () => {
  await write(docker(), { auths: { 'registry.test': { ...login('', ''), identitytoken: 'idt' } } });
  expect(await userOf('registry.test')).toBe('token idt');
});

test('knows old keys with a scheme and a version', async () => {
  for (const key of [
    'https://registry.test/v1/',
    'https://registry.test/v2',
    'http://registry.test',
    'registry.test/v1',
  ]) {
    await write(docker(), { auths: { [key]: login('old') } });
    expect(await userOf('registry.test')).toBe('old');
    expect(await userOf('other.test')).toBeUndefined();
  }
});

test('knows Docker Hub by all its names, and its own images by "library"', async () => {
  for (const key of ['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'registry-1.docker.io']) {
    await write(docker(), { auths: { [key]: login('hub') } });
    expect(await userOf('docker.io', 'ann/api')).toBe('hub');
    expect(await userOf('registry.test')).toBeUndefined();
  }
  await write(podman(), { auths: { 'docker.io/library/api': login('librarian') } });
  expect(await userOf('docker.io', 'api')).toBe('librarian');
});

test('passes over a file without a login for the registry', async () => {
  await write(podman(), { auths: { 'registry.test': {} } });
  await write(docker(), { auths: { 'registry.test': login('second') } });
  expect(await userOf('registry.test')).toBe('second');
});

test('asks the helper of the host, with the host on stdin', async () => {
  await helper(
    'lab',
    'console.log(JSON.stringify({ ServerURL: server, Username: "at " + server, Secret: "s3cret" }));',
  );
  await write(docker(), { credHelpers: { 'registry.test': 'lab' }, auths: { 'registry.test': login('file') } });
  expect(await findCredentials('registry.test', 'api', source)).toEqual({
    username: 'at registry.test',
    password: 's3cret',
    source: `from docker-credential-lab, which ${docker()} names`,
  });
});

test('asks the store for every other host, by the name that docker gives it', async () => {
  await helper('all', 'console.log(JSON.stringify({ Username: "at " + server, Secret: "s" }));');
  await write(docker(), { credsStore: 'all', auths: { 'https://index.docker.io/v1/': {} } });
  expect(await userOf('docker.io', 'ann/api')).toBe('at https://index.docker.io/v1/');
  expect(await userOf('registry.test')).toBe('at registry.test');
});

test('takes the secret of the user <token> as an identity token', async () => {
  await helper('lab', 'console.log(JSON.stringify({ Username: "<token>", Secret: "idt" }));');
  await write(docker(), { credHelpers: { 'registry.test': 'lab' } });
  expect(await userOf('registry.test')).toBe('token idt');
});

test('goes on where a helper knows no login', async () => {
  await helper('empty', 'console.log("credentials not found in native keychain"); process.exit(1);');
  await write(docker(), { credsStore: 'empty', auths: { 'registry.test': login('file') } });
  expect(await userOf('registry.test')).toBe('file');
  expect(await userOf('other.test')).toBeUndefined();
});

test('says which helper fails, cannot be run or makes no sense, and in which file it is named', async () => {
  await helper('failing', 'console.log("s3cret keychain is locked"); process.exit(2);');
  await helper('babbling', 'console.log("s3cret");');
  for (const [name, what] of Object.entries({
    failing: 'failed with exit code 2',
    babbling: 'makes no sense',
    missing: 'cannot be run',
    '../evil': "no program's name",
  })) {
    await write(docker(), { credsStore: name });
    const problem = await problemFrom(findCredentials('registry.test', 'api', source));
    expect(problem.code).toBe('registry.credentials');
    expect(problem.message).toContain(what);
    expect(problem.message).toContain(docker());
    expect(JSON.stringify(problem)).not.toContain('s3cret');
  }
});

test('names a broken file, and quotes nothing of it', async () => {
  const auth = Buffer.from('s3cret').toString('base64');
  for (const content of [
    `{"auths":{"registry.test":{"auth":"${auth}"}`,
    { auths: { 'registry.test': { auth } } },
    { auths: { 'registry.test': { auth: [auth] } } },
    [auth],
  ]) {
    await write(podman(), content);
    const problem = await problemFrom(findCredentials('registry.test', 'api', source));
    expect(problem.code).toBe('registry.credentials');
    expect(problem.message).toContain(podman());
    expect(JSON.stringify(problem)).not.toContain(auth);
    expect(JSON.stringify(problem)).not.toContain('s3cret');
  }
});

test('takes an empty file for no file', async () => {
  await write(podman(), '');
  expect(await userOf('registry.test')).toBeUndefined();
});
