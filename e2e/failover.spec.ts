/** Nodes that fail in the middle of a build: the job goes on elsewhere, and a node that fails again and again is set aside. */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProject, Person, parseBuild, setUpLab } from './harness.ts';
import { runOnNode } from './lab/lab.ts';
import { findFreePort } from './lab/ports.ts';

const lab = await setUpLab();

/** What becomes of the answer to a build once its step has printed `waiting`. */
type Fault = 'none' | 'garbage' | 'half';

let person: Person;
let engine: { readonly port: number; stop(): Promise<void> };
let proxy: Server;
let fault: Fault = 'none';
const sockets = new Set<Socket>();
const projects: string[] = [];

beforeAll(async () => {
  person = await Person.create();
  engine = await startEngine();
  proxy = await startProxy(engine.port);
  await person.addConnections(lab.node('amd-b'));
  const { port } = proxy.address() as AddressInfo;
  await person.mustRun('connection', 'add', 'faulty', `tcp://127.0.0.1:${port}`);
});
afterAll(async () => {
  proxy?.close();
  for (const socket of sockets) {
    socket.destroy();
  }
  await engine?.stop();
  await person?.remove();
  await Promise.all(projects.map((project) => rm(project, { recursive: true, force: true })));
});

/** Starts another API of the podman of a node. Nodes have the network of this computer. */
async function startEngine(port?: number): Promise<typeof engine> {
  const own = port ?? (await findFreePort());
  const service = `podman system service --time=0 tcp:127.0.0.1:${own}`;
  const { stdout } = await runOnNode('amd-a', `${service} < /dev/null > /dev/null 2>&1 & echo $!`);
  return {
    port: own,
    stop: async () => {
      await runOnNode('amd-a', `kill -9 ${stdout.trim()} 2>/dev/null; true`);
    },
  };
}

/** Passes everything on, except the rest of an answer that the {@link fault} spoils. */
async function startProxy(port: number): Promise<Server> {
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          client.destroy();
          upstream.destroy();
        });
    }
    client.on('data', (data) => upstream.write(data));
    upstream.on('data', (data) => {
      if (fault === 'none' || !data.includes('waiting-')) {
        client.write(data);
      } else if (fault === 'garbage') {
        const line = '{"stream": not what it was\n';
        client.end(`${line.length.toString(16)}\r\n${line}\r\n0\r\n\r\n`);
      } else {
        client.end(data.subarray(0, data.indexOf('waiting-')));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function projectWith(...lines: readonly string[]): Promise<string> {
  const mark = `${Date.now()}${Math.random()}`;
  const project = await makeProject({ Containerfile: `${lab.from}RUN echo ${mark}\n${lines.join('\n')}\n` });
  projects.push(project);
  return project;
}

const nodes = ['--node', 'faulty,amd-b', '--platform', 'linux/amd64'];
const pinned = [...nodes, '--pin', 'linux/amd64=faulty'];

test('a failed step is not built on another node, unless that is asked for', async () => {
  const project = await projectWith('RUN exit 7');
  const { build } = await person.build('-t', 'failed:1', ...pinned, project);
  expect(build).toMatchObject({ status: 'failed', jobs: [{ node: 'faulty', lost: [] }] });
  const again = await person.build('-t', 'failed:1', '--retry-elsewhere', ...pinned, project);
  expect(again.build).toMatchObject({
    status: 'failed',
    jobs: [{ node: 'amd-b', lost: [{ node: 'faulty', problem: { code: 'build.failed' } }] }],
  });
});

test('a node whose engine fails three times is set aside, while its jobs go on elsewhere, until it is used again', async () => {
  const build = async (change: Fault | 'killed') => {
    fault = change === 'killed' ? 'none' : change;
    // what prints it is not the line that shows the step
    const project = await projectWith(`RUN printf "waiting%s\\n" - && sleep ${change === 'killed' ? 4 : 0}`);
    const running = person.start('build', '--json', '-t', 'moved:1', ...pinned, project);
    if (change === 'killed') {
      await running.waitForLine((line) => line.includes('"waiting-'));
      await engine.stop();
    }
    return parseBuild(await running.ended);
  };
  const codes: string[] = [];
  for (const each of ['garbage', 'half', 'killed'] as const) {
    const { status, jobs } = await build(each);
    expect({ each, status, jobs }).toMatchObject({
      status: 'done',
      jobs: [{ node: 'amd-b', lost: [{ node: 'faulty' }] }],
    });
    codes.push(jobs[0]?.lost[0]?.problem.code ?? '');
  }
  expect(codes).toEqual(['engine.answer', 'engine.unreachable', 'engine.unreachable']);

  fault = 'none';
  engine = await startEngine(engine.port);
  await expect
    .poll(async () => (await person.mustRun('status', '--node', 'faulty')).split('\n')[1], { timeout: 20_000 })
    .toMatch(/^faulty\s+set aside until \d\d:\d\d after 3 failures\s+podman/);
  const project = await projectWith();
  const unpinned = await person.build('-t', 'around:1', ...nodes, project);
  expect(unpinned.build).toMatchObject({
    jobs: [{ node: 'amd-b', lost: [] }],
    schedule: { leftOut: [{ node: 'faulty', problem: { code: 'schedule.set-aside' } }] },
  });
  expect(await person.mustRun('connection', 'use-again', 'faulty')).toBe('faulty gets jobs again.\n');
  expect(await person.mustRun('status', '--node', 'faulty')).not.toContain('set aside');
});
