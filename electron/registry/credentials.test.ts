import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { type CredentialSource, credentialFiles } from './credential-source.ts';
import { findCredentials } from './credentials.ts';

let folder: string;
let source: CredentialSource;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credentials-'));
  const env = { PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter), XDG_RUNTIME_DIR: join(folder, 'run') };
  source = { env, home: join(folder, 'home'), platform: 'linux', uid: 1000, root: join(folder, 'root') };
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const podmanFile = () => join(folder, 'run', 'containers', 'auth.json');
const dockerFile = () => join(folder, 'home', '.docker', 'config.json');

async function write(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
}

function login(user: string, password = 'secret'): { auth: string } {
  return { auth: Buffer.from(`${user}:${password}`).toString('base64') };
}

/** Creates a credential helper: a program that runs `script` with the requested `server`. */
async function writeHelper(name: string, script: string): Promise<void> {
  const path = join(folder, 'bin', `docker-credential-${name}`);
  await write(
    path,
    `#!/usr/bin/env node
const server = require('node:fs').readFileSync(0, 'utf8').trim();
${script}`,
  );
  await chmod(path, 0o755);
}

async function findUser(registry: string, repository = 'team/api', from = source): Promise<string | undefined> {
  const credentials = await findCredentials(registry, repository, from);
  return credentials && ('identityToken' in credentials ? `token ${credentials.identityToken}` : credentials.username);
}

async function problemFrom(promise: Promise<unknown>): Promise<Problem> {
  return promise.then(
    () => {
      throw new Error('the promise was fulfilled');
    },
    (thrown: unknown) => problemOf(thrown),
  );
}

test('finds no credentials without a login', async () => {
  expect(await findCredentials('registry.test', 'api', source)).toBeUndefined();
});

test('uses the credentials entered for the push instead of any file', async () => {
  await write(podmanFile(), 'not even JSON');
  const explicit = { username: 'entered', password: 'p' };
  expect(await findUser('registry.test', 'api', { ...source, explicit })).toBe('entered');
});

test('searches the files in order: REGISTRY_AUTH_FILE, the session, podman, docker', async () => {
  const files = [
    join(folder, 'named.json'),
    podmanFile(),
    join(folder, 'home', '.config', 'containers', 'auth.json'),
    dockerFile(),
  ];
  const withAuthFile = { ...source, env: { ...source.env, REGISTRY_AUTH_FILE: files[0] } };
  expect(credentialFiles(withAuthFile)).toEqual(files);
  for (const [index, file] of [...files.entries()].reverse()) {
    await write(file, { auths: { 'registry.test': login(`user${index}`) } });
    expect(await findUser('registry.test', 'api', withAuthFile)).toBe(`user${index}`);
  }
});

test('knows the files of each system', () => {
  const home = '/home/ann';
  expect(credentialFiles({ env: {}, home, platform: 'linux', uid: 1000, root: '/' })).toEqual([
    '/run/containers/1000/auth.json',
    '/home/ann/.config/containers/auth.json',
    '/home/ann/.docker/config.json',
  ]);
  expect(
    credentialFiles({ env: { XDG_RUNTIME_DIR: '/run/user/1' }, home, platform: 'darwin', uid: 501, root: '/' }),
  ).toEqual(['/home/ann/.config/containers/auth.json', '/home/ann/.docker/config.json']);
  expect(
    credentialFiles({
      env: { XDG_CONFIG_HOME: 'D:\\config', DOCKER_CONFIG: 'D:\\docker' },
      home: 'C:\\ann',
      platform: 'win32',
      uid: -1,
      root: '/',
    }),
  ).toEqual(['D:\\config\\containers\\auth.json', 'D:\\docker\\config.json']);
});

test('prefers the login of the longest matching path', async () => {
  const auths = {
    'registry.test': login('host'),
    'registry.test/team': login('team'),
    'registry.test/team/api': login('api'),
    'registry.test/te': login('not a path prefix'),
  };
  await write(podmanFile(), { auths });
  expect(await findUser('registry.test', 'team/api')).toBe('api');
  expect(await findUser('registry.test', 'team/web')).toBe('team');
  expect(await findUser('registry.test', 'web')).toBe('host');
  expect(await findUser('registry.test:5000', 'team/api')).toBeUndefined();
});

test('keeps colons in a password and removes NUL padding', async () => {
  await write(podmanFile(), { auths: { 'registry.test': login('_json_key', '{"a":"b:c"}\0\0') } });
  expect(await findCredentials('registry.test', 'api', source)).toEqual({
    username: '_json_key',
    password: '{"a":"b:c"}',
    source: `from ${podmanFile()}`,
  });
});

test('reads an identity token', async () => {
  await write(dockerFile(), { auths: { 'registry.test': { ...login('', ''), identitytoken: 'idt' } } });
  expect(await findUser('registry.test')).toBe('token idt');
});

test('finds old keys with a scheme and a version', async () => {
  for (const key of [
    'https://registry.test/v1/',
    'https://registry.test/v2',
    'http://registry.test',
    'registry.test/v1',
  ]) {
    await write(dockerFile(), { auths: { [key]: login('old') } });
    expect(await findUser('registry.test')).toBe('old');
    expect(await findUser('other.test')).toBeUndefined();
  }
});

test('finds Docker Hub by all its names, and its official images in "library"', async () => {
  for (const key of ['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'registry-1.docker.io']) {
    await write(dockerFile(), { auths: { [key]: login('hub') } });
    expect(await findUser('docker.io', 'ann/api')).toBe('hub');
    expect(await findUser('registry.test')).toBeUndefined();
  }
  await write(podmanFile(), { auths: { 'docker.io/library/api': login('librarian') } });
  expect(await findUser('docker.io', 'api')).toBe('librarian');
});

test('skips a file without a login for the registry', async () => {
  await write(podmanFile(), { auths: { 'registry.test': {} } });
  await write(dockerFile(), { auths: { 'registry.test': login('second') } });
  expect(await findUser('registry.test')).toBe('second');
});

test('runs the helper of the host, with the host on stdin', async () => {
  await writeHelper(
    'lab',
    'console.log(JSON.stringify({ ServerURL: server, Username: "at " + server, Secret: "s3cret" }));',
  );
  await write(dockerFile(), { credHelpers: { 'registry.test': 'lab' }, auths: { 'registry.test': login('file') } });
  expect(await findCredentials('registry.test', 'api', source)).toEqual({
    username: 'at registry.test',
    password: 's3cret',
    source: `from docker-credential-lab, which is configured in ${dockerFile()}`,
  });
});

test('runs the credsStore helper for every other host, by the name that docker uses', async () => {
  await writeHelper('all', 'console.log(JSON.stringify({ Username: "at " + server, Secret: "s" }));');
  await write(dockerFile(), { credsStore: 'all', auths: { 'https://index.docker.io/v1/': {} } });
  expect(await findUser('docker.io', 'ann/api')).toBe('at https://index.docker.io/v1/');
  expect(await findUser('registry.test')).toBe('at registry.test');
});

test('uses the secret of the user <token> as an identity token', async () => {
  await writeHelper('lab', 'console.log(JSON.stringify({ Username: "<token>", Secret: "idt" }));');
  await write(dockerFile(), { credHelpers: { 'registry.test': 'lab' } });
  expect(await findUser('registry.test')).toBe('token idt');
});

test('continues if a helper has no login', async () => {
  await writeHelper('empty', 'console.log("credentials not found in native keychain"); process.exit(1);');
  await write(dockerFile(), { credsStore: 'empty', auths: { 'registry.test': login('file') } });
  expect(await findUser('registry.test')).toBe('file');
  expect(await findUser('other.test')).toBeUndefined();
});

test('names the helper that fails, cannot be run or returns invalid output, and its file', async () => {
  await writeHelper('failing', 'console.log("s3cret keychain is locked"); process.exit(2);');
  await writeHelper('invalid', 'console.log("s3cret");');
  for (const [name, what] of Object.entries({
    failing: 'failed with exit code 2',
    invalid: 'returned output that is not valid',
    missing: 'cannot be run',
    '../evil': 'not a valid program name',
  })) {
    await write(dockerFile(), { credsStore: name });
    const problem = await problemFrom(findCredentials('registry.test', 'api', source));
    expect(problem.code).toBe('registry.credentials');
    expect(problem.message).toContain(what);
    expect(problem.message).toContain(dockerFile());
    expect(JSON.stringify(problem)).not.toContain('s3cret');
  }
});

test('names an invalid file without quoting it', async () => {
  const auth = Buffer.from('s3cret').toString('base64');
  for (const content of [
    `{"auths":{"registry.test":{"auth":"${auth}"}`,
    { auths: { 'registry.test': { auth } } },
    { auths: { 'registry.test': { auth: [auth] } } },
    [auth],
    `"${auth}"`,
  ]) {
    await write(podmanFile(), content);
    const problem = await problemFrom(findCredentials('registry.test', 'api', source));
    expect(problem.code).toBe('registry.credentials');
    expect(problem.message).toContain(podmanFile());
    expect(JSON.stringify(problem)).not.toContain(auth);
    expect(JSON.stringify(problem)).not.toContain('s3cret');
  }
});

test('treats an empty file like a missing one', async () => {
  await write(podmanFile(), '');
  expect(await findUser('registry.test')).toBeUndefined();
});

test('ignores null and values of other types, which do not hide the login of the registry', async () => {
  const good = login('ann');
  for (const content of [
    { auths: { 'other.test': null, 'registry.test': good } },
    { auths: { 'other.test': { auth: 5 }, 'registry.test': good } },
    { auths: { 'registry.test': { ...good, identitytoken: null, username: null, password: null, email: null } } },
    { auths: { 'registry.test': good }, credsStore: null, credHelpers: null },
    { auths: { 'registry.test': good }, credsStore: '', credHelpers: { 'registry.test': null } },
    { auths: { 'registry.test': good }, credsStore: {}, credHelpers: { 'other.test': 5 }, HttpHeaders: [] },
    { AUTHS: { 'registry.test': { Auth: good.auth } } },
  ]) {
    await write(dockerFile(), content);
    expect(await findUser('registry.test')).toBe('ann');
  }
  for (const content of ['null', { auths: null }, { auths: [] }, { auths: { 'registry.test': null } }]) {
    await write(dockerFile(), content);
    expect(await findUser('registry.test')).toBeUndefined();
  }
});

test('finds the key of a namespace however it is written', async () => {
  for (const key of [
    'registry.test/team',
    'https://registry.test/team',
    'Registry.test/team/',
    'http://registry.test/team/',
  ]) {
    await write(dockerFile(), { auths: { 'registry.test': login('host'), [key]: login('team') } });
    expect(await findUser('registry.test', 'team/sub/api')).toBe('team');
    expect(await findUser('registry.test', 'teams/api')).toBe('host');
  }
});

test('uses a URL with any path for its host if there is no better key', async () => {
  await write(dockerFile(), { auths: { 'https://registry.test/some/login': login('old') } });
  expect(await findUser('registry.test', 'team/api')).toBe('old');
  expect(await findUser('registry.tes', 'team/api')).toBeUndefined();
});

test('a helper or file that fails does not hide a login in the same or another file', async () => {
  await writeHelper('failing', 'process.exit(2);');
  const auths = { 'registry.test': login('file') };
  for (const name of ['missing', 'failing', '../evil']) {
    await write(dockerFile(), { credsStore: name, auths });
    expect(await findUser('registry.test')).toBe('file');
    await write(dockerFile(), { credHelpers: { 'registry.test': name }, auths });
    expect(await findUser('registry.test')).toBe('file');
  }
  await write(podmanFile(), '{"auths":');
  expect(await findUser('registry.test')).toBe('file');
  expect((await problemFrom(findCredentials('other.test', 'api', source))).message).toContain(podmanFile());
});

test('reads the login of podman without a session, by the number of the user', async () => {
  const env = { ...source.env, XDG_RUNTIME_DIR: undefined };
  await write(join(folder, 'root', 'run', 'containers', '1000', 'auth.json'), {
    auths: { 'registry.test': login('cron') },
  });
  expect(await findUser('registry.test', 'api', { ...source, env })).toBe('cron');
});
