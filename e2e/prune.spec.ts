/** What takes space on real nodes, and what a prune removes of it: what its preview shows, and nothing that is used. */
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type TimerRun, timerSchema } from '../shared/timer.ts';
import { makeProject, Person, setUpLab } from './harness.ts';
import { runOnNode } from './lab/lab.ts';

const lab = await setUpLab();
const run = randomBytes(4).toString('hex');
let person: Person;
let folder: string;

interface Use {
  readonly nodes: readonly {
    readonly kinds: readonly {
      readonly kind: string;
      readonly count: number;
      readonly own: { readonly count: number };
    }[];
    readonly problem?: unknown;
  }[];
}

interface DryRun {
  readonly nodes: readonly {
    readonly items: readonly { readonly id: string; readonly names: readonly string[]; readonly part: string }[];
    readonly kept: readonly { readonly reason: string; readonly count: number }[];
  }[];
}

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(lab.node('amd-b'), lab.node('docker-classic'));
  folder = await makeProject({ data: randomBytes(1_200_000).toString('hex') });
});
afterAll(async () => {
  await person.remove();
  await rm(folder, { recursive: true });
});

async function build(node: string, reference: string, ...options: string[]): Promise<void> {
  const steps = `COPY data /data\nRUN head -c 1000000 /dev/urandom > /x; echo ${run} ${reference}\n`;
  await writeFile(join(folder, 'Containerfile'), `${lab.from}${steps}`);
  const { outcome } = await person.build('-t', reference, '--node', node, ...options, folder);
  expect(outcome.code, outcome.stderr).toBe(0);
}

async function preview(node: string, ...options: string[]): Promise<DryRun['nodes'][number]> {
  const { nodes }: DryRun = JSON.parse(
    await person.mustRun('prune', '--node', node, '--dry-run', '--json', ...options),
  );
  return nodes[0] ?? expect.fail('no node');
}

describe.each([
  { node: 'amd-b', program: 'podman', contexts: 1 },
  { node: 'docker-classic', program: 'docker', contexts: 0 },
])('on $node', ({ node, program, contexts }) => {
  const used = `localhost/used-${run}-${program}:1`;
  const unused = `localhost/unused-${run}-${program}:1`;
  const images = async (): Promise<string> =>
    (await runOnNode(node, `${program} images --all --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' | sort`))
      .stdout;

  test('disk use and a prune know what projects, containers and others have', async () => {
    await build(node, unused, '--keep');
    await build(node, used, '--keep');
    await runOnNode(node, `${program} create --name holds-${run} ${used} true`);
    await build(node, `cached-${run}:1`);

    const { nodes }: Use = JSON.parse(await person.mustRun('df', '--node', node, '--json'));
    const kinds = Object.fromEntries(nodes[0]?.kinds.map((kind) => [kind.kind, kind]) ?? []);
    expect(kinds.container?.count).toBeGreaterThan(0);
    expect(kinds.image?.own.count).toBeGreaterThan(0);
    expect(kinds.context?.count ?? 0).toBeGreaterThanOrEqual(contexts);

    const refused = await person.barnraiser('prune', '--node', node);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('add --yes')]);

    // the cache of the project and images with a name stay by default
    const before = await images();
    const usual = await preview(node);
    expect(usual.items.map(({ part }) => part)).not.toContain('project');
    expect(usual.items.flatMap(({ names }) => names)).not.toContain(unused);
    expect(await images()).toBe(before);
  });

  test('all that a prune removes was in its preview, and the image of a container stays', async () => {
    const all = await preview(node, '--all');
    const names = all.items.flatMap((item) => item.names);
    expect(names).toContain(unused);
    expect(names).not.toContain(used);
    expect(all.kept).toContainEqual(expect.objectContaining({ reason: 'used' }));
    const before = await images();
    await person.mustRun('prune', '--node', node, '--all', '--yes');
    const after = await images();
    expect(after).toContain(`${used} `);
    expect(after).not.toContain(unused);
    const ids = new Set(all.items.map(({ id }) => id.replace(/^sha256:/, '')));
    const idsOf = (text: string): string[] => [...text.matchAll(/[0-9a-f]{64}/g)].map(([id]) => id);
    const gone = idsOf(before).filter((id) => !after.includes(id));
    expect(gone.filter((id) => !ids.has(id))).toEqual([]);

    await runOnNode(node, `${program} rm holds-${run} && ${program} rmi ${used}`);
  });
});

test('a schedule prunes a node at its times, with its limits', async () => {
  const cached = `scheduled-${run}:1`;
  await build('amd-b', cached);
  const refused = await person.barnraiser(
    'schedule',
    'prune',
    '--name',
    'all',
    '--cron',
    '@daily',
    '--node',
    'amd-b',
    '--all',
  );
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('Add --yes')]);
  const where = ['--node', 'amd-b', '--cron', '0 0 29 2 *'];
  await person.mustRun('schedule', 'prune', '--name', 'young', ...where, '--cache', '--older-than', '30d');
  await person.mustRun('schedule', 'prune', '--name', 'whole', ...where, '--cache');
  const isCached = async (): Promise<boolean> =>
    (await preview('amd-b', '--cache')).items.some(({ part }) => part === 'project');
  const outcomeOf = async (name: string): Promise<TimerRun | undefined> => {
    await person.mustRun('schedule', 'run', name);
    const timers = z.array(timerSchema).parse(JSON.parse(await person.mustRun('schedule', 'list', '--json')));
    return timers.find((timer) => timer.name === name)?.last;
  };
  expect(await outcomeOf('young')).toMatchObject({ status: 'done', freedBytes: 0 });
  expect(await isCached()).toBe(true);
  const whole = await outcomeOf('whole');
  expect(whole?.status).toBe('done');
  expect(whole?.freedBytes).toBeGreaterThan(1_000_000);
  expect(await isCached()).toBe(false);
});

test('a node that is down is reported, and the others are pruned', async () => {
  await person.mustRun('connection', 'add', 'down', 'ssh://root@127.0.0.1:1/x.sock', '--no-test');
  const { code, stdout, stderr } = await person.barnraiser('df', '--node', 'down,amd-b', '--json');
  expect(code, stderr).toBe(1);
  const { nodes }: Use = JSON.parse(stdout);
  expect(nodes.map(({ problem }) => problem !== undefined)).toEqual([true, false]);
});
