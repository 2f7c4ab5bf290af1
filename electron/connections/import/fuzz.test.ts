import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Discovery, discoverySchema } from '../../../shared/discovery.ts';
import { Failure } from '../../../shared/problem.ts';
import { parseBuildxBuilder } from './buildx-builders.ts';
import { parseContainersConf } from './containers-conf.ts';
import { parseDockerContext } from './docker-contexts.ts';
import { readImportFile } from './import-file.ts';
import { emptySource, type ImportSource } from './import-source.ts';
import { mergeSources } from './merge-sources.ts';
import { parsePodmanConnections } from './podman-connections.ts';
import { readSshHosts } from './ssh-hosts.ts';
import { HangWatch } from './testing/hang-watch.ts';
import { mutate } from './testing/mutate.ts';
import { children } from './testing/process-watch.ts';

/** The number of files for each importer. */
const fileCount = 10_000;
/** Far more than any file takes, on any machine that runs these tests. */
const hangTimeoutMs = 30_000;
/** A test takes some seconds on an idle machine. The watch, not this limit, finds an importer that hangs. */
const timeoutMs = 300_000;

let folder: string;
/** The file that the commands in the test files would create if they were run. */
let marker: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
  marker = join(folder, 'was-run');
});
afterAll(() => rm(folder, { recursive: true }));

const buffers = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

/** Valid files of each kind, with every field that an importer reads. */
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
  buildx: buffers(
    '{"Name":"multi","Driver":"docker-container","Nodes":[{"Name":"multi0","Endpoint":"zoo","Platforms":null,"DriverOpts":null,"Flags":["--x"],"Files":null},{"Name":"multi1","Endpoint":"ssh://pi@pi4","Platforms":[{"architecture":"arm","os":"linux","variant":"v7"}]}],"Dynamic":false}',
    '{"Name":"far","Driver":"remote","Nodes":[{"Name":"far0","Endpoint":"tcp://me:secret@10.0.0.1:1234"}]}',
  ),
  own: buffers(
    '{"barnraiser":1,"connections":[{"name":"pi4","uri":"ssh://pi@pi4.lan","identity":"~/.ssh/pi"},{"name":"here","uri":"local:"}],"farms":[{"name":"pis","connections":["pi4","here"],"default":true}]}\n',
    JSON.stringify({ barnraiser: 1, connections: [{ name: 'x', uri: 'x@y' }], farms: [] }, null, 2),
  ),
};

/** How many files are read at once. Reading mostly waits for the disk. */
const lanes = 4;

/** Existing entries, some with names that occur in the files. */
const existing = { connections: [{ name: 'mine', uri: 'ssh://x' }], farms: ['f2', 'all', 'pis'] };

/**
 * Runs one importer on mutated files. The error names the number of the file that failed, from which the file can be
 * generated again.
 */
async function fuzz(
  name: string,
  seedFiles: readonly Buffer[],
  read: (file: Buffer, lane: number) => ImportSource | Promise<ImportSource>,
): Promise<void> {
  const watch = new HangWatch(`fuzz: ${name}, with ${lanes} files at once,`, hangTimeoutMs);
  const childrenBefore = children();
  let number = 0;
  let nonEmptyCount = 0;
  const run = async (lane: number): Promise<void> => {
    while (number < fileCount) {
      const current = ++number;
      watch.setCurrent(current);
      const file = mutate(seedFiles, current);
      try {
        const { candidates } = check(await mergeSources([await read(file, lane)], existing, folder));
        nonEmptyCount += candidates.length > 0 ? 1 : 0;
      } catch (error) {
        number = fileCount;
        const text = JSON.stringify(file.toString('latin1').slice(0, 2_000));
        throw new Error(`${name}, file ${current}: ${text}`, { cause: error });
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: lanes }, (_, lane) => run(lane)));
  } finally {
    await watch.stop();
  }
  // many of the files still contain an engine, so the importer reads more than their first bytes
  expect(nonEmptyCount).toBeGreaterThan(fileCount / 20);
  expect(children()).toEqual(childrenBefore);
  await expect(access(marker)).rejects.toThrow('ENOENT');
}

/** Checks what must be true of every discovery. */
function check(discovery: Discovery): Discovery {
  const { candidates, farms, notes } = discoverySchema.parse(discovery);
  const names = new Set(candidates.map(({ name }) => name));
  if (names.size < candidates.length || new Set(farms.map(({ name }) => name)).size < farms.length) {
    throw new Error('a name is not unique');
  }
  if (farms.some(({ connections }) => connections.some((name) => !names.has(name)))) {
    throw new Error('a farm has a member that is not a candidate');
  }
  // text in quotes is a name, and a mutation may have copied anything into it
  if (notes.some(({ message }) => message.replace(/".*"/s, '').includes('secret'))) {
    throw new Error('a note contains a password');
  }
  return discovery;
}

/** Reads a file as one that a person chose. A problem becomes a note; any other error fails the test. */
function readChosen(file: Buffer): ImportSource {
  try {
    return readImportFile({ name: 'chosen', text: file.toString('utf8') });
  } catch (error) {
    if (error instanceof Failure && error.problem.code === 'connection.file') {
      return emptySource('file', [{ path: 'chosen', message: error.problem.message }]);
    }
    throw error;
  }
}

test(
  'a damaged podman-connections.json never throws, hangs or runs a command',
  async () => {
    await fuzz('podman-connections.json', seeds.podman, (file) => {
      readChosen(file);
      return parsePodmanConnections(file.toString('utf8'), 'p');
    });
  },
  timeoutMs,
);

test(
  'a damaged containers.conf never throws, hangs or runs a command',
  async () => {
    await fuzz('containers.conf', seeds.containersConf, (file) => {
      readChosen(file);
      return parseContainersConf(file.toString('utf8'), 'c');
    });
  },
  timeoutMs,
);

test(
  'a damaged meta.json of docker never throws, hangs or runs a command',
  async () => {
    await fuzz('meta.json', seeds.docker, (file) => parseDockerContext(file.toString('utf8'), 'd'));
  },
  timeoutMs,
);

test(
  'a damaged builder of docker buildx never throws, hangs or runs a command',
  async () => {
    const contextUri = (name: string) => (name === 'zoo' ? { uri: 'ssh://zoo' } : undefined);
    await fuzz('builder', seeds.buildx, (file) => parseBuildxBuilder(file.toString('utf8'), 'b', contextUri));
  },
  timeoutMs,
);

test(
  'a damaged exported file never throws, hangs or runs a command',
  async () => {
    await fuzz('exported file', seeds.own, readChosen);
  },
  timeoutMs,
);

test(
  'a damaged SSH configuration never throws, hangs or runs a command',
  async () => {
    const included = join(folder, 'included');
    await writeFile(included, 'Host included\n  HostName included.lan\n');
    const seedFiles = buffers(
      `Host pi4 pi*\n  HostName pi4.lan\n  User pi\n  Port 2222\n  IdentityFile ~/.ssh/%h\n  ProxyJump a@b:3,c\nHost "quoted name" !neg *.lan\n  HostName %h.example\n`,
      `Host run\n  HostName run.lan\n  ProxyCommand touch ${marker}\n  LocalCommand touch ${marker}\n  PermitLocalCommand yes\n  KnownHostsCommand /usr/bin/touch ${marker}\nMatch exec "touch ${marker}"\n  User x\nMatch host run exec "touch ${marker}"\n  HostName y\n`,
      `Include ${included}\nMatch originalhost pi4 user pi,me\n  HostName=x\n  IdentitiesOnly = yes\nMatch final all\n  ServerAliveInterval 5\nHost after\n  HostName after.lan\n`,
    );
    await fuzz('ssh_config', seedFiles, async (file, lane) => {
      const path = join(folder, `config-${lane}`);
      // synchronous, because ten thousand turns of the event loop would take long
      writeFileSync(path, file);
      return readSshHosts([{ path, isRequired: true, isUserFile: true, mustBePrivate: false }], folder);
    });
  },
  timeoutMs,
);

test.runIf(process.platform === 'linux')(
  'the process watch sees a process while it runs and after it has ended',
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
