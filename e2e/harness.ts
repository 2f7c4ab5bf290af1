/** What the specs share: the lab, a home of their own, projects, and the terminal door run as a person runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { buildSchema } from '../shared/build.ts';
import { type Check, checkSchema } from '../shared/check.ts';
import { pushBase } from './lab/base-image.ts';
import { type Lab, type LabNode, labUp } from './lab/lab.ts';

const root = resolve(import.meta.dirname, '..');

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command: its lines as they come, and its end. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Outcome>;
  /** Resolves with the first line of standard output, now or later, that the test accepts. */
  line(accept: (line: string) => boolean): Promise<string>;
}

/** A person with a data folder of their own, at the terminal door. */
export class Person {
  readonly home: string;
  readonly knownHosts: string;
  readonly #env: Record<string, string>;

  private constructor(home: string, env: Record<string, string>) {
    this.home = home;
    this.knownHosts = join(home, 'known_hosts');
    this.#env = env;
  }

  static async create(env: Record<string, string> = {}): Promise<Person> {
    return new Person(await mkdtemp(join(tmpdir(), 'barnraiser-home-')), env);
  }

  async remove(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }

  start(...args: string[]): Running {
    const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'electron', 'cli.ts'), ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        // nothing of the machine's own agent, keys or logins plays along
        SSH_AUTH_SOCK: '',
        BARNRAISER_HOME: this.home,
        BARNRAISER_KNOWN_HOSTS: this.knownHosts,
        BARNRAISER_SSH_CONFIG: 'none',
        ...this.#env,
      },
    });
    return watch(child);
  }

  /** Runs a command to its end. */
  barnraiser(...args: string[]): Promise<Outcome> {
    return this.start(...args).ended;
  }

  /** Runs a command that must succeed, and resolves with its standard output. */
  async must(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.barnraiser(...args);
    if (code !== 0) {
      throw new Error(`barnraiser ${args.join(' ')} ended with ${code}:\n${stderr}\n${stdout}`);
    }
    return stdout;
  }

  /** Makes connections to nodes of the lab, whose keys are trusted. */
  async connect(...nodes: LabNode[]): Promise<void> {
    for (const { name, uri, identity } of nodes) {
      await this.must('connection', 'add', name, uri, '--identity', identity, '--accept-new-host-keys');
    }
  }

  /** Builds with `--json` and resolves with the last event's build. */
  async build(...args: string[]): Promise<{ outcome: Outcome; build: z.infer<typeof buildSchema> }> {
    const outcome = await this.barnraiser('build', '--json', ...args);
    return { outcome, build: finishedBuild(outcome) };
  }
}

const finishedSchema = z.object({ event: z.literal('build.finished'), build: buildSchema });

export function finishedBuild({ stdout, stderr }: Outcome): z.infer<typeof buildSchema> {
  const last = stdout.trim().split('\n').at(-1) ?? '';
  try {
    return finishedSchema.parse(JSON.parse(last)).build;
  } catch (error) {
    throw new Error(`the last line is no build.finished: ${last}\n${stderr}`, { cause: error });
  }
}

/** The check that `connection test --json` or `connection fix --json` ends with. */
export function checkOf({ stdout, stderr }: Outcome): Check {
  const last = stdout.trim().split('\n').at(-1) ?? '';
  try {
    return checkSchema.parse(JSON.parse(last));
  } catch (error) {
    throw new Error(`the last line is no check: ${last}\n${stderr}`, { cause: error });
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
    line: (accept) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.find(accept);
          if (found !== undefined) {
            watchers.delete(look);
            resolve(found);
          }
        };
        watchers.add(look);
        ended.then((outcome) => {
          look();
          reject(new Error(`it ended with ${outcome.code} before such a line:\n${outcome.stdout}\n${outcome.stderr}`));
        }, reject);
        look();
      }),
  };
}

/** A project folder with files in it. */
export async function makeProject(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-project-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

/**
 * The lab, brought up if it is not, its nodes by name, and those with podman. `from` begins a Containerfile whose RUN steps have
 * a shell.
 */
export async function theLab(): Promise<
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
        throw new Error(`the lab has no node ${name}`);
      }
      return node;
    },
  };
}
