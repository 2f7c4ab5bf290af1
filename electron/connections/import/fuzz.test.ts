import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Discovery, discoverySchema } from '../../../shared/discovery.ts';
import { Failure } from '../../../shared/problem.ts';
import { readContainersText } from './containers-conf.ts';
import { readDockerContext } from './docker-contexts.ts';
import { readGivenFile } from './file.ts';
import { type Found, nothing } from './found.ts';
import { gather } from './gather.ts';
import { readPodmanText } from './podman-json.ts';
import { readSshHosts } from './ssh-hosts.ts';
import { HangWatch } from './testing/hang-watch.ts';
import { mutate } from './testing/mutate.ts';
import { children } from './testing/process-watch.ts';

/** Of each importer. */
const files = 10_000;
/** No importer is near to it on any machine that these tests run on; one that hangs would never come back. */
const patienceMs = 30_000;
/** Some seconds each where nothing else runs; what hangs is found by the watch. */
const timeoutMs = 300_000;

let folder: string;
/** What a command that stands in a file would make, if it were run. */
let marker: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
  marker = join(folder, 'was-run');
});
afterAll(() => rm(folder, { recursive: true }));

const buffers = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

/** Wholly valid files of each kind, with everything that an importer looks at. */
const seeds = {
  podman: buffers(
    `{"Connection":{"Default":"one","Connections":{"one":{"URI":"ssh://root@127.0.0.1:2301/run/podman/podman.sock","Identity":"/root/.ssh/x","IsMachine":true},"three":{"URI":"tcp://me:secret@10.0.0.1:8080"},"a b":{"URI":"unix:///run/podman/podman.sock"}}},"Farm":{"Default":"f2","List":{"f2":["three","one"],"f3":null}}}\n`,
    JSON.stringify(
      { Connection: { Connections: { x: { URI: 'ssh://x', Identity: '~/.ssh/x' }, y: { URI: 'ssh://[::1]:22/s' } } } },
      null,
      2,
    ),
  ),
  containersConf: buffers(
    `# podman\n[engine]\nactive_service = "big"\n\n[engine.service_destinations]\n[engine.service_destinations.big]\nuri = "ssh://root@big:22/run/podman/podman.sock"\nidentity = "~/.ssh/big"\nis_machine = true\n[engine.service_destinations."a b"]\nuri = 'unix:///run/podman/podman.sock'\n[farms]\ndefault = "all"\n[farms.list]\nall = ["big", "a b",\n  "gone"]\n`,
    `engine = { service_destinations = { x = { uri = "ssh://me:secret@x" } } }\n[containers]\npids_limit = 2048\nulimits = [ "nofile=1024:2048", ]\nenv = ["A=1"]\nwhen = 1979-05-27T07:32:00Z\nf = 1.5e3\ns = """\nlong\\\n  text"""\n[[hooks]]\ndir = "/x"\n`,
  ),
  docker: buffers(
    '{"Name":"pi","Metadata":{"Description":"a pi"},"Endpoints":{"docker":{"Host":"ssh://me@pi.lan","SkipTLSVerify":false}}}',
    '{"Name":"tls","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://10.0.0.1:2376"},"kubernetes":{"Host":"https://x"}}}',
    '{"Name":"desk","Endpoints":{"docker":{"Host":"unix:///home/me/.docker/desktop/docker.sock"}}}',
    '{"Name":"win","Endpoints":{"docker":{"Host":"npipe:////./pipe/docker_engine"}}}',
  ),
  own: buffers(
    '{"barnraiser":1,"connections":[{"name":"pi4","uri":"ssh://pi@pi4.lan","identity":"~/.ssh/pi"},{"name":"here","uri":"local:"}],"farms":[{"name":"pis","connections":["pi4","here"],"default":true}]}\n',
    JSON.stringify({ barnraiser: 1, connections: [{ name: 'x', uri: 'x@y' }], farms: [] }, null, 2),
  ),
};

/** So many files are under way at once, since what reads them mostly waits for the disk. */
const lanes = 4;

/** What is here already, which mutated files may name too. */
const known = { connections: [{ name: 'mine', uri: 'ssh://x' }], farms: ['f2', 'all', 'pis'] };

/** Runs one importer over its files. A file that it throws at is named by its number, from which it can be made again. */
async function fuzz(
  what: string,
  from: readonly Buffer[],
  read: (file: Buffer, lane: number) => Found | Promise<Found>,
): Promise<void> {
  const watch = new HangWatch(`fuzz: ${what}, of ${lanes} files at once,`, patienceMs);
  const before = children();
  let number = 0;
  let filled = 0;
  const run = async (lane: number): Promise<void> => {
    while (number < files) {
      const mine = ++number;
      watch.tell(mine);
      const file = mutate(from, mine);
      try {
        const { candidates } = check(await gather([await read(file, lane)], known, folder));
        filled += candidates.length > 0 ? 1 : 0;
      } catch (error) {
        number = files;
        const text = JSON.stringify(file.toString('latin1').slice(0, 2_000));
        throw new Error(`${what}, file ${mine}: ${text}`, { cause: error });
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: lanes }, (_, lane) => run(lane)));
  } finally {
    await watch.stop();
  }
  // it went beyond the surface: many files still held something
  expect(filled).toBeGreaterThan(files / 20);
  expect(children()).toEqual(before);
  await expect(access(marker)).rejects.toThrow('ENOENT');
}

/** What is true of every discovery. */
function check(discovery: Discovery): Discovery {
  const { candidates, farms, notes } = discoverySchema.parse(discovery);
  const names = new Set(candidates.map(({ name }) => name));
  if (names.size < candidates.length || new Set(farms.map(({ name }) => name)).size < farms.length) {
    throw new Error('two have the same name');
  }
  if (farms.some(({ connections }) => connections.some((name) => !names.has(name)))) {
    throw new Error('a farm has a member that is no candidate');
  }
  // what stands in quotes is a name, into which chance may have copied anything
  if (notes.some(({ message }) => message.replace(/".*"/s, '').includes('secret'))) {
    throw new Error('a password is shown');
  }
  return discovery;
}

/** What a person is told who gives such a file; anything else that is thrown is a fault. */
function given(file: Buffer): Found {
  try {
    return readGivenFile({ name: 'given', text: file.toString('utf8') });
  } catch (error) {
    if (error instanceof Failure && error.problem.code === 'connection.file') {
      return nothing('file', [{ path: 'given', message: error.problem.message }]);
    }
    throw error;
  }
}

test(
  'podman-connections.json, however broken, throws nothing, hangs nothing, runs nothing',
  async () => {
    await fuzz('podman-connections.json', seeds.podman, (file) => {
      given(file);
      return readPodmanText(file.toString('utf8'), 'p');
    });
  },
  timeoutMs,
);

test(
  'containers.conf, however broken, throws nothing, hangs nothing, runs nothing',
  async () => {
    await fuzz('containers.conf', seeds.containersConf, (file) => {
      given(file);
      return readContainersText(file.toString('utf8'), 'c');
    });
  },
  timeoutMs,
);

test(
  'meta.json of docker, however broken, throws nothing, hangs nothing, runs nothing',
  async () => {
    await fuzz('meta.json', seeds.docker, (file) => readDockerContext(file.toString('utf8'), 'd'));
  },
  timeoutMs,
);

test(
  'an exported file, however broken, throws nothing, hangs nothing, runs nothing',
  async () => {
    await fuzz('exported file', seeds.own, given);
  },
  timeoutMs,
);

test(
  'an SSH configuration, however broken, throws nothing, hangs nothing, runs nothing',
  async () => {
    const included = join(folder, 'included');
    await writeFile(included, 'Host included\n  HostName included.lan\n');
    const from = buffers(
      `Host pi4 pi*\n  HostName pi4.lan\n  User pi\n  Port 2222\n  IdentityFile ~/.ssh/%h\n  ProxyJump a@b:3,c\nHost "quoted name" !neg *.lan\n  HostName %h.example\n`,
      `Host run\n  HostName run.lan\n  ProxyCommand touch ${marker}\n  LocalCommand touch ${marker}\n  PermitLocalCommand yes\n  KnownHostsCommand /usr/bin/touch ${marker}\nMatch exec "touch ${marker}"\n  User x\nMatch host run exec "touch ${marker}"\n  HostName y\n`,
      `Include ${included}\nMatch originalhost pi4 user pi,me\n  HostName=x\n  IdentitiesOnly = yes\nMatch final all\n  ServerAliveInterval 5\nHost after\n  HostName after.lan\n`,
    );
    await fuzz('ssh_config', from, async (file, lane) => {
      const path = join(folder, `config-${lane}`);
      // not by a promise: every turn through the event loop counts ten thousand times
      writeFileSync(path, file);
      return readSshHosts([{ path, required: true, personal: true, checked: false }], folder);
    });
  },
  timeoutMs,
);

test.runIf(process.platform === 'linux')(
  'a process that is started would be seen, while it runs and after it',
  async () => {
    const before = children();
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    expect(children()?.running).toEqual([...(before?.running ?? []), String(child.pid)].sort());
    child.kill();
    await once(child, 'exit');
    const after = children();
    expect(after?.running).toEqual(before?.running);
    expect(after?.ended).toBeGreaterThan(before?.ended ?? 0);
    spawnSync('true');
    expect(children()?.ended).toBeGreaterThan(after?.ended ?? 0);
  },
);
