/**
 * One build that meets a fault: one platform on the node that fails, which is reached over a line and a proxy that can be held, and
 * another platform on a bystander, which takes over what fails.
 */
import { execFile } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { appendFile, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { ConnectionStore } from '../../electron/connections/store.ts';
import { errnoCode } from '../../electron/system/file-errors.ts';
import type { JobState } from '../../shared/build.ts';
import { platformSchema } from '../../shared/platform.ts';
import { makeProject, Person, parseBuild, type Running, type setUpLab } from '../harness.ts';
import { asRoot, mustRun } from '../lab/command.ts';
import { engineSocketOn, type LabNode, runOnNode } from '../lab/lab.ts';
import { nodeFolder, nodeRow } from '../lab/node-table.ts';
import { type BrowserFrontEnd, openBrowserFrontEnd } from '../pages/browser-front-end.ts';
import { EngineProxy } from './engine-proxy.ts';
import { type FaultyNode, openNode, openSmallNode } from './faulty-node.ts';
import { GatedRegistry } from './gated-registry.ts';
import { added, listHome, listNode } from './left.ts';
import { Line, type Loss } from './line.ts';
import { readStore } from './stored.ts';

const execute = promisify(execFile);

/** What a phase or a fault needs of the scene. */
export interface Needs {
  /** A socket in front of the engine's. */
  readonly proxy?: true;
  /** The base image of the platform comes from a registry that can be held. */
  readonly pull?: true;
  /** The image is pushed, to a registry that can be held. */
  readonly push?: true;
  /** A step waits until it is released. */
  readonly wait?: true;
  /** In bytes. Default: a few. */
  readonly context?: number;
  readonly layer?: number;
  readonly loss?: Loss;
  /** The disk of the node is small. */
  readonly smallNode?: true;
  /** The disk of the data folder is small. */
  readonly smallHome?: true;
  /** The terminal uses a running app. */
  readonly frontEnd?: true;
  /** A connection that says nothing is lost after three seconds. */
  readonly impatient?: true;
  /** The platform is not pinned to the node that fails. */
  readonly unpinned?: true;
  /** No other node takes over. */
  readonly alone?: true;
}

type Lab = Awaited<ReturnType<typeof setUpLab>>;

const smallHomeMb = 64;
/** How long processes and files of an ended build may take to go, in milliseconds. */
const leaveMs = 20_000;

export const reference = 'faulty:1';

export class Scene {
  readonly needs: Needs;
  readonly person: Person;
  readonly victim: FaultyNode;
  readonly bystander: LabNode;
  readonly line: Line;
  readonly #proxy: EngineProxy | undefined;
  readonly #registry: GatedRegistry | undefined;
  readonly #frontEnd: BrowserFrontEnd | undefined;
  readonly #project: string;
  readonly #mark: string;
  /** No other process sleeps so long. */
  readonly #seconds = randomInt(100_000, 1_000_000);
  readonly #from: string;
  readonly #closing: (() => unknown)[];
  #before: { readonly victim: string[]; readonly bystander: string[]; readonly home: string[] } | undefined;
  #command: Running | undefined;
  #start = (): void => undefined;
  /** Resolves when the build was started. */
  readonly started = new Promise<void>((resolve) => {
    this.#start = resolve;
  });

  private constructor(parts: {
    readonly needs: Needs;
    readonly person: Person;
    readonly victim: FaultyNode;
    readonly bystander: LabNode;
    readonly line: Line;
    readonly proxy: EngineProxy | undefined;
    readonly registry: GatedRegistry | undefined;
    readonly frontEnd: BrowserFrontEnd | undefined;
    readonly project: string;
    readonly mark: string;
    readonly from: string;
    readonly closing: (() => unknown)[];
  }) {
    this.needs = parts.needs;
    this.person = parts.person;
    this.victim = parts.victim;
    this.bystander = parts.bystander;
    this.line = parts.line;
    this.#proxy = parts.proxy;
    this.#registry = parts.registry;
    this.#frontEnd = parts.frontEnd;
    this.#project = parts.project;
    this.#mark = parts.mark;
    this.#from = parts.from;
    this.#closing = parts.closing;
  }

  static async open(lab: Lab, nodeName: string, needs: Needs): Promise<Scene> {
    const closing: (() => unknown)[] = [];
    const closed = <T extends { close(): unknown }>(thing: T): T => {
      closing.push(() => thing.close());
      return thing;
    };
    try {
      const node = lab.node(nodeName);
      const bystander = lab.node(nodeName === 'amd-b' ? 'amd-a' : 'amd-b');
      const victim = closed(await (needs.smallNode ? openSmallNode(node) : openNode(node)));
      const line = closed(await Line.to(victim.port, needs.loss));
      const mark = randomBytes(6).toString('hex');
      let { socket } = node;
      let proxy: EngineProxy | undefined;
      if (needs.proxy) {
        const name = `proxy-${mark}.sock`;
        const path = join(nodeFolder(nodeRow(node.name)), name);
        proxy = closed(await EngineProxy.open(path, await engineSocketOn(node.name)));
        closing.push(() => rm(path, { force: true }));
        socket = `/run/node/${name}`;
      }
      const registry = needs.pull || needs.push ? closed(await GatedRegistry.before(lab.registry.address)) : undefined;
      const person = await createPerson(needs);
      closing.push(
        () => person.remove(),
        () => rm(`${person.home}.config`, { force: true }),
      );
      if (needs.smallHome) {
        await execute('mount', ['-t', 'tmpfs', '-o', `size=${smallHomeMb}m,mode=700`, 'none', person.home]);
        closing.push(() => execute('umount', ['--lazy', person.home]));
      }
      await addConnections(person, { node, socket, victim, line }, bystander, needs);
      const project = await makeProject({ data: randomBytes(needs.context ?? 100) });
      closing.push(() => rm(project, { recursive: true, force: true }));
      const frontEnd = needs.frontEnd ? await openBrowserFrontEnd(person) : undefined;
      closing.push(() => frontEnd?.close('SIGKILL'));
      const from = lab.from;
      return new Scene({
        needs,
        person,
        victim,
        bystander,
        line,
        proxy,
        registry,
        frontEnd,
        project,
        mark,
        from,
        closing,
      });
    } catch (error) {
      await closeAll(closing);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#command?.process.kill('SIGKILL');
    await this.#command?.ended;
    await this.release(this.victim.node.name);
    await closeAll(this.#closing);
  }

  get proxy(): EngineProxy {
    return this.#proxy ?? expect.fail('the scene has no proxy');
  }

  get registry(): GatedRegistry {
    return this.#registry ?? expect.fail('the scene has no registry');
  }

  get home(): string {
    return this.person.home;
  }

  get command(): Running {
    return this.#command ?? expect.fail('the build has not started');
  }

  /** The platform that is built on the node that fails. */
  get platform(): string {
    return this.victim.node.platform;
  }

  get otherPlatform(): string {
    return otherOf(this.platform);
  }

  /** Notes what is there before the fault and the build. */
  async look(): Promise<void> {
    this.#before = {
      victim: await listNode(this.victim),
      bystander: await this.#listBystander(),
      home: await listHome(this.home),
    };
  }

  /** Starts the build. */
  async start(): Promise<Running> {
    await this.#writeProject(this.needs.wait === true);
    this.#command = this.person.start(...this.#arguments());
    this.#start();
    return this.#command;
  }

  /** The same build without a fault. */
  async buildAgain() {
    await this.#writeProject(false);
    return this.person.build(...this.#arguments().slice(2));
  }

  /** Goes on with the build that was interrupted. Undefined if none was. */
  async resume() {
    const interrupted: unknown[] = JSON.parse(await this.person.mustRun('builds', 'interrupted', '--json'));
    if (interrupted.length === 0) {
      return undefined;
    }
    await this.#writeProject(false);
    return parseBuild(await this.person.barnraiser('resume', '--changed', '--json'));
  }

  /** Ends the program that the build runs. @param signal SIGKILL: as a crash does */
  async killApp(): Promise<void> {
    if (this.#frontEnd) {
      await this.#frontEnd.close('SIGKILL');
    } else {
      this.command.process.kill('SIGKILL');
    }
  }

  /** Resolves when an event of a job was reported that `accept` returns true for. */
  async job(platform: string, accept: (job: JobState) => boolean): Promise<void> {
    await this.command.waitForLine((line) => {
      const event = JSON.parse(line);
      return event.event === 'job.changed' && event.job.platform === platform && accept(event.job);
    });
  }

  /** Resolves when the step waits on a node. */
  async waiting(): Promise<void> {
    const text = `waiting ${this.#mark}`;
    await this.command.waitForLine((line) => {
      const event = JSON.parse(line);
      return event.event === 'job.log' && event.lines.some((each: string) => each.startsWith(text));
    });
  }

  /** Ends the steps that wait on a node. */
  async release(node: string): Promise<void> {
    const command = `pkill -KILL -f 'sleep ${this.#seconds}$' || true`;
    await (node === this.victim.node.name ? this.victim.run(command) : runOnNode(node, command));
  }

  /** Ends the steps that wait on the bystander, as soon as they do, until the build has ended. */
  async releaseOthers(): Promise<void> {
    if (!this.needs.wait) {
      return;
    }
    let hasEnded = false;
    void this.command.ended.finally(() => {
      hasEnded = true;
    });
    while (!hasEnded) {
      await this.release(this.bystander.name);
      await sleep(200);
    }
  }

  /** Resets the connections through the ports that the node forwards to us. */
  async resetForward(): Promise<void> {
    const sockets = await mustRun(asRoot('ss', '-Hltnp', 'src', '127.0.0.1'));
    const ports: string[] = [];
    for (const [, port = '', pid = ''] of sockets.matchAll(/127\.0\.0\.1:(\d+).*pid=(\d+)/g)) {
      if (await comesFrom(pid, `sshd-${this.victim.port}.conf`)) {
        ports.push(port);
      }
    }
    expect(ports, 'the node forwards no port').not.toEqual([]);
    for (const port of ports) {
      await mustRun(asRoot('ss', '-K', '-Htn', 'state', 'established', `( sport = :${port} or dport = :${port} )`));
    }
  }

  /** Writes to the disk of the data folder until nothing more fits. @returns what empties it again */
  async fillHome(): Promise<() => Promise<void>> {
    const path = join(this.home, 'filler');
    const file = await open(path, 'a');
    for (let size = 64 * 1024; size >= 1; ) {
      try {
        await file.write(Buffer.alloc(size));
      } catch (error) {
        expect(errnoCode(error)).toBe('ENOSPC');
        size = Math.floor(size / 2);
      }
    }
    await file.close();
    return () => rm(path);
  }

  /** What is there that was not before the build. Waits for what goes by itself. */
  async left(waitMs = leaveMs): Promise<string[]> {
    const before = this.#before ?? expect.fail('the build has not started');
    const deadline = performance.now() + waitMs;
    for (;;) {
      const left = [
        ...added(before.victim, await listNode(this.victim)).map((line) => `${this.victim.node.name}: ${line}`),
        ...added(before.bystander, await this.#listBystander()).map((line) => `${this.bystander.name}: ${line}`),
        ...added(before.home, await listHome(this.home)).map((line) => `here: ${line}`),
      ];
      if (left.length === 0 || performance.now() > deadline) {
        return left;
      }
      await sleep(500);
    }
  }

  /** Whether nothing is left, without another build. Records of jobs that lost their node wait for one. */
  async leftNothing(waitMs: number): Promise<boolean> {
    const isRecorded = (await listHome(this.home)).some((path) => path.startsWith('node-work/'));
    return !isRecorded && (await this.left(waitMs)).length === 0;
  }

  /** Compares all that is stored. @returns the content of the image of the scene by platform, if there is one */
  async stored(): Promise<Readonly<Record<string, string>> | undefined> {
    const { stdout } = await this.person.barnraiser('images', '--json');
    const references = JSON.parse(stdout).map((list: { reference: string }) => list.reference);
    const store = await readStore(this.home, 'content');
    // what is kept for a retry has no name
    expect(Object.keys(store).filter((name) => !name.startsWith('sha256:'))).toEqual(references);
    return store[reference];
  }

  /** What {@link stored} finds of a complete image. */
  get complete(): Readonly<Record<string, string>> {
    return {
      'linux/amd64': `x86_64\n${this.#mark}\n`,
      'linux/arm64': `aarch64\n${this.#mark}\n`,
    };
  }

  #arguments(): string[] {
    const { platform, otherPlatform, victim, bystander, needs } = this;
    const pins = [`${otherPlatform}=${bystander.name}`, ...(needs.unpinned ? [] : [`${platform}=${victim.node.name}`])];
    return [
      ...['build', '--json', '-t', reference, '--node', `${victim.node.name},${bystander.name}`],
      ...['--platform', `${platform},${otherPlatform}`],
      ...pins.flatMap((pin) => ['--pin', pin]),
      ...['--file-for', `${platform}=${join(this.#project, 'Containerfile.faulty')}`, '--no-skip'],
      ...(needs.push ? [`--push=${this.registry.address}/faulty-${this.#mark}:1`, '--tls-verify=false'] : []),
      this.#project,
    ];
  }

  async #writeProject(waits: boolean): Promise<void> {
    const { layer = 100, pull } = this.needs;
    const steps = [
      'COPY data /data',
      `RUN uname -m > /content; echo ${this.#mark} >> /content; head -c ${layer} /dev/urandom > /layer`,
    ].join('\n');
    const wait = waits
      ? `RUN echo waiting ${this.#mark}; sleep ${this.#seconds}; dd if=/dev/zero of=/slept bs=1000000 count=1\n`
      : '';
    const base = pull ? `FROM ${this.registry.address}/base-${this.#seconds}:1\n` : this.#from;
    await writeFile(join(this.#project, 'Containerfile'), `${this.#from}${steps}\n`);
    await writeFile(join(this.#project, 'Containerfile.faulty'), `${base}${steps}\n${wait}`);
  }

  #listBystander(): Promise<string[]> {
    const { bystander } = this;
    return listNode({ node: bystander, run: async (command) => (await runOnNode(bystander.name, command)).stdout });
  }
}

function otherOf(platform: string): string {
  return platform === 'linux/amd64' ? 'linux/arm64' : 'linux/amd64';
}

async function createPerson({ impatient, frontEnd }: Needs): Promise<Person> {
  const person = await Person.create(frontEnd ? {} : { BARNRAISER_ATTACH: '0' });
  const config = `${person.home}.config`;
  await writeFile(config, impatient ? 'ServerAliveInterval 1\nServerAliveCountMax 2\nConnectTimeout 4\n' : '');
  Object.assign(person.env, { BARNRAISER_SSH_CONFIG: config });
  return person;
}

async function addConnections(
  { home, knownHosts }: Person,
  faulty: { readonly node: LabNode; readonly socket: string; readonly victim: FaultyNode; readonly line: Line },
  bystander: LabNode,
  { alone }: Needs,
): Promise<void> {
  const { node, socket, victim, line } = faulty;
  const keys = await readFile(victim.knownHosts, 'utf8');
  await writeFile(knownHosts, keys.replaceAll(`]:${victim.port} `, `]:${line.port} `), { mode: 0o600 });
  await appendFile(knownHosts, await readFile(bystander.knownHosts, 'utf8'));
  const connections = new ConnectionStore(home);
  const uri = `ssh://root@127.0.0.1:${line.port}${socket}`;
  await connections.add({ name: victim.node.name, uri, identity: node.identity });
  const platforms = alone ? [platformSchema.parse(otherOf(node.platform))] : undefined;
  const { name, uri: otherUri, identity } = bystander;
  await connections.add({ name, uri: otherUri, identity, ...(platforms ? { platforms } : {}) });
}

/** Whether a process or one that it comes from has a word in its command line. */
async function comesFrom(pid: string, word: string): Promise<boolean> {
  for (let current = pid; current !== '' && current !== '0'; ) {
    if ((await readFile(`/proc/${current}/cmdline`, 'utf8').catch(() => '')).includes(word)) {
      return true;
    }
    const status = await readFile(`/proc/${current}/status`, 'utf8').catch(() => '');
    current = /^PPid:\s+(\d+)$/m.exec(status)?.[1] ?? '';
  }
  return false;
}

async function closeAll(closing: (() => unknown)[]): Promise<void> {
  for (const close of closing.splice(0).reverse()) {
    await close();
  }
}
