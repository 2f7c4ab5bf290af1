/** The browser door, started as a person starts it, with a home of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { ensureBuilt } from '../built.ts';
import type { LabNode } from '../lab/lab.ts';

const root = resolve(import.meta.dirname, '../..');

/** A person's home folder: what Barnraiser finds there, and what it keeps there. */
export class Home {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Home> {
    return new Home(await mkdtemp(join(tmpdir(), 'barnraiser-person-')));
  }

  async write(path: string, text: string): Promise<void> {
    const file = join(this.folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  /** Lets podman know of nodes, as `podman system connection add` does. */
  async podmanKnows(...nodes: LabNode[]): Promise<void> {
    const Connections = Object.fromEntries(
      nodes.map(({ name, uri, identity }) => [name, { URI: uri, Identity: identity }]),
    );
    await this.write(
      '.config/containers/podman-connections.json',
      JSON.stringify({ Connection: { Default: nodes[0]?.name, Connections }, Farm: {} }),
    );
  }

  /** Lets ssh know of nodes. Where their engine's socket is must be found on them then. */
  async sshKnows(...nodes: LabNode[]): Promise<void> {
    const hosts = nodes.map(
      ({ name, port, identity }) =>
        `Host ${name}\n  HostName 127.0.0.1\n  Port ${port}\n  User root\n  IdentityFile ${identity}\n`,
    );
    await this.write('.ssh/config', hosts.join('\n'));
  }

  /** A project folder in it. @returns its absolute path */
  async project(name: string, files: Readonly<Record<string, string>>): Promise<string> {
    for (const [path, text] of Object.entries(files)) {
      await this.write(join(name, path), text);
    }
    return join(this.folder, name);
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

export interface Door {
  /** Lets one browser in, once. */
  readonly url: string;
  /** Ends it as Ctrl-C does; resolves with the exit code. */
  close(): Promise<number | null>;
}

/** Starts the built door in a home and resolves when it is open. */
export async function openDoor(home: Home): Promise<Door> {
  await ensureBuilt();
  const child = spawn(process.execPath, [join(root, 'out', 'main', 'browser.js'), '--no-window'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // nothing of this machine's own person plays along
    env: {
      PATH: process.env.PATH,
      HOME: home.folder,
      XDG_RUNTIME_DIR: join(home.folder, 'run'),
      BARNRAISER_HOME: join(home.folder, '.local', 'share', 'barnraiser'),
      BARNRAISER_KNOWN_HOSTS: join(home.folder, '.ssh', 'known_hosts'),
    },
  });
  const ended = exitOf(child);
  const url = new Promise<string>((found, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [address] = /http:\/\/\S+/.exec(line) ?? [];
      if (address) {
        found(address);
      }
    });
    ended.then((code) => reject(new Error(`The browser door ended with ${code} before it was open.`)), reject);
  });
  return {
    url: await url,
    close: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((settle, reject) => {
    child.on('error', reject);
    child.on('exit', settle);
  });
}
