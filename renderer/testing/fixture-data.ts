import type { AutomaticValues } from '../../shared/automatic-options.ts';
import type { Build, BuildRequest, Job, Phase } from '../../shared/build.ts';
import type { BuildWarning } from '../../shared/build-warning.ts';
import type { Connection } from '../../shared/connection.ts';
import type { EventPayload } from '../../shared/contract.ts';
import type { JobTime, UnusableEmulator } from '../../shared/emulation.ts';
import type { Equivalent } from '../../shared/equivalent.ts';
import type { Farm } from '../../shared/farm.ts';
import type { Digest, ManifestList } from '../../shared/image.ts';
import type { LintRuleId } from '../../shared/lint-rules.ts';
import type { EngineKind, NodeStatus } from '../../shared/node.ts';
import { type Platform, parsePlatform } from '../../shared/platform.ts';
import type { Problem } from '../../shared/problem.ts';
import type { Project } from '../../shared/project.ts';
import type { Push, PushRecord } from '../../shared/push.ts';
import type { Assignment } from '../../shared/schedule.ts';
import type { SetAside } from '../../shared/set-aside.ts';
import type { PlannedStep, Step } from '../../shared/step.ts';
import { fixtureNow } from './fixture-clock.ts';
import { sampleOutputs } from './fixture-outputs.ts';

/** Sample data for screenshots and renderer tests. It is deterministic, so that screenshots can be compared. */

const gigabyte = 1e9;
const megabyte = 1e6;

export function platform(text: string): Platform {
  const parsed = parsePlatform(text);
  if (!parsed) {
    throw new Error(`${text} is no platform`);
  }
  return parsed;
}

/** A digest that depends only on the text. */
export function digestOf(text: string): Digest {
  let state = 2166136261;
  let digits = '';
  for (let round = 0; round < 8; round += 1) {
    for (const letter of `${text}${round}`) {
      state = Math.imul(state ^ letter.charCodeAt(0), 16777619) >>> 0;
    }
    digits += state.toString(16).padStart(8, '0');
  }
  return `sha256:${digits}`;
}

/** A number from 0 to 1 that depends only on the text. */
export function chance(text: string): number {
  return Number.parseInt(digestOf(text).slice(7, 15), 16) / 0xffffffff;
}

/** @param seconds before the creation of the fixture @returns an ISO 8601 time */
export function ago(seconds: number): string {
  return new Date(fixtureNow() - seconds * 1000).toISOString();
}

interface NodeFacts {
  readonly name: string;
  readonly uri: string;
  readonly platform: string;
  readonly emulated: readonly string[];
  readonly unusable?: readonly UnusableEmulator[];
  readonly cpus: number;
  readonly memory: number;
  readonly disk: readonly [free: number, total: number];
  readonly latencyMs: number;
  readonly version?: string;
  readonly apiVersion?: string;
  readonly engine?: EngineKind;
  readonly distribution?: string;
  readonly rootless?: boolean;
  readonly identity?: string;
}

const facts: readonly NodeFacts[] = [
  {
    name: 'big-amd',
    uri: 'ssh://build@big-amd.lan',
    platform: 'linux/amd64',
    emulated: ['linux/386', 'linux/s390x', 'linux/ppc64le'],
    cpus: 32,
    memory: 128,
    disk: [812, 1900],
    latencyMs: 3,
    distribution: 'Fedora Linux 43',
  },
  {
    name: 'pi4',
    uri: 'ssh://pi@192.168.1.44:22/run/user/1000/podman/podman.sock',
    platform: 'linux/arm64',
    emulated: [],
    unusable: [
      { platform: platform('linux/amd64'), handler: 'qemu-x86_64', reason: 'no-flag-f' },
      { platform: platform('linux/s390x'), handler: 'qemu-s390x', reason: 'disabled' },
    ],
    cpus: 4,
    memory: 8,
    disk: [9, 118],
    latencyMs: 14,
    version: '5.4.2',
    distribution: 'Debian GNU/Linux 13 (trixie)',
    rootless: true,
    identity: '~/.ssh/id_farm',
  },
  {
    name: 'this-computer',
    uri: 'unix:///run/user/1000/podman/podman.sock',
    platform: 'linux/amd64',
    emulated: ['linux/arm64'],
    cpus: 12,
    memory: 32,
    disk: [140, 480],
    latencyMs: 0.4,
    rootless: true,
    distribution: 'Fedora Linux 43',
  },
  {
    name: 'graviton',
    uri: 'ssh://ec2-user@graviton.eu.example.com',
    platform: 'linux/arm64',
    emulated: ['linux/arm/v7'],
    cpus: 16,
    memory: 64,
    disk: [310, 500],
    latencyMs: 42,
    engine: 'buildkit',
    version: '0.26.2',
    apiVersion: '0.26.2',
  },
  {
    name: 'riscv-board',
    uri: 'ssh://root@starfive.lan:2222',
    platform: 'linux/riscv64',
    emulated: [],
    cpus: 4,
    memory: 8,
    disk: [41, 64],
    latencyMs: 22,
    version: '18.06.3',
    apiVersion: '1.38',
    engine: 'docker',
    distribution: 'Ubuntu 24.04 LTS',
  },
  {
    name: 's390x-lab',
    uri: 'ssh://linux1@s390x-lab.example.com',
    platform: 'linux/s390x',
    emulated: [],
    cpus: 2,
    memory: 4,
    disk: [20, 50],
    latencyMs: 180,
  },
];

const downProblem: Problem = {
  code: 'ssh.timeout',
  message: 'Node s390x-lab did not respond at s390x-lab.example.com:22 within 15 s.',
  fix: 'Check that it is switched on and reachable: `ssh linux1@s390x-lab.example.com true`.',
  detail: 'connect ETIMEDOUT 203.0.113.17:22',
};

export function connections(): Connection[] {
  return facts.map(({ name, uri, identity }) => ({ name, uri, ...(identity ? { identity } : {}) }));
}

/** @param hasFailed one node is set aside */
export function statuses(hasFailed = false): NodeStatus[] {
  return facts.map((fact) => {
    if (fact.name === 's390x-lab') {
      return { state: 'down', connection: fact.name, problem: downProblem };
    }
    return hasFailed && fact.name === 'graviton' ? { ...up(fact), setAside } : up(fact);
  });
}

const setAside: SetAside = {
  until: ago(-540),
  failures: 3,
  problem: {
    code: 'disk.full',
    message: 'Node graviton has no space left on its disk.',
    fix: 'Free disk space: prune the node, or run `podman system prune` on it.',
  },
};

function up(fact: NodeFacts): Extract<NodeStatus, { state: 'up' }> {
  const version = fact.version ?? '5.7.1';
  return {
    state: 'up',
    connection: fact.name,
    node: {
      connection: fact.name,
      engine: fact.engine ?? 'podman',
      version,
      apiVersion: fact.apiVersion ?? version,
      hostname: fact.name,
      distribution: fact.distribution,
      rootless: fact.rootless ?? false,
      platform: platform(fact.platform),
      emulated: fact.emulated.map(platform),
      ...(fact.unusable ? { unusableEmulators: [...fact.unusable] } : {}),
      ...(fact.engine === 'buildkit'
        ? { buildCache: { size: 12.4 * gigabyte, limit: 48 * gigabyte } }
        : {
            cpus: fact.cpus,
            load: Math.round(fact.cpus * chance(`load ${fact.name}`) * 10) / 10,
            memory: { total: fact.memory * gigabyte, free: fact.memory * 0.6 * gigabyte },
            disk: { total: fact.disk[1] * gigabyte, free: fact.disk[0] * gigabyte },
          }),
      latencyMs: fact.latencyMs,
      ...(fact.engine === 'docker' ? { builder: 'classic' as const } : {}),
      capabilities: { exportFormats: ['oci-archive', 'docker-archive'], notes: notes[fact.engine ?? 'podman'] },
    },
  };
}

/** What Containerfiles cannot use. The node with docker has the classic builder. */
const notes: Readonly<Partial<Record<EngineKind, string[]>>> = {
  docker: [
    'docker builds without BuildKit, because it is older than 18.09: a Containerfile cannot use RUN --mount, COPY --chmod or here-documents (<<EOF), stages are built one after the other, and each build sends the whole context.',
  ],
};

export function farms(): Farm[] {
  return [
    { name: 'home', connections: ['big-amd', 'pi4', 'this-computer'] },
    { name: 'release', connections: ['big-amd', 'graviton', 'riscv-board', 's390x-lab'] },
    { name: 'lab', connections: ['riscv-board'] },
  ];
}

/** Fifty nodes, two of them down. */
export function manyNodes(): { connections: Connection[]; statuses: NodeStatus[] } {
  const names = Array.from({ length: 50 }, (_, index) => `rack${Math.floor(index / 10) + 1}-node${(index % 10) + 1}`);
  return {
    connections: names.map((name) => ({ name, uri: `ssh://build@${name}.dc.example.com` })),
    statuses: names.map((name, index) => {
      const base = facts[index % 5];
      if (!base || index === 17 || index === 38) {
        const problem = {
          ...downProblem,
          message: `Node ${name} did not answer at ${name}.dc.example.com:22 in 15 s.`,
        };
        return { state: 'down', connection: name, problem };
      }
      return up({ ...base, name, latencyMs: Math.round(2 + 90 * chance(name)) });
    }),
  };
}

const instructions = [
  'FROM docker.io/library/node:22-bookworm AS build',
  'WORKDIR /src',
  'COPY package.json package-lock.json ./',
  'RUN npm ci',
  'COPY . /src',
  'RUN npm run build && npm prune --omit=dev',
  'FROM docker.io/library/node:22-bookworm-slim',
  'RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*',
  'COPY --from=build /src/dist /src/node_modules /app/',
  'CMD ["tini", "--", "node", "/app/server.js"]',
];
/** How long each instruction takes on a fast machine, in milliseconds. */
const stepMs = [4_200, 120, 380, 38_000, 900, 51_000, 2_100, 16_000, 2_600, 90];

export const source = {
  path: 'Containerfile',
  lines: instructions.flatMap((text, index) => (index === 6 ? ['', text] : [text])),
  instructions: instructions.map((text, index) => ({
    text,
    firstLine: index + (index >= 6 ? 2 : 1),
    lastLine: index + (index >= 6 ? 2 : 1),
  })),
  steps: instructions.map(plannedStep),
};

function plannedStep(name: string, index: number): PlannedStep {
  const isFirst = index === 0 || index === 6;
  const inputs = [...(isFirst ? [] : [idOf(index - 1)]), ...(name.includes('--from=build') ? [idOf(5)] : [])];
  return {
    ...{ id: idOf(index), index: index + 1, total: instructions.length, name },
    ...{ stage: index < 6 ? 'build' : 'stage 2', line: index + (index >= 6 ? 2 : 1) },
    ...(inputs.length === 0 ? {} : { inputs }),
  };
}

function idOf(index: number): string {
  return index < 6 ? `0:${index + 1}` : `1:${index - 5}`;
}

export function projectAt(context: string): Project {
  const name = context.split('/').at(-1) ?? 'project';
  return {
    context,
    name,
    containerfiles: ['Containerfile', 'docker/Containerfile.debug'],
    stages: ['build'],
    buildArgs: [{ name: 'NODE_VERSION', default: '22' }, { name: 'COMMIT' }, { name: 'REVISION' }],
    mounts:
      name === 'gateway'
        ? [
            { kind: 'secret', id: 'npm-token', isRequired: true },
            { kind: 'ssh', id: 'default', isRequired: false },
          ]
        : [],
    files: 318,
    bytes: 12.4 * megabyte,
    ignoredCount: 41_207,
    largest: [
      { path: 'assets/fonts/inter.woff2', bytes: 3.1 * megabyte },
      { path: 'package-lock.json', bytes: 1.2 * megabyte },
      { path: 'docs/architecture.png', bytes: 0.9 * megabyte },
    ],
    warnings: [
      {
        kind: 'env-file',
        path: '.env',
        message: 'may contain secrets; it would be sent to every node',
        actions: [{ id: 'ignore-files', patterns: ['.env'] }],
      },
      {
        kind: 'git-folder',
        path: '.git',
        message: 'contains the history of the project, which a build rarely needs',
        actions: [{ id: 'ignore-files', patterns: ['.git'] }],
      },
    ],
    errors: [],
  };
}

/** What the git repository of a project gives. A folder that is called broken is in none. */
export function automaticValuesOf(context: string): AutomaticValues {
  const isMissing = context.endsWith('broken');
  const commit = digestOf('commit').slice(7, 47);
  const source = 'https://github.com/example/api';
  const entry = (name: string, value: string | undefined, note?: string) => ({
    name,
    ...(value === undefined || isMissing ? {} : { value }),
    ...(note === undefined ? {} : { note }),
  });
  const tagNote = 'The commit has 2 tags (v1.4.0 and v1.3.9): the highest version counts.';
  return {
    args: [
      { ...entry('SOURCE', source), isDeclared: false },
      { ...entry('REVISION', commit), isDeclared: true },
      { ...entry('GOPKGVERSION', 'v1.4.0', tagNote), isDeclared: false },
    ],
    labels: [
      entry('org.opencontainers.image.source', source),
      entry('org.opencontainers.image.revision', commit),
      entry('org.opencontainers.image.created', '2026-02-27T16:20:05Z'),
      entry('org.opencontainers.image.version', 'v1.4.0', tagNote),
    ],
    notes: isMissing ? ['The project is in no git repository.'] : [],
  };
}

/** The same build with other tools, as far as pictures need it. */
export function equivalentsOf({
  reference = 'api:1.4',
  platforms = [],
  context,
}: {
  readonly reference?: string | undefined;
  readonly platforms?: readonly string[] | undefined;
  readonly context: string;
}): Equivalent[] {
  const list = (platforms.length === 0 ? ['linux/amd64', 'linux/arm64'] : platforms).join(',');
  const buildx = [
    'docker buildx build',
    `--platform=${list}`,
    `--tag=${reference}`,
    '--provenance=false',
    '--push',
    context,
  ].join(' \\\n  ');
  const podman = list
    .split(',')
    .map((each) => ['podman build', `--platform=${each}`, `--manifest=${reference}`, context].join(' \\\n  '));
  return [
    { kind: 'podman', text: podman.join('\n\n'), notes: ['Run all commands on one computer.'] },
    { kind: 'podman-farm', text: `podman farm build --platforms=${list} --tag=${reference} ${context}`, notes: [] },
    { kind: 'buildx', text: buildx, notes: ['The builder needs a node for each platform, or it emulates.'] },
    {
      kind: 'github',
      text: `jobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ${buildx}`,
      notes: [],
    },
    { kind: 'gitlab', text: `build-image:\n  script:\n    - ${buildx}`, notes: [] },
  ];
}

/** What jobs of the sample project took. */
export function jobTimes(): JobTime[] {
  return [
    { platform: platform('linux/s390x'), node: 'big-amd', mode: 'emulated', ms: 430_000 },
    { platform: platform('linux/s390x'), node: 's390x-lab', mode: 'native', ms: 71_000 },
    { platform: platform('linux/amd64'), node: 'big-amd', mode: 'native', ms: 40_000 },
  ];
}

/** What is wrong with the Containerfile of a folder that is called broken. */
/** What is found in the Containerfile of a project whose name says that it has warnings. */
export function containerfileFindings(context: string): Project['warnings'] {
  const found: [number, LintRuleId, string, boolean?][] = [
    [1, 'FromAsCasing', 'FROM and as are in different case. Write AS.', true],
    [4, 'UndefinedVar', 'VERSOIN has no value here. Did you mean VERSION?'],
    [
      7,
      'InvalidBaseImagePlatform',
      'docker.io/library/node:22-alpine is not there for linux/riscv64: its registry has it for linux/amd64, linux/arm64 and linux/s390x. Leave the platform out, or choose a base image that has it.',
    ],
    [
      11,
      'UnmatchedWildcard',
      "assets/*.svg matches nothing in the context. podman and docker's classic builder then refuse the build, and BuildKit copies nothing.",
    ],
    [
      15,
      'JSONArgsRecommended',
      'CMD runs in a shell, which does not pass signals on. Write the command as a JSON list, or declare the shell with SHELL.',
      true,
    ],
  ];
  return /warned|broken/.test(context)
    ? found.map(([line, rule, message, isNote]) => ({
        ...{ kind: 'containerfile', path: 'Containerfile', line, rule, message },
        ...(isNote ? { isNote } : {}),
      }))
    : [];
}

export const containerfileErrors: Project['errors'] = [
  {
    code: 'context.containerfile',
    line: 7,
    message: 'Containerfile, line 7: RUNN is not an instruction.',
    fix: 'Did you mean RUN?',
  },
  {
    code: 'context.containerfile',
    line: 12,
    message: 'Containerfile, line 12: assets/logo.svg is excluded by line 4 of .containerignore: assets',
    fix: 'Add a line after it: !assets/logo.svg',
  },
];

/** The progress of a job, and the speed of its node. */
interface Progress {
  readonly platform: string;
  readonly node: string;
  readonly mode?: 'native' | 'emulated';
  readonly reason?: string;
  readonly status: Phase;
  /** The number of finished steps. The next one is running or has failed, depending on the status. */
  readonly steps: number;
  /** How many of the last steps run at once. */
  readonly atOnce?: number;
  /** How many of them were cached. */
  readonly cached?: number;
  /** The factor by which the node is slower than a fast machine. */
  readonly slow?: number;
  readonly startedAgo: number;
  readonly problem?: Problem;
  readonly warnings?: readonly BuildWarning[];
  readonly lastLines?: string[];
  readonly lost?: Job['lost'];
  readonly second?: Job['second'];
}

function stepsOf({ status, steps: finished, atOnce = 1, cached = 0, slow = 1, startedAgo }: Progress): Step[] {
  const begun = Math.min(
    instructions.length,
    finished + (status === 'building' || status === 'failed' || status === 'cancelled' ? 1 : 0),
  );
  let at = fixtureNow() - startedAgo * 1000 + 1_500;
  return instructions.slice(0, begun).map((name, index) => {
    const isCached = index < cached;
    const duration = Math.round((isCached ? 40 : (stepMs[index] ?? 100)) * (isCached ? 1 : slow));
    const startedAt = new Date(at).toISOString();
    at += duration;
    const isOpen = index > finished - atOnce && (status === 'building' || status === 'cancelled');
    const isFailed = index === finished && status === 'failed';
    return {
      ...plannedStep(name, index),
      firstLine: index * linesPerStep,
      cached: isCached,
      startedAt,
      ...(isOpen ? {} : { durationMs: isFailed ? Math.round(duration / 2) : duration }),
      ...(isFailed ? { error: 'exit status 1' } : {}),
    };
  });
}

export function job(progress: Progress): Job {
  const steps = stepsOf(progress);
  const { status } = progress;
  const isEnd = status === 'done' || status === 'failed' || status === 'cancelled';
  const worked = steps.reduce((sum, step) => sum + (step.durationMs ?? 0), 0);
  const contextBytes = 12.4 * megabyte;
  return {
    platform: platform(progress.platform),
    node: progress.node,
    mode: progress.mode ?? 'native',
    reason: progress.reason ?? 'native, idle',
    status,
    steps,
    bytesSent: status === 'queued' ? 0 : status === 'context' ? contextBytes * 0.65 : contextBytes,
    bytesReceived: status === 'transferring' ? 21.3 * megabyte : status === 'done' ? 70.6 * megabyte : 0,
    ...(status === 'queued'
      ? { wait: { reason: 'slot', ahead: 1 } as const }
      : { startedAt: ago(progress.startedAgo) }),
    ...(isEnd ? { durationMs: worked + (status === 'done' ? 9_000 : 400) } : {}),
    ...(status === 'done'
      ? { transfer: 'push', digest: digestOf(`${progress.platform} ${progress.node}`), size: 70.6 * megabyte }
      : {}),
    ...(progress.warnings ? { warnings: [...progress.warnings] } : {}),
    problem: progress.problem,
    lastLines: progress.lastLines,
    // the logs of fixtures have 1,400 lines
    lastLinesFrom: progress.lastLines && 1_400 - progress.lastLines.length,
    ...(progress.second ? { second: progress.second } : {}),
    lost: progress.lost ?? [],
  };
}

const emptyLineWarnings: readonly BuildWarning[] = [
  {
    text: 'Empty continuation line found in: RUN npm run build && npm prune --omit=dev',
    detail: 'Empty continuation lines will become errors in a future release',
    url: 'https://github.com/moby/moby/pull/33719',
    source: { file: 'Containerfile', firstLine: 6, lastLine: 6 },
    stepId: '0:6',
  },
];

const npmFailure = [
  'npm error code ERESOLVE',
  'npm error ERESOLVE could not resolve',
  'npm error While resolving: sharp@0.33.5',
  'npm error Found: node-addon-api@8.3.1',
  'npm error Could not resolve dependency:',
  'npm error peer node-addon-api@"^7.0.0" from @img/sharp-linux-arm64@0.33.5',
  'Error: building at STEP "RUN npm ci": while running runtime: exit status 1',
];

export interface BuildFacts {
  readonly id: string;
  readonly reference: string;
  readonly context?: string;
  readonly farm?: string;
  readonly status: Build['status'];
  readonly startedAgo: number;
  readonly jobs: readonly Progress[];
  readonly problem?: Problem;
  readonly request?: Partial<BuildRequest>;
}

export function build(facts: BuildFacts): Build {
  const jobs = facts.jobs.map(job);
  const assignments: Assignment[] = jobs.map((each) => ({
    platform: each.platform,
    node: each.node,
    mode: each.mode,
    reason: each.reason,
  }));
  const isRunning = facts.status === 'running';
  const durationMs = Math.max(...jobs.map((each) => each.durationMs ?? 0)) + 1_200;
  const context = facts.context ?? `/home/anna/projects/${facts.reference.split(/[/:]/).at(-2) ?? 'api'}`;
  const createdAt = ago(facts.startedAgo);
  return {
    id: facts.id,
    status: facts.status,
    reference: facts.reference,
    request: {
      context,
      file: 'Containerfile',
      reference: facts.reference,
      farm: facts.farm ?? 'home',
      platforms: jobs.map((each) => each.platform),
      pins: {},
      emulate: true,
      buildArgs: {},
      labels: {},
      noCache: false,
      pull: 'missing',
      retention: 'cache',
      ...facts.request,
    },
    schedule: { assignments, unassigned: [], leftOut: [] },
    context: { files: 318, bytes: 12.4 * megabyte, digest: digestOf(context) },
    jobs,
    ...(facts.status === 'done'
      ? {
          list: listOf(
            facts.reference,
            jobs.map((each) => each.platform),
            createdAt,
          ),
        }
      : {}),
    problem: facts.problem,
    createdAt,
    ...(isRunning ? {} : { durationMs }),
  };
}

/** A manifest list whose images share their lower layers with the other images of the repository. */
export function listOf(reference: string, platforms: readonly Platform[], createdAt: string): ManifestList {
  const repository = reference.replace(/:[^:/]*$/, '');
  return {
    reference,
    digest: digestOf(`list ${reference}`),
    mediaType: 'application/vnd.oci.image.index.v1+json',
    createdAt,
    entries: platforms.map((each) => {
      const layers = [
        { digest: digestOf(`debian ${each}`), size: 28.2 * megabyte },
        { digest: digestOf(`node ${each}`), size: 47.9 * megabyte },
        { digest: digestOf(`tini ${repository} ${each}`), size: 1.1 * megabyte },
        { digest: digestOf(`app ${reference} ${each}`), size: (18 + 8 * chance(reference)) * megabyte },
      ].map((layer) => ({ ...layer, size: Math.round(layer.size) }));
      return {
        platform: each,
        digest: digestOf(`image ${reference} ${each}`),
        size: layers.reduce((sum, layer) => sum + layer.size, 7_412),
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        layers,
      };
    }),
  };
}

export const buildFailed: Problem = {
  code: 'build.failed',
  message: 'linux/arm64 failed on pi4 at step 4 of 10: RUN npm ci.',
  fix: 'Read the last lines of its log, correct the Containerfile or the project, and retry arm64.',
  detail: npmFailure.join('\n'),
};

/** What a node had done before it was lost. */
const lostProgress = {
  platform: 'linux/riscv64',
  node: 's390x-lab',
  status: 'cancelled',
  steps: 3,
  cached: 1,
  slow: 4,
} as const;

/** The builds in screenshots, by name. */
export const sample = {
  running: (): Build =>
    build({
      id: '20260301-101500-run1',
      reference: 'registry.example.com/team/api:1.4',
      status: 'running',
      startedAgo: 102,
      jobs: [
        {
          platform: 'linux/amd64',
          node: 'big-amd',
          status: 'building',
          steps: 8,
          cached: 3,
          startedAgo: 100,
          reason: 'native, built here last time',
        },
        { platform: 'linux/arm64', node: 'pi4', status: 'building', steps: 3, cached: 0, slow: 2.1, startedAgo: 99 },
        {
          platform: 'linux/s390x',
          node: 'big-amd',
          mode: 'emulated',
          status: 'queued',
          steps: 0,
          startedAgo: 0,
          reason: 'emulated: no node runs linux/s390x natively',
        },
      ],
    }),
  runningLate: (): Build =>
    build({
      id: '20260301-101320-run2',
      reference: 'worker:nightly',
      farm: 'release',
      status: 'running',
      startedAgo: 260,
      jobs: [
        { platform: 'linux/amd64', node: 'big-amd', status: 'done', steps: 10, cached: 6, startedAgo: 258 },
        {
          ...{ platform: 'linux/arm64', node: 'pi4', status: 'building', steps: 5, slow: 2.3, startedAgo: 257 },
          second: {
            node: 'graviton',
            mode: 'native',
            reason: 'native, idle; pi4 takes longer than expected',
            startedAt: ago(41),
            beside: 'pi4',
            state: 'running',
          },
        },
        {
          platform: 'linux/riscv64',
          node: 'riscv-board',
          status: 'context',
          steps: 0,
          startedAgo: 250,
          lost: [
            {
              node: 's390x-lab',
              problem: downProblem,
              mode: 'emulated',
              at: ago(12),
              steps: stepsOf({ ...lostProgress, startedAgo: 250 }),
            },
          ],
        },
      ],
    }),
  failed: (): Build =>
    build({
      id: '20260301-095500-fail',
      reference: 'registry.example.com/team/api:1.4-rc2',
      context: '/home/anna/projects/api',
      status: 'failed',
      startedAgo: 1_300,
      problem: buildFailed,
      request: {
        buildArgs: { NODE_VERSION: '22', COMMIT: 'f3a9c1d' },
        target: 'build',
        shmSize: 128 * 1024 ** 2,
        addHosts: ['db:192.168.1.5', 'cache.internal.example.com:10.12.0.7'],
      },
      jobs: [
        {
          ...{ platform: 'linux/amd64', node: 'big-amd', status: 'done', steps: 10, cached: 2, startedAgo: 1_298 },
          warnings: emptyLineWarnings,
        },
        {
          platform: 'linux/arm64',
          node: 'pi4',
          status: 'failed',
          steps: 3,
          slow: 2.2,
          startedAgo: 1_298,
          problem: buildFailed,
          lastLines: npmFailure,
        },
        {
          platform: 'linux/s390x',
          node: 'big-amd',
          mode: 'emulated',
          status: 'done',
          steps: 10,
          slow: 4,
          startedAgo: 1_200,
          reason: 'emulated: no node runs linux/s390x natively',
        },
      ],
    }),
  done: (): Build => ({
    ...build({
      id: '20260301-083000-done',
      reference: 'registry.example.com/team/api:1.3',
      context: '/home/anna/projects/api',
      status: 'done',
      startedAgo: 6_400,
      request: { buildArgs: { NODE_VERSION: '20' }, target: 'build', retention: 'tagged' },
      jobs: [
        { platform: 'linux/amd64', node: 'big-amd', status: 'done', steps: 10, cached: 5, startedAgo: 6_398 },
        { platform: 'linux/arm64', node: 'pi4', status: 'done', steps: 10, cached: 4, slow: 2, startedAgo: 6_397 },
        {
          platform: 'linux/s390x',
          node: 'big-amd',
          mode: 'emulated',
          status: 'done',
          steps: 10,
          slow: 3,
          startedAgo: 6_395,
          reason: 'emulated: no node runs linux/s390x natively',
        },
      ],
    }),
    outputs: sampleOutputs('20260301-083000-done'),
  }),
  cancelled: (): Build =>
    build({
      id: '20260228-180000-stop',
      reference: 'web:dev',
      status: 'cancelled',
      startedAgo: 60_000,
      jobs: [
        { platform: 'linux/amd64', node: 'big-amd', status: 'cancelled', steps: 5, startedAgo: 59_990 },
        { platform: 'linux/arm64', node: 'pi4', status: 'cancelled', steps: 2, slow: 2, startedAgo: 59_990 },
      ],
      problem: {
        code: 'build.cancelled',
        message: 'The build of web:dev was cancelled.',
        fix: 'Start it again when you are ready.',
      },
    }),
} as const;

export const twentyPlatforms = (
  'linux/amd64 linux/amd64/v2 linux/amd64/v3 linux/amd64/v4 linux/386 linux/arm64 linux/arm/v7 linux/arm/v6 linux/arm/v5 ' +
  'linux/ppc64le linux/ppc64 linux/s390x linux/riscv64 linux/mips64le linux/mips64 linux/mipsle linux/mips linux/loong64 ' +
  'freebsd/amd64 windows/amd64'
).split(' ');

/** A build of twenty platforms, with jobs in every phase. */
export function hugeBuild(): Build {
  const phases: readonly Phase[] = [
    'building',
    'building',
    'done',
    'transferring',
    'queued',
    'building',
    'context',
    'failed',
    'done',
    'cancelled',
  ];
  return build({
    id: '20260301-101500-huge',
    reference: 'registry.example.com/platform/everything:2026.3',
    farm: 'datacenter',
    status: 'running',
    startedAgo: 512,
    jobs: twentyPlatforms.map((name, index) => {
      const status = phases[index % phases.length] ?? 'queued';
      const finished =
        status === 'done' || status === 'transferring'
          ? 10
          : status === 'building' || status === 'failed'
            ? 1 + ((index * 3) % 8)
            : 0;
      return {
        platform: name,
        node: `rack${(index % 5) + 1}-node${(index % 10) + 1}`,
        mode: index % 3 === 2 ? 'emulated' : 'native',
        status,
        steps: finished,
        ...(index === 1 ? { atOnce: 3 } : {}),
        cached: index % 4,
        slow: 1 + chance(name) * 4,
        startedAgo: 500,
        ...(status === 'failed'
          ? {
              problem: { ...buildFailed, message: `${name} failed at step 4 of 10: RUN npm ci.` },
              lastLines: npmFailure,
            }
          : {}),
      };
    }),
  });
}

export const manyStagesId = '20260301-101400-stages';

/** A Containerfile of 20 stages with ten steps each, of which most copy from the one three before. */
const manySteps: readonly PlannedStep[] = Array.from({ length: 200 }, (_, index): PlannedStep => {
  const [stage, number] = [Math.floor(index / 10), (index % 10) + 1];
  const copiesFrom = number === 4 && stage >= 3 ? stage - 3 : undefined;
  const name =
    number === 1
      ? `FROM docker.io/library/alpine:3.20 AS part${stage + 1}`
      : copiesFrom === undefined
        ? `RUN make -C part${stage + 1} target-${number} && make -C part${stage + 1} install-${number}`
        : `COPY --from=part${copiesFrom + 1} /out /in`;
  const inputs = [
    ...(number === 1 ? [] : [`${stage}:${number - 1}`]),
    ...(copiesFrom === undefined ? [] : [`${copiesFrom}:10`]),
  ];
  return {
    ...{ id: `${stage}:${number}`, index: index + 1, total: 200, name, stage: `part${stage + 1}`, line: index + 1 },
    ...(inputs.length === 0 ? {} : { inputs }),
  };
});

export const manyStagesSource = {
  path: 'Containerfile',
  lines: manySteps.map(({ name }) => name),
  instructions: manySteps.map(({ name: text }, index) => ({ text, firstLine: index + 1, lastLine: index + 1 })),
  steps: [...manySteps],
};

/** A running build of five platforms with 200 steps each. */
export function manyStagesBuild(): Build {
  const names = ['linux/amd64', 'linux/arm64', 'linux/arm/v7', 'linux/s390x', 'linux/riscv64'];
  const empty = build({
    id: manyStagesId,
    reference: 'registry.example.com/platform/parts:2026.3',
    farm: 'datacenter',
    status: 'running',
    startedAgo: 400,
    jobs: names.map((name, index) => ({
      ...{ platform: name, node: `rack${index + 1}-node1`, status: 'building', steps: 0, startedAgo: 390 },
    })),
  });
  return {
    ...empty,
    jobs: empty.jobs.map((each, lane) => ({
      ...each,
      steps: manySteps.flatMap((step, index): Step[] => {
        const startSeconds = 380 - (index % 30) * 10;
        const isBegun = index < 150 - lane * 20;
        const isRunning = index % 10 === 9 && index > 100 - lane * 20;
        return isBegun
          ? [
              {
                ...{ ...step, cached: lane === 0 && index < 20, startedAt: ago(startSeconds), firstLine: index * 5 },
                ...(isRunning ? {} : { durationMs: 9_000 }),
              },
            ]
          : [];
      }),
    })),
  };
}

/** Past builds of several projects, about nine per day, newest first. */
export function history(count: number): Build[] {
  const projects = ['api', 'worker', 'web', 'gateway', 'billing-service', 'docs'];
  return Array.from({ length: count }, (_, index) => {
    const name = projects[Math.floor(chance(`project ${index}`) * projects.length)] ?? 'api';
    const luck = chance(`luck ${index}`);
    const status = luck < 0.1 ? 'failed' : luck < 0.14 ? 'cancelled' : 'done';
    const startedAgo = 8_000 + index * 9_000 + Math.round(4_000 * chance(`time ${index}`));
    const bad: Progress = {
      platform: 'linux/arm64',
      node: 'pi4',
      status: status === 'done' ? 'done' : status,
      steps: status === 'done' ? 10 : 3,
      slow: 1.6 + chance(`slow ${index}`),
      startedAgo,
      ...(status === 'failed' ? { problem: buildFailed, lastLines: npmFailure } : {}),
    };
    return build({
      id: `2026${String(9999 - index).padStart(4, '0')}-old`,
      reference: `registry.example.com/team/${name}:1.${Math.floor((count - index) / 7)}.${(count - index) % 7}`,
      context: `/home/anna/projects/${name}`,
      status,
      startedAgo,
      problem: status === 'failed' ? buildFailed : undefined,
      jobs: [
        {
          platform: 'linux/amd64',
          node: 'big-amd',
          status: status === 'cancelled' ? 'cancelled' : 'done',
          steps: status === 'cancelled' ? 4 : 10,
          cached: index % 5,
          slow: 0.7 + chance(`quick ${index}`),
          startedAgo,
        },
        bad,
      ],
    });
  });
}

export function push(fields: Partial<Push> & Pick<Push, 'id' | 'status'>): Push {
  const platforms = ['linux/amd64', 'linux/arm64', 'linux/s390x'].map(platform);
  const done = fields.status === 'done' ? 1 : 0.55;
  return {
    reference: 'registry.example.com/team/api:1.3',
    destination: 'registry.example.com/team/api:1.3',
    totalBytes: 212 * megabyte,
    skippedBytes: 171 * megabyte,
    uploadedBytes: Math.round(41 * megabyte * done),
    images: platforms.map((each, index) => ({
      platform: each,
      digest: digestOf(`image registry.example.com/team/api:1.3 ${each}`),
      totalBytes: 70.6 * megabyte,
      doneBytes: Math.round(70.6 * megabyte * (fields.status === 'done' ? 1 : ([1, 0.86, 0.81][index % 3] ?? 1))),
    })),
    ...(fields.status === 'done' ? { digest: digestOf('list registry.example.com/team/api:1.3') } : {}),
    ...fields,
  };
}

/** A push that failed before anything was sent. */
export function plainHttpPush(): Push {
  const nothing = { totalBytes: 0, uploadedBytes: 0, skippedBytes: 0, images: [] };
  const problem: Problem = {
    code: 'registry.tls',
    message: 'The registry at 192.168.1.20:5000 uses plain HTTP without TLS.',
    fix: 'If this is intended, allow plain HTTP, once or in the settings of the registry (registry add 192.168.1.20:5000 --tls plain-http): others on the network can then read what is sent, including passwords.',
    actions: [{ id: 'push-without-tls', reason: 'plain-http' }],
  };
  const names = { reference: 'worker:nightly', destination: '192.168.1.20:5000/worker:nightly' };
  return push({ id: 'push-4', status: 'failed', ...names, ...nothing, problem });
}

export function pushHistory(): PushRecord[] {
  return [
    ['registry.example.com/team/api:1.3', 'registry.example.com/team/api:1.3', 5],
    ['registry.example.com/team/api:1.3', 'mirror.example.com:5000/api:1.3', 9],
    ['worker:nightly', 'registry.example.com/team/worker:nightly', 60],
  ].map(([reference, destination, minutes]) => ({
    reference: String(reference),
    destination: String(destination),
    digest: digestOf(`list ${reference}`),
    at: new Date(fixtureNow() - Number(minutes) * 60_000).toISOString(),
  }));
}

export const pushProblem: Problem = {
  code: 'registry.denied',
  message: 'registry.example.com refuses to let anna push to team/api.',
  fix: 'Log in with an account that has permission: `podman login registry.example.com`.',
  detail: '403 DENIED: requested access to the resource is denied',
  actions: [{ id: 'sign-in', registry: 'registry.example.com' }],
};

const logVerbs = [
  'Get:',
  'Unpacking',
  'Setting up',
  'npm http fetch GET 200',
  'added',
  'compiling',
  'src/',
  '\u001b[32m✓\u001b[39m built',
  '\u001b[33mwarning\u001b[39m deprecated',
];

/** The lines of each step in a log, except the last one. */
const linesPerStep = 120;

/** Line `index` of the log of a job, which is endless, with downloads and colors as engines print them. */
export function logLine({ platform: seed, steps }: Pick<Job, 'platform' | 'steps'>, index: number): string {
  const step = index % linesPerStep === 0 ? steps[index / linesPerStep] : undefined;
  if (step) {
    return `STEP ${step.index}/${step.total} (${step.stage}): ${step.name}`;
  }
  const verb = logVerbs[(index * 7 + seed.length) % logVerbs.length] ?? '';
  const number = (index * 2654435761) % 100_000;
  return index % 23 === 0
    ? `${verb} https://packages.example.com/@scope/a-package-with-a-rather-long-name-${number}/-/a-package-with-a-rather-long-name-${number}.tgz ${number % 900} ms (cache miss) and more words so that the line has to be wrapped or cut off somewhere`
    : `${verb} package-${number} (${(number % 97) / 10} kB)`;
}

/** Lines of the log of a job from a line on, with their facts. */
export function logLines(job: Pick<Job, 'platform' | 'steps'>, from: number, count: number) {
  const indexes = Array.from({ length: count }, (_, index) => from + index);
  const stepAt = (index: number): Step | undefined =>
    job.steps[Math.min(job.steps.length - 1, Math.floor(index / linesPerStep))];
  return {
    lines: indexes.map((index) => logLine(job, index)),
    stepIds: indexes.map((index) => stepAt(index)?.id ?? null),
    times: indexes.map((index) => Date.parse(stepAt(index)?.startedAt ?? ago(0)) + index * 10),
    streams: indexes.map((index) => (index % linesPerStep === 0 ? 'engine' : index % 17 === 0 ? 'stderr' : 'stdout')),
  } satisfies Pick<EventPayload<'job.log'>, 'lines' | 'stepIds' | 'times' | 'streams'>;
}
