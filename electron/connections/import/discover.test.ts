import { access, chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Discovery, discoverySchema } from '../../../shared/discovery.ts';
import type { SystemPaths } from '../../system/system-paths.ts';
import { discover } from './discover.ts';
import type { ExistingEntries } from './merge-sources.ts';

let folder: string;
let paths: SystemPaths;
beforeEach(async () => {
  // a short prefix, because the path of a socket has at most 108 bytes
  folder = await mkdtemp(join(tmpdir(), 'dis-'));
  paths = { env: {}, home: join(folder, 'home'), platform: 'linux', uid: 1000, root: folder };
});
afterEach(() => rm(folder, { recursive: true }));

async function write(path: string, content: string | Buffer): Promise<string> {
  const absolute = join(folder, path);
  await mkdir(dirname(absolute), { recursive: true });
  await writeFile(absolute, content);
  return absolute;
}

async function listen(path: string): Promise<string> {
  const absolute = join(folder, path);
  await mkdir(dirname(absolute), { recursive: true });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(absolute, resolve));
  onTestFinished(() => void server.close());
  return absolute;
}

async function discoverHere(existing: Partial<ExistingEntries> = {}, env: SystemPaths['env'] = {}): Promise<Discovery> {
  const discovery = await discover({}, { connections: [], farms: [], ...existing }, { ...paths, env });
  expect(discoverySchema.parse(discovery)).toEqual(discovery);
  return discovery;
}

/** Each candidate as `NAME URI`. */
const summary = ({ candidates }: Discovery) => candidates.map(({ name, uri }) => `${name} ${uri}`);
const messages = ({ notes }: Discovery) => notes.map(({ message }) => message);

const podmanFile = 'home/.config/containers/podman-connections.json';
const containersConf = 'home/.config/containers/containers.conf';

function podmanJson(
  connections: Readonly<Record<string, string | object>>,
  farms: Readonly<Record<string, readonly string[] | null>> = {},
  defaultFarm = '',
): string {
  const entries = Object.entries(connections).map(([name, entry]) => [
    name,
    typeof entry === 'string' ? { URI: entry } : entry,
  ]);
  const Connections: unknown = Object.fromEntries(entries);
  return JSON.stringify({ Connection: { Connections }, Farm: { Default: defaultFarm, List: farms } });
}

test('a computer without engines gives an empty discovery without notes', async () => {
  expect(await discoverHere()).toEqual({ candidates: [], farms: [], notes: [] });
});

describe('hosts of the SSH configuration', () => {
  test('are listed with their alias as the host', async () => {
    await write('home/.ssh/config', 'Host pi4 pi*\n  HostName pi4.lan\n  User pi\nHost only-options\n  Port 5\n');
    expect((await discoverHere()).candidates).toEqual([
      { source: 'ssh-config', name: 'pi4', uri: 'ssh://pi4', notes: [] },
    ]);
  });

  test('an error in the configuration is noted with its line, and the other sources are listed', async () => {
    const path = await write('home/.ssh/config', 'Host pi4\n  HostName pi4.lan\n  Nonsense x\n');
    await write(podmanFile, podmanJson({ big: 'ssh://big' }));
    const discovery = await discoverHere();
    expect(summary(discovery)).toEqual(['big ssh://big']);
    expect(discovery.notes).toEqual([{ source: 'ssh-config', path, message: expect.stringContaining(`${path}:3: `) }]);
  });

  test('a name that cannot be used in a URI is noted', async () => {
    await write('home/.ssh/config', 'Host a/b ::1\n  HostName x\n');
    const discovery = await discoverHere();
    expect(summary(discovery)).toEqual(['1 ssh://[::1]']);
    expect(messages(discovery)).toEqual([
      'Host "a/b" has a name that cannot be used in a URI. Give it a simpler alias.',
    ]);
  });

  test('are limited in number if the configuration is very large', async () => {
    const hosts = Array.from({ length: 100_000 }, (_, index) => `Host h${index}\n HostName x`);
    await write('home/.ssh/config', hosts.join('\n'));
    // each host is looked up in all lines: 5,000,000 lookups in 200,000 lines
    expect(summary(await discoverHere())).toEqual(
      Array.from({ length: 25 }, (_, index) => `h${index} ssh://h${index}`),
    );
  });
});

describe('connections and farms of podman', () => {
  test('are listed with their identities and the default farm', async () => {
    const key = await write('home/.ssh/big', 'a key');
    const connections = {
      big: { URI: 'ssh://root@big:2222/run/podman/podman.sock', Identity: '~/.ssh/big', IsMachine: false },
      machine: { URI: 'ssh://core@127.0.0.1:52222/run/user/501/podman/podman.sock', IsMachine: true },
    };
    await write(podmanFile, podmanJson(connections, { all: ['machine', 'big'], empty: null }, 'all'));
    expect(await discoverHere()).toEqual({
      candidates: [
        { source: 'podman', name: 'big', uri: connections.big.URI, identity: key, notes: [] },
        {
          source: 'podman',
          name: 'machine',
          uri: connections.machine.URI,
          notes: [expect.stringContaining('podman machine start')],
        },
      ],
      farms: [
        { source: 'podman', name: 'all', connections: ['machine', 'big'], isDefault: true },
        { source: 'podman', name: 'empty', connections: [], isDefault: false },
      ],
      notes: [],
    });
  });

  test('are read from the path in the environment, or from the configuration folder', async () => {
    const named = await write('elsewhere.json', podmanJson({ one: 'ssh://one' }));
    await write('xdg/containers/podman-connections.json', podmanJson({ two: 'ssh://two' }));
    const XDG_CONFIG_HOME = join(folder, 'xdg');
    expect(summary(await discoverHere({}, { PODMAN_CONNECTIONS_CONF: named, XDG_CONFIG_HOME }))).toEqual([
      'one ssh://one',
    ]);
    expect(summary(await discoverHere({}, { XDG_CONFIG_HOME }))).toEqual(['two ssh://two']);
  });

  test('one that cannot be used is noted without its password, also for the farms that lack it', async () => {
    const connections = {
      good: 'ssh://good',
      plain: 'tcp://me:secret@10.0.0.1:8080',
      secret: 'ssh://me:secret@host',
      torn: 'ssh://me:secret',
      nothing: {},
    };
    await write(podmanFile, podmanJson(connections, { mixed: ['good', 'plain', 'gone'] }));
    const discovery = await discoverHere();
    expect(summary(discovery)).toEqual(['good ssh://good']);
    expect(discovery.farms).toMatchObject([{ name: 'mixed', connections: ['good'] }]);
    expect(messages(discovery)).toEqual([
      'Connection "nothing" has no URI.',
      expect.stringMatching(/^"plain" has a password .*add a connection named plain to ssh:/),
      expect.stringMatching(/^"secret" has a password in its URI/),
      expect.stringMatching(/^"torn" has a URI that is not valid/),
      'Farm "mixed" is imported without "plain" (cannot be used), "gone" (not found).',
    ]);
    expect(JSON.stringify(discovery)).not.toMatch(/secret@|:secret/);
  });

  test('a file that is not valid is noted with the position of the error, without its content', async () => {
    const path = await write(podmanFile, '{"Connection":\n{"a":"ssh://me:secret@h"');
    expect((await discoverHere()).notes).toEqual([
      { source: 'podman', path, message: expect.stringMatching(/^It is not valid JSON: line 2, column \d+: [^"]*\.$/) },
    ]);
    await write(podmanFile, '{"a": secret}');
    expect(messages(await discoverHere())).toEqual([expect.not.stringContaining('secret')]);
  });

  test('a folder instead of the file is noted', async () => {
    await mkdir(join(folder, podmanFile), { recursive: true });
    expect(messages(await discoverHere())).toEqual(['It is a folder, not a file.']);
  });

  test('may be named __proto__', async () => {
    await write(
      podmanFile,
      '{"Connection":{"Connections":{"__proto__":{"URI":"ssh://a"},"constructor":{"URI":"ssh://b"}}}}',
    );
    expect(summary(await discoverHere())).toEqual(['proto__ ssh://a', 'constructor ssh://b']);
  });
});

describe('containers.conf', () => {
  const toml = (name: string, uri: string) => `[engine.service_destinations."${name}"]\nuri = "${uri}"\n`;

  test('is read from the system and then the user, with drop-ins; later files override earlier ones', async () => {
    await write('usr/share/containers/containers.conf', toml('a', 'ssh://1') + toml('b', 'ssh://2'));
    await write('etc/containers/containers.conf', toml('b', 'ssh://3') + toml('c', 'ssh://4'));
    await write('etc/containers/containers.conf.d/20.conf', toml('d', 'ssh://5'));
    await write('etc/containers/containers.conf.d/10.conf', toml('c', 'ssh://6') + toml('d', 'ssh://7'));
    await write('etc/containers/containers.conf.d/no.txt', toml('never', 'ssh://never'));
    await write(containersConf, `${toml('e', 'ssh://8')}[farms]\ndefault = "f"\n[farms.list]\nf = ["a", "e"]\n`);
    await write('home/.config/containers/containers.conf.d/x.conf', toml('e', 'ssh://9'));
    const override = await write('last.conf', toml('a', 'ssh://10'));
    const discovery = await discoverHere({}, { CONTAINERS_CONF_OVERRIDE: override });
    expect(summary(discovery)).toEqual(['a ssh://10', 'b ssh://3', 'c ssh://6', 'd ssh://5', 'e ssh://9']);
    expect(discovery.farms).toEqual([
      { source: 'containers-conf', name: 'f', connections: ['a', 'e'], isDefault: true },
    ]);
    const only = await write('only.conf', toml('z', 'ssh://z'));
    expect(summary(await discoverHere({}, { CONTAINERS_CONF: only, CONTAINERS_CONF_OVERRIDE: override }))).toEqual([
      'z ssh://z',
      'a ssh://10',
    ]);
    expect(summary(await discoverHere({}, { CONTAINERS_CONF: '/dev/null' }))).toEqual([]);
  });

  test('a missing file is noted if the environment names it', async () => {
    const path = join(folder, 'gone.conf');
    expect((await discoverHere({}, { CONTAINERS_CONF: path })).notes).toEqual([
      { source: 'containers-conf', path, message: 'The file does not exist, but an environment variable names it.' },
    ]);
  });

  test('one that is not valid is noted with its line, without its content, and the others are read', async () => {
    const path = await write(containersConf, '[engine]\nuri = secret\n');
    await write('etc/containers/containers.conf', toml('b', 'ssh://b'));
    const discovery = await discoverHere();
    expect(summary(discovery)).toEqual(['b ssh://b']);
    expect(discovery.notes).toEqual([
      {
        source: 'containers-conf',
        path,
        message: expect.stringMatching(/^It is not valid TOML: line 2, column \d+: [^\n]*$/),
      },
    ]);
    expect(JSON.stringify(discovery)).not.toContain('secret');
  });

  test('farms may have members from both podman files, and names are resolved as podman resolves them', async () => {
    await write(podmanFile, podmanJson({ a: 'ssh://a', same: 'ssh://json' }, { json: ['a', 'b', 'same'] }));
    await write(
      containersConf,
      `${toml('b', 'ssh://b')}${toml('same', 'ssh://conf')}[farms.list]\nconf = ["a", "same"]\n`,
    );
    const discovery = await discoverHere();
    expect(summary(discovery)).toEqual(['a ssh://a', 'same ssh://json', 'b ssh://b', 'same-2 ssh://conf']);
    expect(discovery.farms).toMatchObject([
      { name: 'json', connections: ['a', 'b', 'same'] },
      { name: 'conf', connections: ['a', 'same'] },
    ]);
  });

  test('over TCP are imported with their TLS files, from either podman file, and farms have them', async () => {
    const tls = { URI: 'tcp://big:2376', TLSCA: '/c/ca.pem', TLSCert: '/c/cert.pem', TLSKey: '/c/key.pem' };
    await write(
      podmanFile,
      JSON.stringify({ Connection: { Connections: { big: tls } }, Farm: { List: { f: ['big', 'old'] } } }),
    );
    await write(containersConf, `${toml('old', 'tcp://old:2376')}tls_ca = "/c/old.pem"\n`);
    const { candidates, farms } = await discoverHere();
    expect(candidates).toMatchObject([
      { name: 'big', uri: 'tcp://big:2376', tlsCa: '/c/ca.pem', tlsCert: '/c/cert.pem', tlsKey: '/c/key.pem' },
      { name: 'old', uri: 'tcp://old:2376', tlsCa: '/c/old.pem' },
    ]);
    expect(farms).toMatchObject([{ name: 'f', connections: ['big', 'old'] }]);
  });

  test('may contain integers beyond 2^53', async () => {
    await write(containersConf, `[containers]\npids_limit = 9223372036854775807\n${toml('a', 'ssh://a')}`);
    expect(await discoverHere()).toMatchObject({ candidates: [{ name: 'a' }], notes: [] });
  });
});

describe('contexts of docker', () => {
  const context = (digest: string, content: unknown) =>
    write(`home/.docker/contexts/meta/${digest}/meta.json`, JSON.stringify(content));
  const at = (Name: string, Host: string) => ({ Name, Metadata: {}, Endpoints: { docker: { Host } } });

  test('over SSH and to sockets are listed by name; others are noted', async () => {
    await context('1', at('zoo', 'ssh://me@zoo'));
    await context('2', at('a+b', 'unix:///nowhere/docker.sock'));
    await context('3', at('win', 'npipe:////./pipe/docker_engine'));
    await context('4', at('http', 'http://10.0.0.1:2376'));
    await context('5', { Name: 'k8s', Endpoints: { kubernetes: {} } });
    const broken = await write('home/.docker/contexts/meta/6/meta.json', '{');
    await mkdir(join(folder, 'home/.docker/contexts/meta/7'));
    const discovery = await discoverHere();
    expect(discovery.candidates).toEqual([
      {
        source: 'docker',
        name: 'a-b',
        uri: 'unix:///nowhere/docker.sock',
        notes: ['Its socket does not exist at the moment.'],
      },
      { source: 'docker', name: 'zoo', uri: 'ssh://me@zoo', notes: [] },
    ]);
    expect(messages(discovery)).toEqual([
      'Context "k8s" has no docker endpoint.',
      expect.stringContaining('It is not valid JSON'),
      expect.stringMatching(/^"http" uses http:.*over SSH: add a connection named http to ssh:/),
      expect.stringMatching(/^"win" is a Windows named pipe/),
    ]);
    expect(discovery.notes[1]?.path).toBe(broken);
  });

  test('over TCP have the TLS files of their folder and docker’s ports; what lacks TLS or is not verified is noted', async () => {
    await context('4', at('tls', 'tcp://10.0.0.1:2376/'));
    for (const file of ['ca.pem', 'cert.pem', 'key.pem']) {
      await chmod(await write(`home/.docker/contexts/tls/4/docker/${file}`, 'x'), 0o600);
    }
    await context('5', at('old', '10.0.0.2'));
    await context('6', { Name: 'skip', Endpoints: { docker: { Host: 'tcp://10.0.0.3', SkipTLSVerify: true } } });
    await write('home/.docker/contexts/tls/6/docker/ca.pem', 'x');
    const files = join(folder, 'home/.docker/contexts/tls');
    expect((await discoverHere()).candidates).toEqual([
      { source: 'docker', name: 'old', uri: 'tcp://10.0.0.2:2375', notes: [expect.stringContaining('no TLS')] },
      {
        source: 'docker',
        name: 'skip',
        uri: 'tcp://10.0.0.3:2376',
        tlsCa: join(files, '6/docker/ca.pem'),
        notes: [expect.stringContaining('SkipTLSVerify')],
      },
      {
        source: 'docker',
        name: 'tls',
        uri: 'tcp://10.0.0.1:2376',
        tlsCa: join(files, '4/docker/ca.pem'),
        tlsCert: join(files, '4/docker/cert.pem'),
        tlsKey: join(files, '4/docker/key.pem'),
        notes: [],
      },
    ]);
  });

  test('are read from $DOCKER_CONFIG', async () => {
    await write('dock/contexts/meta/1/meta.json', JSON.stringify(at('x', 'ssh://x')));
    expect(summary(await discoverHere({}, { DOCKER_CONFIG: join(folder, 'dock') }))).toEqual(['x ssh://x']);
  });
});

describe('builders of docker buildx', () => {
  const builder = (file: string, content: unknown) =>
    write(`home/.docker/buildx/instances/${file}`, JSON.stringify(content));
  const node = (Name: string, Endpoint: string, Platforms: unknown = null) => ({ Name, Endpoint, Platforms });
  const arm = [
    { architecture: 'arm64', os: 'linux' },
    { architecture: 'arm', os: 'linux', variant: 'v7' },
  ];

  test('give a farm, and their nodes by docker context or URI with what differs', async () => {
    const socket = await listen('var/run/docker.sock');
    await write(
      'home/.docker/contexts/meta/1/meta.json',
      '{"Name":"zoo","Endpoints":{"docker":{"Host":"ssh://me@zoo"}}}',
    );
    await builder('multi', {
      Name: 'multi',
      Driver: 'docker-container',
      Nodes: [node('multi0', 'default'), node('multi1', 'zoo'), node('multi2', 'ssh://pi@pi4.lan', arm)],
      Dynamic: false,
    });
    const { candidates, farms, notes } = await discoverHere();
    expect(candidates.map(({ source, name, uri }) => [source, name, uri])).toEqual([
      ['local', 'this-computer-docker', `unix://${socket}`],
      ['docker', 'zoo', 'ssh://me@zoo'],
      ['buildx', 'multi2', 'ssh://pi@pi4.lan'],
    ]);
    expect(candidates[2]).toMatchObject({
      platforms: ['linux/arm64', 'linux/arm/v7'],
      notes: [
        'It builds only linux/arm64 and linux/arm/v7, as in builder "multi".',
        'Builds use docker itself, not the container of builder "multi" and its settings. To use the container, add docker-container://buildx_buildkit_multi2?host=ssh%3A%2F%2Fpi%40pi4.lan.',
      ],
    });
    expect(farms).toEqual([
      { source: 'buildx', name: 'multi', connections: ['this-computer-docker', 'zoo', 'multi2'], isDefault: false },
    ]);
    expect(notes).toEqual([]);
  });

  test('with one engine are no farm, whichever driver uses it', async () => {
    await builder('a', { Name: 'a', Driver: 'docker', Nodes: [node('a0', 'ssh://one')] });
    await builder('b', { Name: 'b', Nodes: [node('b0', 'ssh://two'), node('b1', 'ssh://two', arm)] });
    const { candidates, farms } = await discoverHere();
    expect(candidates.map(({ name, notes }) => [name, notes.length])).toEqual([
      ['a0', 0],
      ['b0', 1],
    ]);
    expect(farms).toEqual([]);
  });

  test('with nodes of the same name are told apart', async () => {
    await builder('a', { Name: 'a', Nodes: [node('n0', 'ssh://a0'), node('n1', 'ssh://a1')] });
    await builder('b', { Name: 'b', Nodes: [node('n0', 'ssh://b0'), node('n1', 'ssh://a1')] });
    const discovery = await discoverHere();
    expect(summary(discovery)).toEqual(['n0 ssh://a0', 'n1 ssh://a1', 'n0-2 ssh://b0']);
    expect(discovery.farms.map(({ connections }) => connections)).toEqual([
      ['n0', 'n1'],
      ['n0-2', 'n1'],
    ]);
  });

  test('that cannot be used are noted, without passwords', async () => {
    await builder('cloud', { Name: 'cloud', Driver: 'cloud', Nodes: [node('c0', 'cloud://me:secret@x/y')] });
    await builder('far', { Name: 'far', Driver: 'remote', Nodes: [node('far0', 'tcp://me:secret@10.0.0.1:1234')] });
    await builder('k8s', {
      Name: 'k8s',
      Driver: 'kubernetes',
      Nodes: [
        { ...node('k0', 'kubernetes:///k8s?deployment=big&kubeconfig='), DriverOpts: { namespace: 'ci' } },
        node('k_1', 'kubernetes:///k8s?deployment='),
        { ...node('k2', ''), DriverOpts: { namespace: '`; rm' } },
      ],
    });
    await builder('tls', {
      Name: 'tls',
      Driver: 'docker-container',
      Nodes: [node('tls0', 'tcp://me:secret@10.0.0.1:2376'), node('tls1', 'gone'), { Name: 'tls2' }, 7],
    });
    await builder('both', { Name: 'both', Nodes: [node('t0', 'http://10.0.0.1'), node('t1', 'http://10.0.0.2')] });
    await builder('broken', []);
    await write('home/.docker/buildx/instances/torn', '{"Name":"torn","Nodes":[{"Endpoint":"ssh://me:secret');
    await write('home/.docker/buildx/instances/.lock', '');
    const discovery = await discoverHere();
    expect(discovery.candidates).toEqual([]);
    expect(discovery.farms).toEqual([]);
    expect(messages(discovery)).toEqual([
      'It is not a builder of docker buildx: its name or nodes are missing.',
      expect.stringContaining('Builder "cloud" has the driver "cloud", which'),
      expect.stringContaining('`kubectl get pods --namespace=ci --selector=app=big`'),
      expect.stringContaining('`kubectl get pods --namespace=default --selector=app=k-1`'),
      expect.stringContaining('`kubectl get pods`'),
      'Node "tls1" of builder "tls" uses the docker context "gone", which does not exist.',
      'Node "tls2" of builder "tls" has no endpoint.',
      'Node 2 of builder "tls" has no endpoint.',
      expect.stringContaining('It is not valid JSON'),
      expect.stringMatching(/^"t0" uses http:/),
      expect.stringMatching(/^"t1" uses http:/),
      expect.stringMatching(/^"far0" has a password/),
      expect.stringMatching(/^"tls0" has a password/),
      'Farm "both" is left out, because it has only "both/t0" (cannot be used), "both/t1" (cannot be used).',
    ]);
    expect(JSON.stringify(discovery)).not.toContain('secret');
  });

  test('with BuildKit daemons of their own are imported with their TLS files and platforms', async () => {
    const pair = { cacert: '/certs/ca.pem', cert: '/certs/cert.pem', key: '/certs/key.pem', servername: 'bk' };
    await builder('far', {
      Name: 'far',
      Driver: 'remote',
      Nodes: [
        { ...node('far0', 'tcp://10.0.0.1:1234', arm), DriverOpts: pair },
        node('far1', 'unix:///nowhere/buildkitd.sock'),
        node('far2', 'kube-pod://buildkitd-0?namespace=ci'),
      ],
    });
    const { candidates, farms } = await discoverHere();
    expect(candidates).toMatchObject([
      {
        name: 'far0',
        uri: 'tcp://10.0.0.1:1234',
        tlsCa: '/certs/ca.pem',
        tlsCert: '/certs/cert.pem',
        tlsKey: '/certs/key.pem',
        tlsServerName: 'bk',
        platforms: ['linux/arm64', 'linux/arm/v7'],
      },
      { name: 'far1', uri: 'unix:///nowhere/buildkitd.sock' },
      { name: 'far2', uri: 'kube-pod://buildkitd-0?namespace=ci' },
    ]);
    expect(candidates[0]?.notes).toContain(
      'Its certificate authority /certs/ca.pem does not exist. Copy it there or choose another one, or connecting will fail.',
    );
    expect(farms).toMatchObject([{ name: 'far', connections: ['far0', 'far1', 'far2'] }]);
  });

  test('are read from $BUILDX_CONFIG, or below $DOCKER_CONFIG', async () => {
    const one = (uri: string) => JSON.stringify({ Name: 'x', Nodes: [node('x0', uri)] });
    await write('bx/instances/x', one('ssh://bx'));
    await write('dock/buildx/instances/x', one('ssh://dock'));
    const DOCKER_CONFIG = join(folder, 'dock');
    expect(summary(await discoverHere({}, { DOCKER_CONFIG, BUILDX_CONFIG: join(folder, 'bx') }))).toEqual([
      'x0 ssh://bx',
    ]);
    expect(summary(await discoverHere({}, { DOCKER_CONFIG }))).toEqual(['x0 ssh://dock']);
  });

  test('use the engine of DOCKER_HOST where they name the default context', async () => {
    await builder('x', { Name: 'x', Nodes: [node('x0', 'default')] });
    expect(summary(await discoverHere({}, { DOCKER_HOST: 'ssh://big' }))).toEqual(['x0 ssh://big']);
  });
});

describe('environment variables', () => {
  test('name engines of podman and docker', async () => {
    const key = await write('key', 'a key');
    const env = { CONTAINER_HOST: 'ssh://me@pod/s', CONTAINER_SSHKEY: key, DOCKER_HOST: 'ssh://me@dock' };
    expect((await discoverHere({}, env)).candidates).toEqual([
      { source: 'environment', name: 'container-host', uri: 'ssh://me@pod/s', identity: key, notes: [] },
      { source: 'environment', name: 'docker-host', uri: 'ssh://me@dock', notes: [] },
    ]);
  });

  test.each([
    ['unix://', 'unix:///var/run/docker.sock'],
    [' unix:///nowhere/docker.sock ', 'unix:///nowhere/docker.sock'],
  ])('DOCKER_HOST may be %j', async (DOCKER_HOST, uri) => {
    expect((await discoverHere({}, { DOCKER_HOST })).candidates).toMatchObject([{ uri }]);
  });

  test.each([
    ['10.0.0.1:2375', {}, { uri: 'tcp://10.0.0.1:2375' }],
    ['localhost', {}, { uri: 'tcp://localhost:2375' }],
    [
      'tcp://10.0.0.1',
      { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/certs' },
      { uri: 'tcp://10.0.0.1:2376', tlsCa: '/certs/ca.pem', tlsCert: '/certs/cert.pem', tlsKey: '/certs/key.pem' },
    ],
    ['unix:///nowhere/docker.sock', { DOCKER_TLS_VERIFY: '1' }, { uri: 'unix:///nowhere/docker.sock' }],
  ])('DOCKER_HOST=%s with %o is an engine with the TLS files that docker uses', async (DOCKER_HOST, env, expected) => {
    const { candidates } = await discoverHere({}, { DOCKER_HOST, ...env });
    expect(candidates).toEqual([{ source: 'environment', name: 'docker-host', notes: expect.anything(), ...expected }]);
  });

  test('with a password are noted', async () => {
    const { candidates, notes } = await discoverHere({}, { DOCKER_HOST: 'tcp://me:secret@10.0.0.1:2376' });
    expect(candidates).toEqual([]);
    expect(notes).toEqual([
      { source: 'environment', path: 'DOCKER_HOST', message: expect.stringMatching(/^"docker-host" has a password/) },
    ]);
    expect(JSON.stringify(notes)).not.toContain('secret');
  });

  test('BUILDKIT_HOST is an engine', async () => {
    const { candidates, notes } = await discoverHere({}, { BUILDKIT_HOST: 'docker-container://buildkitd' });
    expect(candidates).toMatchObject([{ name: 'buildkit-host', uri: 'docker-container://buildkitd' }]);
    expect(notes).toEqual([]);
  });
});

describe('engines of this computer', () => {
  test('are found by their sockets', async () => {
    const rootless = await listen('run/user/1000/podman/podman.sock');
    const rootful = await listen('run/podman/podman.sock');
    const docker = await listen('run/docker.sock');
    const desktop = await listen('home/.docker/desktop/docker.sock');
    await symlink(join(folder, 'run'), join(folder, 'var-run'));
    await mkdir(join(folder, 'var'));
    await symlink(join(folder, 'run'), join(folder, 'var', 'run'));
    const discovery = await discoverHere();
    expect(summary(discovery)).toEqual([
      `this-computer unix://${rootless}`,
      `this-computer-root unix://${rootful}`,
      `this-computer-docker unix://${join(folder, 'var/run/docker.sock')}`,
      `docker-desktop unix://${desktop}`,
    ]);
    // a connection may use another path of the same socket
    const existing = { connections: [{ name: 'dock', uri: `unix://${docker}` }] };
    expect((await discoverHere(existing)).candidates[2]).toMatchObject({ connection: 'dock' });
  });

  test('a file instead of a socket is ignored', async () => {
    await write('run/podman/podman.sock', '');
    expect(await discoverHere()).toEqual({ candidates: [], farms: [], notes: [] });
  });

  test('podman machines on macOS are found for podman 4 and podman 5', async () => {
    paths = { ...paths, platform: 'darwin' };
    const recent = await listen('tmpdir/podman/new-api.sock');
    const old = await listen('home/.local/share/containers/podman/machine/old/podman.sock');
    expect(summary(await discoverHere({}, { TMPDIR: join(folder, 'tmpdir') }))).toEqual([
      `new unix://${recent}`,
      `old unix://${old}`,
    ]);
  });

  test('podman without a socket is found by its command, which is not run', async () => {
    const marker = join(folder, 'was-run');
    const command = await write('bin/podman', `#!/bin/sh\ntouch ${marker}\n`);
    const PATH = `/nowhere:${dirname(command)}`;
    expect(summary(await discoverHere({}, { PATH }))).toEqual([]);
    await chmod(command, 0o755);
    expect(summary(await discoverHere({}, { PATH }))).toEqual(['this-computer local:']);
    await expect(access(marker)).rejects.toThrow();
    const socket = await listen('run/podman/podman.sock');
    expect(summary(await discoverHere({}, { PATH }))).toEqual([`this-computer-root unix://${socket}`]);
  });
});

describe('engines and farms in several sources', () => {
  test('an engine is listed once, for its first source, however its URI is written', async () => {
    await write(
      podmanFile,
      podmanJson(
        { big: 'ssh://root@BIG:22/run/podman.sock', again: 'root@big/run/podman.sock' },
        { f: ['again', 'big'] },
      ),
    );
    await write(
      'home/.docker/contexts/meta/1/meta.json',
      '{"Name":"dock","Endpoints":{"docker":{"Host":"ssh://root@big/run//podman.sock"}}}',
    );
    const discovery = await discoverHere();
    expect(summary(discovery)).toEqual(['big ssh://root@BIG:22/run/podman.sock']);
    expect(discovery.farms).toMatchObject([{ connections: ['big'] }]);
  });

  test('different users, ports and sockets are different engines, and names are made unique', async () => {
    const uris = ['ssh://a@h/s', 'ssh://b@h/s', 'ssh://a@h:23/s', 'ssh://a@h/t', 'ssh://a@h', 'ssh://h/s'];
    await write(podmanFile, podmanJson(Object.fromEntries(uris.map((uri, index) => [`e${'!'.repeat(index)}`, uri]))));
    expect(summary(await discoverHere())).toEqual(
      uris.map((uri, index) => `e${index === 0 ? '' : `-${index + 1}`} ${uri}`),
    );
  });

  test('existing connections and farms are marked', async () => {
    await write(podmanFile, podmanJson({ a: 'ssh://a:22', b: 'ssh://b' }, { f: ['a'], g: ['b'] }));
    const discovery = await discoverHere({ connections: [{ name: 'mine', uri: 'a' }], farms: ['f'] });
    expect(discovery.candidates.map(({ connection }) => connection)).toEqual(['mine', undefined]);
    expect(discovery.farms.map(({ farm }) => farm)).toEqual(['f', undefined]);
  });

  test('only the requested sources are read', async () => {
    await write(podmanFile, podmanJson({ a: 'ssh://a' }));
    await write('home/.ssh/config', 'Host a\n HostName x\nHost b\n HostName x\n');
    const only = await discover({ sources: ['ssh-config'] }, { connections: [], farms: [] }, paths);
    expect(summary(only)).toEqual(['a ssh://a', 'b ssh://b']);
  });
});

test('an identity that cannot be used is noted', async () => {
  const identities = { gone: join(folder, 'gone'), folder, relative: 'keys/x', windows: 'C:\\keys\\x', line: '/a\nb' };
  const connections = Object.entries(identities).map(([name, Identity]) => [name, { URI: `ssh://${name}`, Identity }]);
  await write(podmanFile, podmanJson(Object.fromEntries(connections)));
  const { candidates } = await discoverHere();
  expect(candidates.map(({ identity, notes }) => [identity, ...notes])).toEqual([
    [identities.gone, expect.stringContaining('gone does not exist')],
    [folder, expect.stringContaining('is not a file')],
    [undefined, expect.stringContaining('"keys/x" is not an absolute path')],
    [undefined, expect.stringContaining('"C:\\keys\\x" is not an absolute path')],
    [undefined, expect.stringContaining('"/a�b" is not an absolute path')],
  ]);
});

test('a file with more than a thousand connections gives a thousand and a note', async () => {
  const uris = Array.from({ length: 1_500 }, (_, index) => [`n${index}`, `ssh://h${index}`]);
  await write(podmanFile, podmanJson(Object.fromEntries(uris)));
  const discovery = await discoverHere();
  expect(discovery.candidates.length).toBe(1_000);
  expect(messages(discovery)).toEqual(['There are 1500 connections; only the first 1000 are listed.']);
});

test('after fifty notes, the rest are only counted', async () => {
  const bad = Array.from({ length: 500 }, (_, index) => [`n${index}`, 'tcp://x']);
  await write(podmanFile, podmanJson(Object.fromEntries(bad)));
  const notes = messages(await discoverHere());
  expect(notes.length).toBe(51);
  expect(notes.at(-1)).toBe('450 more notes are not shown.');
});

describe('a file that a person chose', () => {
  const discoverFile = (text: string) =>
    discover({ file: { name: 'x.txt', text } }, { connections: [], farms: [] }, paths);

  test.each([
    [
      '{"barnraiser":1,"connections":[{"name":"a","uri":"ssh://a"}],"farms":[{"name":"f","connections":["a"],"default":true}]}',
    ],
    [podmanJson({ a: 'ssh://a' }, { f: ['a'] }, 'f')],
    ['[engine.service_destinations.a]\nuri = "ssh://a"\n[farms]\ndefault = "f"\n[farms.list]\nf = ["a"]\n'],
  ])('is recognized by its content, also with a byte order mark and CRLF: %s', async (text) => {
    for (const variant of [text, `\uFEFF${text}`, `\r\n${text.replaceAll('\n', '\r\n')}`]) {
      expect(await discoverFile(variant)).toEqual({
        candidates: [{ source: 'file', name: 'a', uri: 'ssh://a', notes: [] }],
        farms: [{ source: 'file', name: 'f', connections: ['a'], isDefault: true }],
        notes: [],
      });
    }
  });

  test.each([
    ['', 'contains no connections or farms'],
    ['{}', 'contains no connections or farms'],
    ['{"auths":{}}', 'contains no connections or farms'],
    ['[package]\nname = "x"', 'contains no connections or farms'],
    ['{"Connection":', 'Could not read x.txt. It is not valid JSON: line 1'],
    ['# Read me\n\nHello there.', 'Could not read x.txt. It is not valid TOML: line 3'],
    ['{"barnraiser":2,"connections":[]}', 'from a newer Barnraiser'],
    ['{"barnraiser":"one"}', 'has no valid version'],
  ])('is refused if it is not supported: %j', async (text, reason) => {
    await expect(discoverFile(text)).rejects.toMatchObject({
      problem: { code: 'connection.file', message: expect.stringContaining(reason), fix: expect.stringMatching(/\w/) },
    });
  });

  test('entries of an exported file that are not connections or farms are noted', async () => {
    const text = '{"barnraiser":1,"connections":[1,{"name":"x"},{"name":"a","uri":"ssh://a"}],"farms":[{"name":"f"}]}';
    const discovery = await discoverFile(text);
    expect(summary(discovery)).toEqual(['a ssh://a']);
    expect(messages(discovery)).toEqual([
      'Connection 1 has no name.',
      'Connection "x" has no URI.',
      'Farm "f" has no connections.',
    ]);
  });
});

describe('a machine that is found twice', () => {
  test('is marked at the second candidate, also behind an alias of the SSH configuration', async () => {
    await write('home/.ssh/config', 'Host amd\n  HostName 10.0.0.7\n  Port 2301\nHost other\n  HostName 10.0.0.8\n');
    await write(podmanFile, podmanJson({ big: 'ssh://root@10.0.0.7:2301/run/podman/podman.sock' }));
    const { candidates } = await discoverHere();
    expect(candidates.map(({ name, sameMachineAs }) => [name, sameMachineAs])).toEqual([
      ['big', undefined],
      ['amd', 'big'],
      ['other', undefined],
    ]);
  });

  test('is marked where a connection already leads there', async () => {
    await write(podmanFile, podmanJson({ big: 'ssh://root@10.0.0.7/run/podman/podman.sock' }));
    const existing = { connections: [{ name: 'mine', uri: 'ssh://kim@10.0.0.7' }] };
    expect((await discoverHere(existing)).candidates).toMatchObject([{ name: 'big', sameMachineAs: 'mine' }]);
  });

  test('is not the same behind different jump hosts', async () => {
    await write(
      'home/.ssh/config',
      'Host a\n  HostName 10.0.0.7\n  ProxyJump one\nHost b\n  HostName 10.0.0.7\n  ProxyJump two\n',
    );
    expect((await discoverHere()).candidates.map(({ sameMachineAs }) => sameMachineAs)).toEqual([undefined, undefined]);
  });

  test('is this computer for engines of its own, but not for virtual machines', async () => {
    await listen('run/podman/podman.sock');
    await listen('var/run/docker.sock');
    await listen('home/.docker/desktop/docker.sock');
    const found = (await discoverHere()).candidates.map(({ name, sameMachineAs }) => [name, sameMachineAs]);
    expect(found).toEqual([
      ['this-computer-root', undefined],
      ['this-computer-docker', 'this-computer-root'],
      ['docker-desktop', undefined],
    ]);
  });
});

test('options in the URIs of podman are left out, and farms keep their members', async () => {
  await write(
    podmanFile,
    podmanJson(
      { one: 'ssh://root@one/run/podman/podman.sock?secure=True', two: 'ssh://two/a.sock?secure=false&x=1' },
      { both: ['one', 'two'] },
    ),
  );
  const discovery = await discoverHere();
  expect(summary(discovery)).toEqual(['one ssh://root@one/run/podman/podman.sock', 'two ssh://two/a.sock']);
  expect(discovery.farms).toMatchObject([{ name: 'both', connections: ['one', 'two'] }]);
  expect(messages(discovery)).toEqual(['"two" is imported without "x" in its URI.']);
});
