/** Sign-in, settings and checks of registries, and pushes to several, against real registries with basic and token auth and TLS. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from '../electron/images/digest.ts';
import { ImageStore } from '../electron/images/image-store.ts';
import { addSampleImage, sampleImage } from '../electron/images/testing/sample-image.ts';
import { platformParts } from '../shared/platform.ts';
import { registryCheckSchema, registrySchema } from '../shared/registry.ts';
import { bundledCli, type Outcome, Person } from './harness.ts';
import { createAuthority } from './lab/authority.ts';
import { run } from './lab/command.ts';
import { startForwardProxy } from './lab/forward-proxy.ts';
import { type AuthRegistry, startAuthRegistry } from './lab/registries.ts';

const reference = 'api:1';
let folder: string;
let person: Person;
let basic: AuthRegistry;
let token: AuthRegistry;
let identity: AuthRegistry;
let secured: AuthRegistry;
let authorityFile: string;
let client: { readonly certificate: string; readonly key: string };
/** The environment that keeps the logins of this computer out. */
let env: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'registries-'));
  env = {
    HOME: join(folder, 'home'),
    XDG_CONFIG_HOME: join(folder, 'config'),
    XDG_RUNTIME_DIR: join(folder, 'run'),
    DOCKER_CONFIG: join(folder, 'docker'),
    PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter),
  };
  person = await Person.create(env);
  const authority = await createAuthority(folder, 'authority');
  const server = await authority.issue('server');
  authorityFile = authority.certificate;
  client = await authority.issue('client');
  [basic, token, identity, secured] = await Promise.all([
    startAuthRegistry({ mode: 'basic' }),
    startAuthRegistry({ mode: 'token' }),
    startAuthRegistry({ mode: 'token', identityTokens: true }),
    startAuthRegistry({ mode: 'none', tls: { ...server, clientAuthority: authority.certificate } }),
  ]);
  await storeSamples(reference, 'several:1');
});
afterAll(async () => {
  await Promise.all([basic, token, identity, secured].map((registry) => registry?.stop()));
  await person?.remove();
  await rm(folder, { recursive: true, force: true });
});

/** Images for two platforms with real layers, which compress well. */
async function storeSamples(...references: string[]): Promise<void> {
  const store = await ImageStore.open(join(person.home, 'images'));
  const lease = await store.createLease('test');
  const makeImages = () =>
    ['linux/amd64', 'linux/arm64'].map(async (name) => {
      const tar = await makeTar(name);
      const layers = [gzipSync(tar)];
      const image = sampleImage(name, {
        layers,
        docker: true,
        config: { ...platformParts(sampleImage(name).platform), rootfs: { type: 'layers', diff_ids: [digestOf(tar)] } },
      });
      return addSampleImage(store, lease, image);
    });
  for (const each of references) {
    await store.commit(each, await Promise.all(makeImages()));
  }
  await lease.release();
  await store.close();
}

async function makeTar(name: string): Promise<Buffer> {
  const files = join(folder, name.replace('/', '-'));
  await mkdir(files, { recursive: true });
  await writeFile(join(files, 'content'), `${name} ${randomBytes(8).toString('hex')}\n`.repeat(5000));
  await run(['tar', '-cf', `${files}.tar`, '-C', files, '.']);
  return readFile(`${files}.tar`);
}

/** Runs a command with text on its standard input. */
async function runWith(input: string, ...args: string[]): Promise<Outcome> {
  const variables = Object.entries({ ...env, BARNRAISER_HOME: person.home }).map(([name, value]) => `${name}=${value}`);
  return run(['env', ...variables, process.execPath, ...bundledCli, ...args], { input });
}

const login = (registry: AuthRegistry, password: string, ...more: string[]): Promise<Outcome> =>
  runWith(
    password,
    ...['login', registry.address, '--username', registry.username, '--password-stdin', '--tls-verify=false', ...more],
  );

const podmanFile = (): string => join(folder, 'run', 'containers', 'auth.json');
const dockerFile = (): string => join(folder, 'docker', 'config.json');
const readJson = async (path: string) => JSON.parse(await readFile(path, 'utf8'));

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

/** The manifest of a tag, as anyone with the login sees it. */
async function manifestOf({ address, username, password }: AuthRegistry, name: string): Promise<Response> {
  const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json';
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return fetch(`http://${address}/v2/${name}`, { headers: { accept, authorization } });
}

describe('a login', () => {
  test('is saved only if the registry accepts it, and says why not otherwise', async () => {
    for (const registry of [basic, token]) {
      const refused = await login(registry, 'not the password');
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(`rejected the user "${registry.username}"`);
      expect(refused.stderr).not.toContain('not the password');
      await expect(stat(podmanFile())).rejects.toThrow();
    }
  });

  test('is kept in the file of podman or docker beside everything else, and removed from there', async () => {
    const before = { auths: { 'other.test': { auth: 'YTpi', note: 'kept' } }, HttpHeaders: { 'User-Agent': 'x' } };
    await write(dockerFile(), JSON.stringify(before, null, 2));
    await chmod(dockerFile(), 0o600);
    const saved = await login(basic, basic.password, '--store', 'docker');
    expect(saved.stdout, saved.stderr).toContain(`Signed in to ${basic.address} as ${basic.username}`);
    const auth = Buffer.from(`${basic.username}:${basic.password}`).toString('base64');
    expect(await readJson(dockerFile())).toEqual({ ...before, auths: { ...before.auths, [basic.address]: { auth } } });
    expect(await readFile(dockerFile(), 'utf8')).toContain('\n  "auths"');
    expect((await stat(dockerFile())).mode & 0o777).toBe(0o600);
    // a terminal has no keychain, so the login goes where podman keeps it
    const own = await login(token, token.password);
    expect(own.code, own.stderr).toBe(0);
    expect(own.stderr).toContain('podman login');
    expect((await stat(podmanFile())).mode & 0o777).toBe(0o600);
    const logins = JSON.parse((await person.mustRun('login', '--list', '--json')).trim());
    expect(logins).toEqual([
      { name: token.address, username: token.username, store: 'podman', keptIn: podmanFile() },
      { name: 'other.test', username: 'a', store: 'docker', keptIn: dockerFile() },
      { name: basic.address, username: basic.username, store: 'docker', keptIn: dockerFile() },
    ]);
    await person.mustRun('push', reference, `${basic.address}/logins/file:1`, '--tls-verify=false');
    await person.mustRun('push', reference, `${token.address}/logins/file:1`, '--tls-verify=false');
    await person.mustRun('logout', basic.address);
    expect(await readJson(dockerFile())).toEqual(before);
    const gone = await person.barnraiser('push', reference, `${basic.address}/logins/file:2`, '--tls-verify=false');
    expect(gone.stderr).toContain(`barnraiser login ${basic.address}`);
    expect((await manifestOf(basic, 'logins/file/manifests/2')).status).toBe(404);
  });

  test('is kept by the credential helper that the file names', async () => {
    const kept = join(folder, 'kept.json');
    const helper = join(folder, 'bin', 'docker-credential-test');
    await write(
      helper,
      `#!/usr/bin/env node
const fs = require('node:fs');
const input = fs.readFileSync(0, 'utf8').trim();
const all = fs.existsSync(${JSON.stringify(kept)}) ? JSON.parse(fs.readFileSync(${JSON.stringify(kept)}, 'utf8')) : {};
const save = () => fs.writeFileSync(${JSON.stringify(kept)}, JSON.stringify(all));
switch (process.argv[2]) {
  case 'store': { const { ServerURL, Username, Secret } = JSON.parse(input); all[ServerURL] = { Username, Secret }; save(); break; }
  case 'erase': delete all[input]; save(); break;
  case 'list': console.log(JSON.stringify(Object.fromEntries(Object.entries(all).map(([k, v]) => [k, v.Username])))); break;
  default: if (all[input]) console.log(JSON.stringify({ ServerURL: input, ...all[input] })); else { console.log('credentials not found in native keychain'); process.exit(1); }
}
`,
    );
    await chmod(helper, 0o755);
    await write(dockerFile(), JSON.stringify({ auths: {}, credHelpers: { [basic.address]: 'test' } }));
    const saved = await login(basic, basic.password, '--store', 'docker');
    expect(saved.stdout, saved.stderr).toContain('docker-credential-test');
    expect(await readJson(kept)).toEqual({
      [basic.address]: { Username: basic.username, Secret: basic.password },
    });
    expect(await readFile(dockerFile(), 'utf8')).not.toContain('auth"');
    await person.mustRun('push', reference, `${basic.address}/logins/helper:1`, '--tls-verify=false');
    await person.mustRun('logout', basic.address, '--store', 'docker');
    expect(await readJson(kept)).toEqual({});
  });

  test('is an identity token where the token server gives one', async () => {
    const saved = await login(identity, identity.password, '--store', 'podman');
    expect(saved.code, saved.stderr).toBe(0);
    const { auths } = await readJson(podmanFile());
    expect(auths[identity.address].identitytoken).toMatch(/^[\da-f-]{36}$/);
    expect(JSON.stringify(auths)).not.toContain(identity.password);
    await person.mustRun('push', reference, `${identity.address}/logins/identity:1`, '--tls-verify=false');
    await person.mustRun('logout', '--all', '--store', 'podman');
    expect((await readJson(podmanFile())).auths).toEqual({});
  });

  test('cannot be kept in Barnraiser without a keychain, and says where it can', async () => {
    const refused = await login(basic, basic.password, '--store', 'barnraiser');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('Keep the login in the file of podman');
  });
});

describe('the settings of a registry', () => {
  const check = async (...args: string[]) => {
    const { stdout, stderr } = await person.barnraiser('registry', 'check', secured.address, '--json', ...args);
    return registryCheckSchema.parse(JSON.parse(stdout || stderr));
  };

  test('are its authority and client certificate, and a check says what is missing', async () => {
    const unknown = await check();
    expect(unknown.passed).toBe(false);
    expect(unknown.steps.find(({ id }) => id === 'tls')).toMatchObject({
      status: 'failed',
      text: expect.stringContaining('unknown certificate authority'),
      facts: expect.arrayContaining([{ name: 'Certificate of', value: 'server' }]),
    });
    await person.mustRun('registry', 'add', secured.address, '--ca', authorityFile);
    const anonymous = await check();
    expect(anonymous.steps.find(({ status }) => status === 'failed')?.text).toContain('client certificate');
    const files = ['--client-cert', client.certificate, '--client-key', client.key];
    await person.mustRun('registry', 'set', secured.address, ...files);
    const passed = await check('--repository', 'settings/api');
    expect(passed, JSON.stringify(passed, null, 1)).toMatchObject({ passed: true });
    expect(passed.steps.map(({ id, status }) => [id, status])).toEqual([
      ['address', 'passed'],
      ['tls', 'passed'],
      ['api', 'passed'],
      ['sign-in', 'skipped'],
      ['pull', 'passed'],
      ['push', 'passed'],
    ]);
    await person.mustRun('push', reference, `${secured.address}/settings/api:1`);
    await person.mustRun('registry', 'remove', secured.address);
    expect((await person.barnraiser('push', reference, `${secured.address}/settings/api:2`)).code).toBe(1);
  });

  test('come from registries.conf and certs.d, too, and are shown with their files', async () => {
    const conf = join(folder, 'config', 'containers', 'registries.conf.d', 'test.conf');
    await write(
      conf,
      `[[registry]]
location = "${basic.address}"
insecure = true

[[registry]]
location = "blocked.test"
blocked = true
`,
    );
    const certificates = join(folder, 'config', 'containers', 'certs.d', secured.address);
    await mkdir(certificates, { recursive: true });
    await writeFile(join(certificates, 'ca.crt'), await readFile(authorityFile));
    await writeFile(join(certificates, 'client.cert'), await readFile(client.certificate));
    await writeFile(join(certificates, 'client.key'), await readFile(client.key));
    const creds = `${basic.username}:${basic.password}`;
    await person.mustRun('push', reference, `${basic.address}/settings/conf:1`, '--creds', creds);
    await person.mustRun('push', reference, `${secured.address}/settings/certs:1`);
    const blocked = await person.barnraiser('push', reference, 'blocked.test/api:1');
    expect(blocked.stderr).toContain(`is blocked in ${conf}`);
    const list = registrySchema.array().parse(JSON.parse(await person.mustRun('registry', 'list', '--json')));
    const named = (name: string) => list.find((each) => each.name === name);
    expect(named(basic.address)).toMatchObject({ tls: 'no-verify', files: [conf], pushedAt: expect.any(String) });
    expect(named('blocked.test')).toMatchObject({ blockedBy: conf });
    expect(named(secured.address)?.certificates).toContain(join(certificates, 'ca.crt'));
    // its own settings win
    await person.mustRun('registry', 'add', basic.address, '--tls', 'verify');
    const refused = await person.barnraiser('push', reference, `${basic.address}/settings/conf:2`, '--creds', creds);
    expect(refused.stderr).toContain('plain HTTP');
    const checked = await person.barnraiser('registry', 'check', basic.address);
    expect(checked.code).toBe(1);
    expect(checked.stdout).toMatch(
      /✗ tls +The registry at \S+ uses plain HTTP without TLS\.\n.*registry add \S+ --tls plain-http/s,
    );
    await person.mustRun('registry', 'set', basic.address, '--tls', 'plain-http');
  });
});

describe('a proxy of one registry', () => {
  test('gets tunnels for https and whole addresses for plain HTTP, with its login, and nothing of other registries', async () => {
    const proxy = await startForwardProxy('anna:proxy secret');
    try {
      const address = (login: string): string => `http://${login}@${proxy.address}`;
      const files = ['--ca', authorityFile, '--client-cert', client.certificate, '--client-key', client.key];
      await person.mustRun('registry', 'set', secured.address, ...files, '--proxy', address('anna:proxy%20secret'));
      await person.mustRun('registry', 'set', basic.address, '--tls', 'plain-http', '--proxy', address('anna:wrong'));
      const creds = ['--creds', `${basic.username}:${basic.password}`];
      const refused = await person.barnraiser('push', reference, `${basic.address}/proxy/api:1`, ...creds);
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('the proxy requires a login') });
      await person.mustRun('registry', 'set', basic.address, '--proxy', address('anna:proxy%20secret'));
      await person.mustRun('push', reference, `${basic.address}/proxy/api:1`, ...creds);
      await person.mustRun('push', reference, `${secured.address}/proxy/api:1`);
      expect(new Set(proxy.requests.filter((line) => line.startsWith('CONNECT')))).toEqual(
        new Set([`CONNECT ${secured.address}`]),
      );
      expect(proxy.requests).toContain(`PUT http://${basic.address}/v2/proxy/api/manifests/1`);
      const seen = proxy.requests.length;
      await person.mustRun(
        ...['push', reference, `${token.address}/proxy/api:1`, '--tls-verify=false'],
        ...['--creds', `${token.username}:${token.password}`],
      );
      expect(proxy.requests).toHaveLength(seen);
      // a list of registries may be seen by others
      expect(await person.mustRun('registry', 'list')).not.toContain('secret');
      await proxy.stop();
      const down = await person.barnraiser('push', reference, `${basic.address}/proxy/api:2`, ...creds);
      expect(down.stderr).toMatch(/the proxy at port \d+ refused the connection/);
    } finally {
      await proxy.stop().catch(() => undefined);
      await person.mustRun('registry', 'set', basic.address, '--proxy', '');
      await person.mustRun('registry', 'remove', secured.address);
    }
  });
});

describe('a mirror', () => {
  test('is read, with its own login, and another is asked where it is down; what is pushed goes to the registry itself', async () => {
    const down = '127.0.0.1:1';
    const creds = ['--creds', `${basic.username}:${basic.password}`];
    await person.mustRun('registry', 'set', basic.address, '--tls', 'plain-http');
    const pushedList = await person.mustRun('push', reference, `${basic.address}/hub/team/api:1`, ...creds);
    await login(basic, basic.password, '--store', 'podman');
    await person.mustRun('registry', 'add', down, '--mirror', `${down}/nowhere`, '--mirror', `${basic.address}/hub`);
    const pulledList = await person.mustRun('pull', `${down}/team/api:1`, '-t', 'mirrored:1');
    const digestIn = (text: string): string => /sha256:[0-9a-f]{64}/.exec(text)?.[0] ?? '';
    expect(digestIn(pulledList)).toBe(digestIn(pushedList));
    expect(digestIn(pulledList)).not.toBe('');
    expect((await person.mustRun('tags', `${down}/team/api`)).trim()).toBe('1');
    const pushed = await person.barnraiser('push', 'mirrored:1', `${down}/team/api:2`);
    expect(pushed).toMatchObject({ code: 1, stderr: expect.stringContaining(down) });

    // a mirror that is down does not hide the registry
    await person.mustRun('registry', 'set', basic.address, '--mirror', `${down}/hub`);
    await person.mustRun('pull', `${basic.address}/hub/team/api:1`, '-t', 'direct:1');
    await person.mustRun('registry', 'set', basic.address, '--mirror', '');
    await person.mustRun('registry', 'remove', down);
    await person.mustRun('logout', basic.address, '--store', 'podman');
  });
});

describe('a push by the nodes', () => {
  test('says before the build which settings of the registry they do not get', async () => {
    const files = ['--ca', authorityFile, '--client-cert', client.certificate, '--client-key', client.key];
    await person.mustRun('registry', 'set', secured.address, ...files, '--proxy', 'http://proxy.test:3128');
    const project = join(folder, 'project');
    await write(join(project, 'Containerfile'), 'FROM scratch\nCOPY Containerfile /\n');
    const { code, stderr } = await person.barnraiser(
      ...['build', '-t', `${secured.address}/direct:1`, '--push', '--direct', '--node', 'none', project],
    );
    expect(code).toBe(1);
    expect(stderr).toContain(`do not get the certificate authority of ${secured.address}`);
    expect(stderr).toContain(`/etc/containers/certs.d/${secured.address}`);
    expect(stderr).toContain('do not get the client certificate');
    expect(stderr).toContain('do not use the proxy setting');
    await person.mustRun('registry', 'remove', secured.address);
  });
});

describe('a push', () => {
  test('goes to several tags and registries, and one that fails leaves the others alone', async () => {
    await login(basic, basic.password, '--store', 'podman');
    await login(token, token.password, '--store', 'podman');
    const destinations = [
      `${basic.address}/several/api:1`,
      `${basic.address}/several/api:latest`,
      `${basic.address}/several/other:1`,
      `${token.address}/several/api:1`,
      'blocked.test/several/api:1',
    ];
    const { code, stdout, stderr } = await person.barnraiser(
      ...['push', 'several:1', ...destinations, '--tls-verify=false'],
    );
    expect(code).toBe(1);
    expect(
      stdout.split('\n').filter((line) => line.startsWith('Pushed ')),
      stderr,
    ).toHaveLength(4);
    expect(stderr).toContain('Not pushed to blocked.test/several/api:1');
    expect(stderr).toContain('1 of 5 destinations failed');
    // blobs are sent once to each registry
    expect(stdout.match(/\b0 B uploaded/g)).toHaveLength(2);
    const digests = await Promise.all(
      ['several/api/manifests/1', 'several/api/manifests/latest', 'several/other/manifests/1'].map(async (name) =>
        (await manifestOf(basic, name)).headers.get('docker-content-digest'),
      ),
    );
    expect(new Set(digests).size).toBe(1);
    const { stdout: events } = await person.barnraiser(
      'push',
      reference,
      ...destinations.slice(0, 2),
      '--tls-verify=false',
      '--json',
    );
    const ends = events
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === 'push.finished');
    expect(ends.map(({ push }) => push.destination).sort()).toEqual(destinations.slice(0, 2));
    expect(new Set(ends.map(({ push }) => push.group)).size).toBe(1);
  });

  test('refuses entered credentials for several registries, and a destination twice', async () => {
    const two = [`${basic.address}/two/api:1`, `${token.address}/two/api:1`];
    const refused = await person.barnraiser('push', reference, ...two, '--creds', 'a:b', '--tls-verify=false');
    expect(refused.stderr).toContain('are for one registry');
  });

  test.each([
    ['zstd', 'application/vnd.oci.image.index.v1+json', 'application/vnd.oci.image.layer.v1.tar+zstd'],
    [
      'gzip',
      'application/vnd.docker.distribution.manifest.list.v2+json',
      'application/vnd.docker.image.rootfs.diff.tar.gzip',
    ],
  ])('compresses layers by %s anew, which others read', async (format, listType, layerType) => {
    const name = `compressed/${format}`;
    const force = format === 'gzip' ? ['--force-compression', '--compression-level', '9'] : [];
    const destination = `${basic.address}/${name}:1`;
    await person.mustRun('push', reference, destination, '--compression', format, ...force, '--tls-verify=false');
    const list = await manifestOf(basic, `${name}/manifests/1`);
    expect(list.headers.get('content-type')).toBe(listType);
    const copied = join(folder, `copied-${format}`);
    const { code, stderr } = await run([
      ...['skopeo', '--override-os', 'linux', '--override-arch', 'arm64', 'copy', '--src-tls-verify=false'],
      ...['--src-creds', `${basic.username}:${basic.password}`, `docker://${destination}`, `dir:${copied}`],
    ]);
    expect(code, stderr).toBe(0);
    const manifest = await readJson(join(copied, 'manifest.json'));
    expect(manifest.layers).toMatchObject([{ mediaType: layerType }]);
    const layer = join(copied, manifest.layers[0].digest.slice('sha256:'.length));
    const unpacked = await run([format, '-dc', layer]);
    const config = await readJson(join(copied, manifest.config.digest.slice('sha256:'.length)));
    expect(digestOf(Buffer.from(unpacked.stdout))).toBe(config.rootfs.diff_ids[0]);
    // what is stored stays as it is
    const stored = JSON.parse(await person.mustRun('inspect', reference, '--json'));
    expect(stored.mediaType).toBe('application/vnd.docker.distribution.manifest.list.v2+json');
    expect((await person.barnraiser('push', reference, destination, '--compression', 'zstd:chunked')).stderr).toContain(
      'not possible here',
    );
  });
});
