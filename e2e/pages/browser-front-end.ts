/** The browser front end, started as a user starts it, with a separate home folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { ensureBundled } from '../bundle.ts';
import type { LabNode } from '../lab/lab.ts';

const root = resolve(import.meta.dirname, '../..');

/** The home folder of a user, with podman's and ssh's configuration, projects, and Barnraiser's data. */
export class Home {
  readonly folder: string;
  /** The environment of the user's programs. That of the user who runs the tests must not affect them. */
  readonly env: NodeJS.ProcessEnv;

  private constructor(folder: string) {
    this.folder = folder;
    this.env = {
      PATH: process.env.PATH,
      HOME: folder,
      XDG_RUNTIME_DIR: join(folder, 'run'),
      BARNRAISER_HOME: join(folder, '.local', 'share', 'barnraiser'),
      BARNRAISER_KNOWN_HOSTS: join(folder, '.ssh', 'known_hosts'),
    };
  }

  static async create(): Promise<Home> {
    return new Home(await mkdtemp(join(tmpdir(), 'barnraiser-user-')));
  }

  async write(path: string, text: string): Promise<void> {
    const file = join(this.folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  /** Adds nodes to podman's connections, as `podman system connection add` does. */
  async addPodmanConnections(...nodes: LabNode[]): Promise<void> {
    const Connections = Object.fromEntries(
      nodes.map(({ name, uri, identity }) => [name, { URI: uri, Identity: identity }]),
    );
    await this.write(
      '.config/containers/podman-connections.json',
      JSON.stringify({ Connection: { Default: nodes[0]?.name, Connections }, Farm: {} }),
    );
  }

  /** Adds nodes as hosts to ~/.ssh/config, without the sockets of their engines. */
  async addSshHosts(...nodes: LabNode[]): Promise<void> {
    const hosts = nodes.map(
      ({ name, port, identity }) =>
        `Host ${name}\n  HostName 127.0.0.1\n  Port ${port}\n  User root\n  IdentityFile ${identity}\n`,
    );
    await this.write('.ssh/config', hosts.join('\n'));
  }

  /** Creates a project folder in the home folder and resolves with its absolute path. */
  async createProject(name: string, files: Readonly<Record<string, string>>): Promise<string> {
    for (const [path, text] of Object.entries(files)) {
      await this.write(join(name, path), text);
    }
    return join(this.folder, name);
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

export interface BrowserFrontEnd {
  /** Grants access to one browser, once. */
  readonly url: string;
  /** Ends it with SIGTERM, or another signal. Resolves with the exit code. */
  close(signal?: NodeJS.Signals): Promise<number | null>;
}

/**
 * Starts the bundled browser front end for a user. Resolves when it accepts connections, or when it has opened a window of
 * the one that is running.
 */
export async function openBrowserFrontEnd({ env }: Pick<Home, 'env'>): Promise<BrowserFrontEnd> {
  await ensureBundled();
  const child = spawn(process.execPath, [join(root, 'out', 'main', 'browser.cjs'), '--no-window'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  const ended = exitOf(child);
  const url = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [address] = /http:\/\/\S+/.exec(line) ?? [];
      if (address) {
        resolve(address);
      }
    });
    ended.then(
      (code) => reject(new Error(`The browser front end exited with code ${code} before it was ready.`)),
      reject,
    );
  });
  return {
    url: await url,
    close: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  });
}
