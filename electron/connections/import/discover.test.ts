import { access, chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Discovery, discoverySchema } from '../../../shared/discovery.ts';
import type { SystemPaths } from '../../system/system-paths.ts';
import { discover } from './discover.ts';
import type { Known } from './gather.ts';

let folder: string;
let places: SystemPaths;
beforeEach(async () => {
  // short, since the path of a socket has at most 108 bytes
  folder = await mkdtemp(join(tmpdir(), 'dis-'));
  places = { env: {}, home: join(folder, 'home'), platform: 'linux', uid: 1000, root: folder };
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

async function found(known: Partial<Known> = {}, env: SystemPaths['env'] = {}): Promise<Discovery> {
  const discovery = await discover({}, { connections: [], farms: [], ...known }, { ...places, env });
  expect(discoverySchema.parse(discovery)).toEqual(discovery);
  return discovery;
}

/** `name uri` of each candidate. */
const lines = ({ candidates }: Discovery) => candidates.map(({ name, uri }) => `${name} ${uri}`);
const messages = ({ notes }: Discovery) => notes.map(({ message }) => message);

const podmanFile = 'home/.config/containers/podman-connections.json';
const containersConf = 'home/.config/containers/containers.conf';

function podmanJson(
  connections: Readonly<Record<string, string | object>>,
  farms: Readonly<Record<string, readonly string[] | null>> = {},
  standard = '',
): string {
  const entries = Object.entries(connections).map(([name, entry]) => [
    name,
    typeof entry === 'string' ? { URI: entry } : entry,
  ]);
  const Connections: unknown = Object.fromEntries(entries);
  return JSON.stringify({ Connection: { Connections }, Farm: { Default: standard, List: farms } });
}

test('nothing anywhere is nothing, and no complaint', async () => {
  expect(await found()).toEqual({ candidates: [], farms: [], notes: [] });
});

describe('hosts of the SSH configuration', () => {
  test('are offered by their alias, so that the configuration stays the truth', async () => {
    await write('home/.ssh/config', 'Host pi4 pi*\n  HostName pi4.lan\n  User pi\nHost only-options\n  Port 5\n');
    expect((await found()).candidates).toEqual([{ source: 'ssh-config', name: 'pi4', uri: 'ssh://pi4', notes: [] }]);
  });

  test('a configuration that cannot be understood is named with its line, and the others are given', async () => {
    const path = await write('home/.ssh/config', 'Host pi4\n  HostName pi4.lan\n  Nonsense x\n');
    await write(podmanFile, podmanJson({ big: 'ssh://big' }));
    const discovery = await found();
    expect(lines(discovery)).toEqual(['big ssh://big']);
    expect(discovery.notes).toEqual([{ source: 'ssh-config', path, message: expect.stringContaining(`${path}:3: `) }]);
  });

  test('a name that no URI holds is said, not lost', async () => {
    await write('home/.ssh/config', 'Host a/b ::1\n  HostName x\n');
    const discovery = await found();
    expect(lines(discovery)).toEqual(['1 ssh://[::1]']);
    expect(messages(discovery)).toEqual(['Host "a/b" has a name that no URI can hold. Give it a plainer one.']);
  });

  test('of a hundred thousand, as many are offered as can be looked up in moments', async () => {
    const hosts = Array.from({ length: 100_000 }, (_, index) => `Host h${index}\n HostName x`);
    await write('home/.ssh/config', hosts.join('\n'));
    // each is looked up in every line: 5,000,000 lookups in 200,000 lines
    expect(lines(await found())).toEqual(Array.from({ length: 25 }, (_, index) => `h${index} ssh://h${index}`));
  });
});

describe('connections and farms of podman', () => {
  test('come with their identities, and the default farm', async () => {
    const key = await write('home/.ssh/big', 'a key');
    const connections = {
      big: { URI: 'ssh://root@big:2222/run/podman/podman.sock', Identity: '~/.ssh/big', IsMachine: false },
      machine: { URI: 'ssh://core@127.0.0.1:52222/run/user/501/podman/podman.sock', IsMachine: true },
    };
    await write(podmanFile, podmanJson(connections, { all: ['machine', 'big'], empty: null }, 'all'));
    expect(await found()).toEqual({
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

  test('are read where the environment says, else in its folder of configurations', async () => {
    const named = await write('elsewhere.json', podmanJson({ one: 'ssh://one' }));
    await write('xdg/containers/podman-connections.json', podmanJson({ two: 'ssh://two' }));
    const XDG_CONFIG_HOME = join(folder, 'xdg');
    expect(lines(await found({}, { PODMAN_CONNECTIONS_CONF: named, XDG_CONFIG_HOME }))).toEqual(['one ssh://one']);
    expect(lines(await found({}, { XDG_CONFIG_HOME }))).toEqual(['two ssh://two']);
  });

  test('one that cannot be used is named without its password, and farms say that they lack it', async () => {
    const connections = {
      good: 'ssh://good',
      plain: 'tcp://me:secret@10.0.0.1:8080',
      secret: 'ssh://me:secret@host',
      torn: 'ssh://me:secret',
      nothing: {},
    };
    await write(podmanFile, podmanJson(connections, { mixed: ['good', 'plain', 'gone'] }));
    const discovery = await found();
    expect(lines(discovery)).toEqual(['good ssh://good']);
    expect(discovery.farms).toMatchObject([{ name: 'mixed', connections: ['good'] }]);
    expect(messages(discovery)).toEqual([
      'Connection "nothing" has no URI.',
      expect.stringMatching(/^"plain" is reached by tcp:.*`barnraiser connection add plain ssh:/),
      expect.stringMatching(/^"secret" holds a password in its URI/),
      expect.stringMatching(/^"torn" has a URI that cannot be understood/),
      'Farm "mixed" is taken without "plain" (cannot be used), "gone" (is not there).',
    ]);
    expect(JSON.stringify(discovery)).not.toMatch(/secret@|:secret/);
  });

  test('a broken file is named with the place of the fault and nothing of its content', async () => {
    const path = await write(podmanFile, '{"Connection":\n{"a":"ssh://me:secret@h"');
    expect((await found()).notes).toEqual([
      { source: 'podman', path, message: expect.stringMatching(/^It is no JSON: line 2, column \d+: [^"]*\.$/) },
    ]);
    await write(podmanFile, '{"a": secret}');
    expect(messages(await found())).toEqual([expect.not.stringContaining('secret')]);
  });

  test('a folder in the place of the file is named', async () => {
    await mkdir(join(folder, podmanFile), { recursive: true });
    expect(messages(await found())).toEqual(['It is a folder and no file.']);
  });

  test('a name like __proto__ is a name', async () => {
    await write(
      podmanFile,
      '{"Connection":{"Connections":{"__proto__":{"URI":"ssh://a"},"constructor":{"URI":"ssh://b"}}}}',
    );
    expect(lines(await found())).toEqual(['proto__ ssh://a', 'constructor ssh://b']);
  });
});

describe('containers.conf', () => {
  const toml = (name: string, uri: string) => `[engine.service_destinations."${name}"]\nuri = "${uri}"\n`;

  test('is read from the system to the person, with the drop-ins, and a later file replaces an earlier', async () => {
    await write('usr/share/containers/containers.conf', toml('a', 'ssh://1') + toml('b', 'ssh://2'));
    await write('etc/containers/containers.conf', toml('b', 'ssh://3') + toml('c', 'ssh://4'));
    await write('etc/containers/containers.conf.d/20.conf', toml('d', 'ssh://5'));
    await write('etc/containers/containers.conf.d/10.conf', toml('c', 'ssh://6') + toml('d', 'ssh://7'));
    await write('etc/containers/containers.conf.d/no.txt', toml('never', 'ssh://never'));
    await write(containersConf, `${toml('e', 'ssh://8')}[farms]\ndefault = "f"\n[farms.list]\nf = ["a", "e"]\n`);
    await write('home/.config/containers/containers.conf.d/x.conf', toml('e', 'ssh://9'));
    const override = await write('last.conf', toml('a', 'ssh://10'));
    const discovery = await found({}, { CONTAINERS_CONF_OVERRIDE: override });
    expect(lines(discovery)).toEqual(['a ssh://10', 'b ssh://3', 'c ssh://6', 'd ssh://5', 'e ssh://9']);
    expect(discovery.farms).toEqual([
      { source: 'containers-conf', name: 'f', connections: ['a', 'e'], isDefault: true },
    ]);
    const only = await write('only.conf', toml('z', 'ssh://z'));
    expect(lines(await found({}, { CONTAINERS_CONF: only, CONTAINERS_CONF_OVERRIDE: override }))).toEqual([
      'z ssh://z',
      'a ssh://10',
    ]);
    expect(lines(await found({}, { CONTAINERS_CONF: '/dev/null' }))).toEqual([]);
  });

  test('one that the environment names and that is not there is said; a usual one need not be there', async () => {
    const path = join(folder, 'gone.conf');
    expect((await found({}, { CONTAINERS_CONF: path })).notes).toEqual([
      { source: 'containers-conf', path, message: expect.stringContaining('no such file') },
    ]);
  });

  test('one that is no TOML is named with its line and nothing of its content, and the others are read', async () => {
    const path = await write(containersConf, '[engine]\nuri = secret\n');
    await write('etc/containers/containers.conf', toml('b', 'ssh://b'));
    const discovery = await found();
    expect(lines(discovery)).toEqual(['b ssh://b']);
    expect(discovery.notes).toEqual([
      {
        source: 'containers-conf',
        path,
        message: expect.stringMatching(/^It is no TOML: line 2, column \d+: [^\n]*$/),
      },
    ]);
    expect(JSON.stringify(discovery)).not.toContain('secret');
  });

  test('farms of both of podman files have members in both, and a name means what podman takes it for', async () => {
    await write(podmanFile, podmanJson({ a: 'ssh://a', same: 'ssh://json' }, { json: ['a', 'b', 'same'] }));
    await write(
      containersConf,
      `${toml('b', 'ssh://b')}${toml('same', 'ssh://conf')}[farms.list]\nconf = ["a", "same"]\n`,
    );
    const discovery = await found();
    expect(lines(discovery)).toEqual(['a ssh://a', 'same ssh://json', 'b ssh://b', 'same-2 ssh://conf']);
    expect(discovery.farms).toMatchObject([
      { name: 'json', connections: ['a', 'b', 'same'] },
      { name: 'conf', connections: ['a', 'same'] },
    ]);
  });

  test('an integer that is larger than JavaScript counts is no fault', async () => {
    await write(containersConf, `[containers]\npids_limit = 9223372036854775807\n${toml('a', 'ssh://a')}`);
    expect(await found()).toMatchObject({ candidates: [{ name: 'a' }], notes: [] });
  });
});

describe('contexts of docker', () => {
  const context = (digest: string, content: unknown) =>
    write(`home/.docker/contexts/meta/${digest}/meta.json`, JSON.stringify(content));
  const at = (Name: string, Host: string) => ({ Name, Metadata: {}, Endpoints: { docker: { Host } } });

  test('over SSH and to sockets are offered in the order of their names, the others are said', async () => {
    await context('1', at('zoo', 'ssh://me@zoo'));
    await context('2', at('a+b', 'unix:///nowhere/docker.sock'));
    await context('3', at('win', 'npipe:////./pipe/docker_engine'));
    await context('4', at('tls', 'tcp://10.0.0.1:2376'));
    await context('5', { Name: 'k8s', Endpoints: { kubernetes: {} } });
    const broken = await write('home/.docker/contexts/meta/6/meta.json', '{');
    await mkdir(join(folder, 'home/.docker/contexts/meta/7'));
    const discovery = await found();
    expect(discovery.candidates).toEqual([
      {
        source: 'docker',
        name: 'a-b',
        uri: 'unix:///nowhere/docker.sock',
        notes: ['Nothing listens at its socket now.'],
      },
      { source: 'docker', name: 'zoo', uri: 'ssh://me@zoo', notes: [] },
    ]);
    expect(messages(discovery)).toEqual([
      'Context "k8s" names no docker engine.',
      expect.stringContaining('It is no JSON'),
      expect.stringMatching(/^"tls" is reached by tcp:.*over SSH: `barnraiser connection add tls /),
      expect.stringMatching(/^"win" is a named pipe of Windows/),
    ]);
    expect(discovery.notes[1]?.path).toBe(broken);
  });

  test('are looked for where $DOCKER_CONFIG says', async () => {
    await write('dock/contexts/meta/1/meta.json', JSON.stringify(at('x', 'ssh://x')));
    expect(lines(await found({}, { DOCKER_CONFIG: join(folder, 'dock') }))).toEqual(['x ssh://x']);
  });
});

describe('engines of this computer', () => {
  test('are found by their sockets, whichever name they have', async () => {
    const rootless = await listen('run/user/1000/podman/podman.sock');
    const rootful = await listen('run/podman/podman.sock');
    const docker = await listen('run/docker.sock');
    const desktop = await listen('home/.docker/desktop/docker.sock');
    await symlink(join(folder, 'run'), join(folder, 'var-run'));
    await mkdir(join(folder, 'var'));
    await symlink(join(folder, 'run'), join(folder, 'var', 'run'));
    const discovery = await found();
    expect(lines(discovery)).toEqual([
      `this-computer unix://${rootless}`,
      `this-computer-root unix://${rootful}`,
      `this-computer-docker unix://${join(folder, 'var/run/docker.sock')}`,
      `docker-desktop unix://${desktop}`,
    ]);
    // a connection by the socket's other name leads there too
    const known = { connections: [{ name: 'dock', uri: `unix://${docker}` }] };
    expect((await found(known)).candidates[2]).toMatchObject({ connection: 'dock' });
  });

  test('a file in the place of a socket is none', async () => {
    await write('run/podman/podman.sock', '');
    expect(await found()).toEqual({ candidates: [], farms: [], notes: [] });
  });

  test('podman machines of macOS are found where podman 4 and 5 have their sockets', async () => {
    places = { ...places, platform: 'darwin' };
    const recent = await listen('tmpdir/podman/new-api.sock');
    const old = await listen('home/.local/share/containers/podman/machine/old/podman.sock');
    expect(lines(await found({}, { TMPDIR: join(folder, 'tmpdir') }))).toEqual([
      `new unix://${recent}`,
      `old unix://${old}`,
    ]);
  });

  test('where podman has no socket but its command is there, it is this computer, and is not run', async () => {
    const marker = join(folder, 'was-run');
    const command = await write('bin/podman', `#!/bin/sh\ntouch ${marker}\n`);
    const PATH = `/nowhere:${dirname(command)}`;
    expect(lines(await found({}, { PATH }))).toEqual([]);
    await chmod(command, 0o755);
    expect(lines(await found({}, { PATH }))).toEqual(['this-computer local:']);
    await expect(access(marker)).rejects.toThrow();
    const socket = await listen('run/podman/podman.sock');
    expect(lines(await found({}, { PATH }))).toEqual([`this-computer-root unix://${socket}`]);
  });
});

describe('what several know', () => {
  test('an engine is there once, by the first that knows it, however its URI is written', async () => {
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
    const discovery = await found();
    expect(lines(discovery)).toEqual(['big ssh://root@BIG:22/run/podman.sock']);
    expect(discovery.farms).toMatchObject([{ connections: ['big'] }]);
  });

  test('other users, ports and sockets are other engines, and two engines of one name are both there', async () => {
    const uris = ['ssh://a@h/s', 'ssh://b@h/s', 'ssh://a@h:23/s', 'ssh://a@h/t', 'ssh://a@h', 'ssh://h/s'];
    await write(podmanFile, podmanJson(Object.fromEntries(uris.map((uri, index) => [`e${'!'.repeat(index)}`, uri]))));
    expect(lines(await found())).toEqual(uris.map((uri, index) => `e${index === 0 ? '' : `-${index + 1}`} ${uri}`));
  });

  test('what is a connection or a farm here already says so', async () => {
    await write(podmanFile, podmanJson({ a: 'ssh://a:22', b: 'ssh://b' }, { f: ['a'], g: ['b'] }));
    const discovery = await found({ connections: [{ name: 'mine', uri: 'a' }], farms: ['f'] });
    expect(discovery.candidates.map(({ connection }) => connection)).toEqual(['mine', undefined]);
    expect(discovery.farms.map(({ farm }) => farm)).toEqual(['f', undefined]);
  });

  test('only those sources are looked at that are asked for', async () => {
    await write(podmanFile, podmanJson({ a: 'ssh://a' }));
    await write('home/.ssh/config', 'Host a\n HostName x\nHost b\n HostName x\n');
    const only = await discover({ sources: ['ssh-config'] }, { connections: [], farms: [] }, places);
    expect(lines(only)).toEqual(['a ssh://a', 'b ssh://b']);
  });
});

test('an identity that cannot be used is said', async () => {
  const identities = { gone: join(folder, 'gone'), folder, relative: 'keys/x', windows: 'C:\\keys\\x', line: '/a\nb' };
  const connections = Object.entries(identities).map(([name, Identity]) => [name, { URI: `ssh://${name}`, Identity }]);
  await write(podmanFile, podmanJson(Object.fromEntries(connections)));
  const { candidates } = await found();
  expect(candidates.map(({ identity, notes }) => [identity, ...notes])).toEqual([
    [identities.gone, expect.stringContaining('gone is not there')],
    [folder, expect.stringContaining('is no file')],
    [undefined, expect.stringContaining('"keys/x" is no absolute path')],
    [undefined, expect.stringContaining('"C:\\keys\\x" is no absolute path')],
    [undefined, expect.stringContaining('"/a�b" is no absolute path')],
  ]);
});

test('a file of a thousand connections and more gives a thousand, and says so', async () => {
  const uris = Array.from({ length: 1_500 }, (_, index) => [`n${index}`, `ssh://h${index}`]);
  await write(podmanFile, podmanJson(Object.fromEntries(uris)));
  const discovery = await found();
  expect(discovery.candidates.length).toBe(1_000);
  expect(messages(discovery)).toEqual(['There are 1500 connections; those after the first 1000 are left out.']);
});

test('of very many faults, some are said and the others counted', async () => {
  const bad = Array.from({ length: 500 }, (_, index) => [`n${index}`, 'tcp://x']);
  await write(podmanFile, podmanJson(Object.fromEntries(bad)));
  const said = messages(await found());
  expect(said.length).toBe(51);
  expect(said.at(-1)).toBe('450 more things like these are wrong.');
});

describe('a given file', () => {
  const given = (text: string) => discover({ file: { name: 'x.txt', text } }, { connections: [], farms: [] }, places);

  test.each([
    [
      '{"barnraiser":1,"connections":[{"name":"a","uri":"ssh://a"}],"farms":[{"name":"f","connections":["a"],"default":true}]}',
    ],
    [podmanJson({ a: 'ssh://a' }, { f: ['a'] }, 'f')],
    ['[engine.service_destinations.a]\nuri = "ssh://a"\n[farms]\ndefault = "f"\n[farms.list]\nf = ["a"]\n'],
  ])('is known by what it holds, also with a byte order mark and CRLF: %s', async (text) => {
    for (const variant of [text, `\uFEFF${text}`, `\r\n${text.replaceAll('\n', '\r\n')}`]) {
      expect(await given(variant)).toEqual({
        candidates: [{ source: 'file', name: 'a', uri: 'ssh://a', notes: [] }],
        farms: [{ source: 'file', name: 'f', connections: ['a'], isDefault: true }],
        notes: [],
      });
    }
  });

  test.each([
    ['', 'holds no connections and no farms'],
    ['{}', 'holds no connections and no farms'],
    ['{"auths":{}}', 'holds no connections and no farms'],
    ['[package]\nname = "x"', 'holds no connections and no farms'],
    ['{"Connection":', 'cannot be read. It is no JSON: line 1'],
    ['# Read me\n\nHello there.', 'cannot be read. It is no TOML: line 3'],
    ['{"barnraiser":2,"connections":[]}', 'written by a newer Barnraiser'],
    ['{"barnraiser":"one"}', 'does not say which version'],
  ])('that is another is refused: %j', async (text, reason) => {
    await expect(given(text)).rejects.toMatchObject({
      problem: { code: 'connection.file', message: expect.stringContaining(reason), fix: expect.stringMatching(/\w/) },
    });
  });

  test('entries of ours that are no connections and farms are said', async () => {
    const text = '{"barnraiser":1,"connections":[1,{"name":"x"},{"name":"a","uri":"ssh://a"}],"farms":[{"name":"f"}]}';
    const discovery = await given(text);
    expect(lines(discovery)).toEqual(['a ssh://a']);
    expect(messages(discovery)).toEqual([
      'Connection 1 has no name.',
      'Connection "x" has no URI.',
      'Farm "f" has no connections.',
    ]);
  });
});
