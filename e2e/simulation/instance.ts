/** A farm and builds for it, with what Barnraiser would know of them and what really happens. Times are in milliseconds. */
import { nodeSlowness } from '../../electron/scheduling/node-slowness.ts';
import type { JobTime } from '../../shared/emulation.ts';
import type { Node, NodeStatus } from '../../shared/node.ts';
import { type Platform, platformSchema } from '../../shared/platform.ts';
import { modesOf } from '../../shared/schedule.ts';
import type { Random } from './random.ts';
import type { RecordedTime } from './recorded-times.ts';

export interface SimulatedNode {
  readonly name: string;
  readonly cpus: number;
  readonly slots: number;
  readonly status: NodeStatus;
  readonly native: ReadonlySet<Platform>;
  /** How many times longer a job takes there than on the usual node. Barnraiser does not know it. */
  readonly slowness: number;
}

export interface SimulatedBuild {
  readonly project: SimulatedProject;
  readonly platforms: readonly Platform[];
  /** What this run takes more or less than others, by platform. No estimate knows it. */
  readonly luck: ReadonlyMap<Platform, number>;
}

interface SimulatedProject {
  /** Without a cache on the usual node, by platform. */
  readonly work: ReadonlyMap<Platform, number>;
  /** What a cache leaves of it. */
  readonly cachedShare: number;
  readonly lastBuiltOn: Readonly<Record<Platform, string>>;
  /** Where it was built before: `linux/amd64 n1`. */
  readonly cachedOn: ReadonlySet<string>;
  readonly times: readonly JobTime[];
  /** What the project takes more or less on single nodes. */
  readonly onNode: ReadonlyMap<string, number>;
}

export interface Instance {
  readonly nodes: readonly SimulatedNode[];
  readonly builds: readonly SimulatedBuild[];
  /** As Barnraiser finds it in the job times of all projects. */
  readonly slowness: Readonly<Record<string, number>>;
}

/** The kinds of machines of a farm, with their share of it. `slowness` as for the recorded times. */
const kinds = [
  { share: 0.25, platform: 'linux/amd64', cpus: 16, slowness: 0.6 },
  { share: 0.25, platform: 'linux/amd64', cpus: 8, slowness: 1 },
  { share: 0.1, platform: 'linux/amd64', cpus: 4, slowness: 1.6 },
  { share: 0.2, platform: 'linux/arm64', cpus: 8, slowness: 1 },
  { share: 0.15, platform: 'linux/arm64', cpus: 4, slowness: 3 },
  { share: 0.05, platform: 'linux/riscv64', cpus: 4, slowness: 5 },
] as const;

/** How much machines of a kind differ, and a project from others on a machine, and one run from the next. */
const deviations = { machine: 0.06, project: 0.05, run: 0.12 };
const slotsPerNode = 2;
/** A project was built on so many nodes for each platform. */
const maxKnownNodes = 5;
const projectCount = 12;

const platform = (text: string): Platform => platformSchema.parse(text);
/** What images are built for, and how many of them. */
const wanted = Object.entries({
  'linux/amd64': 0.95,
  'linux/arm64': 0.7,
  'linux/386': 0.15,
  'linux/amd64/v2': 0.1,
  'linux/riscv64': 0.1,
}).map(([name, share]) => ({ name: platform(name), share }));

export function makeInstance(
  random: Random,
  recorded: readonly RecordedTime[],
  counts: { readonly nodes: number; readonly builds: number },
): Instance {
  const nodes = makeNodes(random, counts.nodes);
  const buildable = wanted.filter(({ name }) => nodes.some(({ native }) => native.has(name)));
  const platforms = buildable.map(({ name }) => name);
  const projects = Array.from({ length: projectCount }, () => makeProject(random, recorded, nodes, platforms));
  const builds = Array.from({ length: counts.builds }, () => {
    const some = buildable.filter(({ share }) => random.next() < share).map(({ name }) => name);
    const chosen = some.length > 0 ? some : platforms.slice(0, 1);
    const luck = new Map(chosen.map((each) => [each, random.factor(deviations.run)] as const));
    return { project: random.pick(projects), platforms: chosen, luck };
  });
  return { nodes, builds, slowness: nodeSlowness(projects.map(({ times }) => times)) };
}

/** How long a job of a build really takes on a node that runs nothing else. */
export function jobMs({ project, luck }: SimulatedBuild, built: Platform, node: SimulatedNode): number {
  const cached = project.cachedOn.has(`${built} ${node.name}`) ? project.cachedShare : 1;
  return trueMs(project, built, node) * cached * (luck.get(built) ?? 1);
}

function trueMs(
  { work, onNode }: Pick<SimulatedProject, 'work' | 'onNode'>,
  built: Platform,
  { name, slowness }: SimulatedNode,
): number {
  return (work.get(built) ?? 0) * slowness * (onNode.get(name) ?? 1);
}

/** The kind that a number from 0 to 1 falls on, as large as its share. */
function kindAt(drawn: number): (typeof kinds)[number] {
  let left = drawn;
  for (const kind of kinds) {
    left -= kind.share;
    if (left < 0) {
      return kind;
    }
  }
  return kinds[0];
}

function makeNodes(random: Random, count: number): SimulatedNode[] {
  return Array.from({ length: count }, (_, index) => {
    const drawn = random.next();
    // the smallest farm has both common architectures
    const kind = index === 0 ? kinds[1] : index === 1 ? kinds[3] : kindAt(drawn);
    const name = `n${index}`;
    const node: Node = {
      connection: name,
      engine: 'podman',
      version: '5.4.2',
      apiVersion: '5.4.2',
      hostname: name,
      platform: platform(kind.platform),
      processor: { ...(kind.platform === 'linux/amd64' ? { variant: 'v3' } : {}), runs32Bit: true },
      emulated: [],
      cpus: kind.cpus,
      latencyMs: 1,
      machineId: name,
      capabilities: { exportFormats: [] },
    };
    const native = new Set([...modesOf(node)].flatMap(([each, mode]) => (mode === 'native' ? each : [])));
    const slowness = kind.slowness * random.factor(deviations.machine);
    return {
      name,
      cpus: kind.cpus,
      slots: slotsPerNode,
      status: { state: 'up', connection: name, node },
      native,
      slowness,
    };
  });
}

/** A project whose times are like those of a recorded one. */
function makeProject(
  random: Random,
  recorded: readonly RecordedTime[],
  nodes: readonly SimulatedNode[],
  platforms: readonly Platform[],
): SimulatedProject {
  // the machine of the recorded times is amd64: what other nodes of the lab do, it emulates
  const cold = recorded.filter(({ platform: each, cachedSteps }) => each === 'linux/amd64' && cachedSteps === 0);
  const model = random.pick(cold);
  const scale = random.factor(0.6);
  const work = new Map(platforms.map((each) => [each, model.ms * scale * random.factor(0.15)] as const));
  const warm = recorded.filter(
    ({ project, node, cachedSteps = 0 }) => project === model.project && node === model.node && cachedSteps > 0,
  );
  const cachedShare = warm.length === 0 ? 0.5 : Math.min(1, random.pick(warm).ms / model.ms);
  const onNode = new Map(nodes.map(({ name }) => [name, random.factor(deviations.project)] as const));
  const lastBuiltOn: Record<string, string> = {};
  const times: JobTime[] = [];
  for (const each of platforms) {
    const known = random.shuffled(nodes.filter(({ native }) => native.has(each))).slice(0, maxKnownNodes);
    for (const [index, node] of known.entries()) {
      const measured = { platform: each, node: node.name, mode: 'native' as const, steps: 5 };
      const ms = trueMs({ work, onNode }, each, node);
      if (index === 0) {
        lastBuiltOn[each] = node.name;
        const cachedMs = ms * cachedShare;
        times.push({ ...measured, ms: cachedMs * random.factor(deviations.run), cachedSteps: 3 });
        times.push({ ...measured, ms: cachedMs * random.factor(deviations.run), cachedSteps: 3 });
      }
      times.push({ ...measured, ms: ms * random.factor(deviations.run), cachedSteps: 0 });
    }
  }
  const cachedOn = new Set(times.map(({ platform: each, node }) => `${each} ${node}`));
  return { work, cachedShare, lastBuiltOn, cachedOn, times, onNode };
}
