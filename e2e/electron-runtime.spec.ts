/** How `npm start` gets Electron, and what it says where Electron cannot start. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import electronPackage from 'electron/package.json' with { type: 'json' };
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findSandboxProblem } from './chromium-sandbox.ts';
import { progressPrinter } from './download-progress.ts';
import { fetchRuntime, findRuntime } from './electron-runtime.ts';

const modules = resolve(import.meta.dirname, '..', 'node_modules');

const { version } = electronPackage;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-runtime-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the download', () => {
  let server: Server;
  let requests: string[];
  let packageFolder: string;
  let archive: Buffer;
  let sendArchive: (response: ServerResponse) => void;

  beforeEach(async () => {
    // a copy of the package without the runtime, beside the packages that it needs
    packageFolder = join(folder, 'node_modules', 'electron');
    await mkdir(packageFolder, { recursive: true });
    for (const file of ['package.json', 'install.js', 'checksums.json']) {
      await cp(join(modules, 'electron', file), join(packageFolder, file));
    }
    for (const name of ['@electron', '@electron-internal', 'undici']) {
      await symlink(join(modules, name), join(folder, 'node_modules', name), 'junction');
    }
    archive = zipOf(process.platform === 'win32' ? 'electron.exe' : 'electron', Buffer.alloc(1_000_000, 'a program'));
    sendArchive = (response) => response.setHeader('content-length', archive.length).end(archive);
    requests = [];
    const file = `electron-v${version}-${process.platform}-${process.arch}.zip`;
    server = createServer((request, response) => {
      // a proxy gets the whole address
      const path = (request.url ?? '').replace(/^http:\/\/[^/]+/, '');
      requests.push(request.url ?? '');
      if (path.endsWith('/SHASUMS256.txt')) {
        response.end(`${createHash('sha256').update(archive).digest('hex')} *${file}\n`);
      } else if (path.endsWith(`/${file}`)) {
        sendArchive(response);
      } else {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const address = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const env = (more: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
    PATH: process.env.PATH,
    electron_config_cache: join(folder, 'cache'),
    electron_use_remote_checksums: '1',
    ...more,
  });

  it.each(['npm_config_electron_mirror', 'ELECTRON_MIRROR'])(
    'comes from the mirror in %s, with progress',
    async (name) => {
      const progress: [number, number | undefined][] = [];
      const path = await fetchRuntime({
        packageFolder,
        env: env({ [name]: address() }),
        onProgress: (...each) => progress.push(each),
      });
      expect(await readFile(path, 'utf8')).toContain('a program');
      expect(findRuntime(packageFolder, {})).toBe(path);
      expect(progress).toContainEqual([archive.length, archive.length]);
    },
  );

  it('comes through the proxy of the environment', async () => {
    const mirror = 'http://mirror.example.com/electron/';
    const proxied = env({ ELECTRON_MIRROR: mirror, HTTP_PROXY: address(), HTTPS_PROXY: address() });
    // a proxy gets a tunnel for https, and for http with this version of undici
    server.on('connect', (request: IncomingMessage, socket: Duplex) => {
      requests.push(request.url ?? '');
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      server.emit('connection', socket);
    });
    expect(await fetchRuntime({ packageFolder, env: proxied })).toBe(findRuntime(packageFolder, {}));
    expect(requests[0]).toMatch(/^(http:\/\/mirror\.example\.com\/electron\/|mirror\.example\.com:80$)/);
  });

  it('fails with the reason, and leaves no program behind', async () => {
    sendArchive = (response) => response.writeHead(503, 'Service Unavailable').end();
    await expect(fetchRuntime({ packageFolder, env: env({ ELECTRON_MIRROR: address() }) })).rejects.toThrow(/503/);
    expect(findRuntime(packageFolder, {})).toBeUndefined();
  });

  it('is refused if its checksum is another', async () => {
    sendArchive = (response) => response.end(Buffer.concat([archive, Buffer.from('more')]));
    await expect(fetchRuntime({ packageFolder, env: env({ ELECTRON_MIRROR: address() }) })).rejects.toThrow(
      /checksum/i,
    );
    expect(findRuntime(packageFolder, {})).toBeUndefined();
  });

  it('can be cancelled', async () => {
    const controller = new AbortController();
    sendArchive = (response) => {
      response.setHeader('content-length', archive.length).write(archive.subarray(0, 100_000));
    };
    const fetched = fetchRuntime({
      packageFolder,
      env: env({ ELECTRON_MIRROR: address() }),
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('cancelled by the test')),
    });
    await expect(fetched).rejects.toThrow('cancelled by the test');
    expect(findRuntime(packageFolder, {})).toBeUndefined();
  });
});

describe('the progress', () => {
  function print(isTTY: boolean): string {
    const written: string[] = [];
    const show = progressPrinter('Electron', { isTTY, write: (text) => written.push(text) });
    for (let bytes = 0; bytes <= 100e6; bytes += 1e6) {
      show(bytes, 100e6);
    }
    show.end();
    return written.join('');
  }

  it('is one line of a terminal', () => {
    const texts = stripVTControlCharacters(print(true)).split('\r');
    expect([texts[0], texts.length]).toEqual(['', 102]);
    expect(texts.at(-1)).toBe('Electron: 100 of 100 MB (100 %)\n');
  });

  it('is a line at each tenth in a log', () => {
    const lines = print(false).trim().split('\n');
    expect(lines).toHaveLength(11);
    expect([lines[0], lines.at(-1)]).toEqual(['Electron: 0.0 of 100 MB (0 %)', 'Electron: 100 of 100 MB (100 %)']);
  });

  it('says how much came if the total is unknown', () => {
    const written: string[] = [];
    progressPrinter('Electron', { write: (text) => written.push(text) })(5e6, undefined);
    expect(written).toEqual(['Electron: 5.0 MB\n']);
  });
});

describe('the sandbox', () => {
  const system = { uid: 1_000, platform: 'linux' } as const;
  let program: string;
  const problem = (more = {}) => findSandboxProblem(program, { ...system, root: folder, ...more });

  beforeEach(async () => {
    program = join(folder, 'dist of anna', 'electron');
    await write('dist of anna/chrome-sandbox', '');
    await write('proc/sys/kernel/apparmor_restrict_unprivileged_userns', '1\n');
    await write('proc/sys/user/max_user_namespaces', '15000\n');
  });
  async function write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }

  it('needs a profile where AppArmor restricts user namespaces, and the commands that it names write one', async () => {
    const { message, commands } = problem() ?? expect.fail();
    expect(message).toContain('AppArmor');
    await mkdir(join(folder, 'etc', 'apparmor.d'), { recursive: true });
    const [writeProfile = ''] = commands;
    const shell = spawnSync('sh', ['-c', writeProfile.replace('sudo tee /etc/', `tee '${folder}/etc/'`)]);
    expect(shell.status).toBe(0);
    expect(await readFile(join(folder, 'etc/apparmor.d/barnraiser-sources'), 'utf8')).toBe(
      `abi <abi/4.0>,\ninclude <tunables/global>\nprofile barnraiser-sources "${program}" flags=(unconfined) {\n  userns,\n}\n`,
    );
    expect(problem()).toBeUndefined();
  });

  it('needs nothing for root, on other systems, and where AppArmor restricts nothing', async () => {
    expect(problem({ uid: 0 })).toBeUndefined();
    expect(problem({ platform: 'darwin' })).toBeUndefined();
    expect(problem({ platform: 'win32', uid: -1 })).toBeUndefined();
    await write('proc/sys/kernel/apparmor_restrict_unprivileged_userns', '0\n');
    expect(problem()).toBeUndefined();
  });

  it.skipIf(process.getuid?.() !== 0)('needs no profile where root owns its helper', async () => {
    await chmod(join(folder, 'dist of anna', 'chrome-sandbox'), 0o4755);
    expect(problem()).toBeUndefined();
  });

  it('needs user namespaces', async () => {
    await write('proc/sys/kernel/apparmor_restrict_unprivileged_userns', '0\n');
    await write('proc/sys/user/max_user_namespaces', '0\n');
    expect(problem()?.commands).toEqual(['sudo sysctl -w user.max_user_namespaces=15000']);
    await write('proc/sys/kernel/unprivileged_userns_clone', '0\n');
    expect(problem()?.commands).toEqual(['sudo sysctl -w kernel.unprivileged_userns_clone=1']);
  });
});

/** A zip archive of one file, which is not compressed. */
function zipOf(name: string, content: Buffer): Buffer {
  const file = Buffer.from(name);
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt32LE(crc32(content), 10);
  fields.writeUInt32LE(content.length, 14);
  fields.writeUInt32LE(content.length, 18);
  fields.writeUInt16LE(file.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, file, content]);
  const attributes = Buffer.alloc(14);
  // a regular file that may be executed
  attributes.writeUInt32LE((0o100755 << 16) >>> 0, 6);
  const central = Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), fields, attributes, file]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, central, Buffer.from('PK\x05\x06'), end]);
}

function crc32(content: Buffer): number {
  let crc = ~0;
  for (const byte of content) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
  }
  return ~crc >>> 0;
}
