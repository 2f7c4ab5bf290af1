/** Shared by the specs: the lab, data folders, projects, and the CLI as a user runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { buildSchema } from '../shared/build.ts';
import { type Check, checkSchema } from '../shared/check.ts';
import { ensureBundled } from './bundle.ts';
import { pushBase } from './lab/base-image.ts';
import { type Lab, type LabNode, labUp } from './lab/lab.ts';

const root = resolve(import.meta.dirname, '..');

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command of the CLI. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Outcome>;
  /** Resolves with the first line of standard output that `accept` returns true for. @throws Error if the command ends before */
  waitForLine(accept: (line: string) => boolean): Promise<string>;
}

/** The CLI that people run. It starts five times faster than that of the sources. */
export const bundledCli: readonly string[] = [join(root, 'out', 'main', 'cli.cjs')];

/** What adding connections has left in the home of a person, by the connections and the keys of their nodes. */
const addedConnections = new Map<string, ReadonlyMap<string, Buffer>>();

const describeConnection = async ({ name, uri, identity, knownHosts }: LabNode): Promise<readonly string[]> => [
  ...[name, uri, identity],
  await readFile(knownHosts, 'utf8'),
];

/** A user with a separate data folder, who runs the CLI. */
export class Person {
  readonly home: string;
  readonly knownHosts: string;
  /** The environment of the person's programs. */
  readonly env: NodeJS.ProcessEnv;

  private constructor(home: string, env: Record<string, string>) {
    this.home = home;
    this.knownHosts = join(home, 'known_hosts');
    this.env = {
      ...process.env,
      // the machine's SSH agent, known hosts and SSH configuration must not affect the tests
      SSH_AUTH_SOCK: '',
      BARNRAISER_HOME: home,
      BARNRAISER_KNOWN_HOSTS: this.knownHosts,
      BARNRAISER_SSH_CONFIG: 'none',
      ...env,
    };
  }

  static async create(env: Record<string, string> = {}): Promise<Person> {
    await ensureBundled();
    return new Person(await mkdtemp(join(tmpdir(), 'barnraiser-home-')), env);
  }

  async remove(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }

  start(...args: string[]): Running {
    return this.startWith({}, ...args);
  }

  /** Starts a command with a changed environment. */
  startWith(env: Record<string, string>, ...args: string[]): Running {
    return this.#spawn({ env, cwd: root }, args);
  }

  /** Starts a command in a folder. */
  startIn(cwd: string, ...args: string[]): Running {
    return this.#spawn({ env: {}, cwd }, args);
  }

  #spawn({ env, cwd }: { readonly env: Record<string, string>; readonly cwd: string }, args: string[]): Running {
    const child = spawn(process.execPath, [...bundledCli, ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...this.env, ...env },
    });
    return watch(child);
  }

  /** Runs a command and resolves with its output for any exit code. */
  barnraiser(...args: string[]): Promise<Outcome> {
    return this.start(...args).ended;
  }

  /** Runs a command and resolves with its standard output. @throws Error if the command fails */
  async mustRun(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.barnraiser(...args);
    if (code !== 0) {
      throw new Error(`barnraiser ${args.join(' ')} exited with code ${code}:\n${stderr}\n${stdout}`);
    }
    return stdout;
  }

  /**
   * Adds connections to nodes of the lab, and accepts their host keys. A new person gets a copy of what the commands have left
   * for another with the same nodes: there are so many persons that adding theirs takes minutes.
   */
  async addConnections(...nodes: LabNode[]): Promise<void> {
    const isNew = (await readdir(this.home)).length === 0 && this.env.BARNRAISER_KNOWN_HOSTS === this.knownHosts;
    const key = isNew ? JSON.stringify(await Promise.all(nodes.map(describeConnection))) : '';
    const copied = addedConnections.get(key);
    if (copied) {
      await Promise.all([...copied].map(([name, data]) => writeFile(join(this.home, name), data, { mode: 0o600 })));
      return;
    }
    for (const { name, uri, identity } of nodes) {
      await this.mustRun('connection', 'add', name, uri, '--identity', identity, '--accept-new-host-keys');
    }
    if (isNew) {
      const names = ['connections.json', 'nodes.json', 'known_hosts'];
      const files = names.map(async (name) => [name, await readFile(join(this.home, name))] as const);
      addedConnections.set(key, new Map(await Promise.all(files)));
    }
  }

  /** Builds with `--json`. Resolves with the outcome and the build of the last event. */
  async build(...args: string[]): Promise<{ outcome: Outcome; build: z.infer<typeof buildSchema> }> {
    const outcome = await this.barnraiser('build', '--json', ...args);
    return { outcome, build: parseBuild(outcome) };
  }
}

const finishedSchema = z.object({ event: z.literal('build.finished'), build: buildSchema });

/** The build of the `build.finished` event that `build --json` prints last. */
export function parseBuild({ stdout, stderr }: Outcome): z.infer<typeof buildSchema> {
  const last = stdout.trim().split('\n').at(-1) ?? '';
  try {
    return finishedSchema.parse(JSON.parse(last)).build;
  } catch (error) {
    throw new Error(`The last line is not a build.finished event: ${last}\n${stderr}`, { cause: error });
  }
}

/** The report that `connection test --json` or `connection fix --json` prints last. */
export function parseCheckReport({ stdout, stderr }: Outcome): Check {
  const last = stdout.trim().split('\n').at(-1) ?? '';
  try {
    return checkSchema.parse(JSON.parse(last));
  } catch (error) {
    throw new Error(`The last line is not a check report: ${last}\n${stderr}`, { cause: error });
  }
}

function watch(child: ChildProcess): Running {
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  let stdout = '';
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      stdout += `${line}\n`;
      lines.push(line);
      for (const watcher of watchers) {
        watcher();
      }
    });
  }
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    process: child,
    ended,
    waitForLine: (accept) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const match = lines.find(accept);
          if (match !== undefined) {
            watchers.delete(check);
            resolve(match);
          }
        };
        watchers.add(check);
        ended.then(({ code, stdout, stderr }) => {
          check();
          reject(new Error(`The command exited with code ${code} before it printed the line:\n${stdout}\n${stderr}`));
        }, reject);
        check();
      }),
  };
}

/** Creates a temporary project folder with files. */
export async function makeProject(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-project-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

/**
 * Starts the lab if it is not running. Resolves with its nodes, those with podman, and `from`: the first lines of a Containerfile
 * with a base image that has a shell for RUN steps.
 */
export async function setUpLab(): Promise<
  Lab & { readonly from: string; readonly podman: readonly LabNode[]; node(name: string): LabNode }
> {
  const lab = await labUp();
  return {
    ...lab,
    podman: lab.nodes.filter(({ engine }) => engine === 'podman'),
    from: `FROM ${await pushBase(lab.registry.address)}\nARG TARGETARCH\n`,
    node: (name) => {
      const node = lab.nodes.find((candidate) => candidate.name === name);
      if (!node) {
        throw new Error(`The lab has no node ${name}.`);
      }
      return node;
    },
  };
}
