import type { ZodType } from 'zod';
import type { Bake } from '../../shared/bake.ts';
import type { Build, Job } from '../../shared/build.ts';
import { entryOf, matchesFilter } from '../../shared/build-entry.ts';
import { changeOptions } from '../../shared/connection.ts';
import {
  type AppEvent,
  type CallInput,
  type CallName,
  type CallOutput,
  type CallRequest,
  calls,
} from '../../shared/contract.ts';
import { describeEmulation } from '../../shared/emulation.ts';
import { LiveBuild } from '../../shared/live-build.ts';
import { limitName, unsupportedOptions } from '../../shared/option-support.ts';
import { fail, problemOf, type Result } from '../../shared/problem.ts';
import type { AllowedCommand, Question, RememberedSecret, RememberOption } from '../../shared/question.ts';
import { type Assignment, modeOf } from '../../shared/schedule.ts';
import { defaultParts } from '../../shared/storage-kinds.ts';
import { attestationFixture } from './attestation-fixture.ts';
import { createAutomation } from './fixture-automation.ts';
import * as bakes from './fixture-bakes.ts';
import { type CheckScene, FixtureChecks } from './fixture-checks.ts';
import { fixtureNow } from './fixture-clock.ts';
import { baseImagesOf, comparisonOf } from './fixture-compare.ts';
import { createCopies } from './fixture-copies.ts';
import * as data from './fixture-data.ts';
import { type DiscoveryScene, discover, exportText, importInto } from './fixture-discovery.ts';
import { createImages } from './fixture-images.ts';
import { samplesOf, statisticsOf } from './fixture-monitoring.ts';
import { createOutputs, sampleFailedOutputs } from './fixture-outputs.ts';
import { describedPackages, packageAt } from './fixture-packages.ts';
import { allowedCommands, cannotSave, questions, savedSecrets } from './fixture-questions.ts';
import { FixtureQueue } from './fixture-queue.ts';
import { createRegistries } from './fixture-registries.ts';
import { FixtureStorage } from './fixture-storage.ts';

/**
 * `empty`: no connections, farms or builds. `busy`: builds and a push run. `failed`: the newest build, a push and a node failed.
 * `done`: everything succeeded. `huge`: 50 nodes, a build of 20 platforms, 1,000 builds, logs of a million lines.
 * `question`: busy, and a host key question is open.
 */
export const fixtureStates = ['empty', 'busy', 'failed', 'done', 'huge', 'question'] as const;
export type FixtureState = (typeof fixtureStates)[number];

/** How discovery, checks and fixes behave. */
export interface Scene extends CheckScene {
  readonly discovery?: DiscoveryScene | undefined;
}

export interface FixtureApp {
  call<N extends CallName>(name: N, input: CallInput<N>): Promise<Result<CallOutput<N>>>;
  subscribe(listener: (event: AppEvent, seq: number) => void): () => void;
  /** Emits an event as the app would, and updates the data of the fixture. */
  emit(event: AppEvent): void;
  /** Emits log lines and progress of running builds until the returned function is called. */
  startActivity(): () => void;
}

interface Fixture {
  bakes: Bake[];
  /** The builds of bakes. Lists do not have them. */
  bakeBuilds: readonly Build[];
  connections: ReturnType<typeof data.connections>;
  statuses: ReturnType<typeof data.statuses>;
  farms: ReturnType<typeof data.farms>;
  defaultFarm: string | undefined;
  builds: Build[];
  lists: ReturnType<typeof data.listOf>[];
  pushes: ReturnType<typeof data.push>[];
  pushHistory: CallOutput<'pushes.history'>;
  cacheBytes: number;
  damagedImages: CallOutput<'images.damaged'>;
  questions: Question[];
  secrets: RememberedSecret[];
  commands: AllowedCommand[];
  applyToFixture: RememberOption;
  settings: CallOutput<'settings.get'>;
  memory?: CallOutput<'memory.get'>;
}

/** How long nodes take to stop a job, in milliseconds. */
const cancelMs = 100;

const defaults: Fixture['settings'] = { theme: 'system', keepBuilds: 1000, jobsPerNode: 2 };

const damagedImage = 'registry.example.com/team/web:2.0';

function createFixture(state: FixtureState): Fixture {
  if (state === 'empty') {
    return {
      bakes: [],
      bakeBuilds: [],
      connections: [],
      statuses: [],
      farms: [],
      defaultFarm: undefined,
      builds: [],
      lists: [],
      pushes: [],
      pushHistory: [],
      cacheBytes: 0,
      damagedImages: [],
      questions: [],
      secrets: [],
      commands: [],
      applyToFixture: { possible: true },
      settings: defaults,
    };
  }
  const { running, runningLate, failed, done, cancelled } = data.sample;
  const past = data.history(state === 'huge' ? 1_000 : 24);
  const many = data.manyNodes();
  const isHuge = state === 'huge';
  const newest = {
    busy: [running(), runningLate(), failed(), done(), cancelled()],
    question: [running(), failed(), done(), cancelled()],
    failed: [failed(), { ...done(), outputs: sampleFailedOutputs(done().id) }, cancelled()],
    done: [done(), cancelled()],
    huge: [data.hugeBuild(), data.manyStagesBuild(), runningLate(), failed(), done(), cancelled()],
  }[state];
  const sample = bakes.sampleBake(state === 'question' ? 'done' : state);
  const builds = [...newest, ...past].sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1));
  return {
    bakes: [sample.bake],
    bakeBuilds: sample.builds,
    connections: [...data.connections(), ...(isHuge ? many.connections : [])],
    statuses: [...data.statuses(state === 'failed'), ...(isHuge ? many.statuses : [])],
    farms: [
      ...data.farms(),
      ...(isHuge ? [{ name: 'datacenter', connections: many.connections.map(({ name }) => name) }] : []),
    ],
    defaultFarm: isHuge ? 'datacenter' : 'home',
    builds,
    lists: builds.flatMap(({ list: findImage }) => findImage ?? []).slice(0, isHuge ? 300 : 12),
    pushes: [
      ...(state === 'busy' ? [data.push({ id: 'push-1', status: 'running' })] : []),
      ...(state === 'failed'
        ? [data.push({ id: 'push-2', status: 'failed', problem: data.pushProblem }), data.plainHttpPush()]
        : []),
      data.push({
        id: 'push-3',
        status: 'done',
        reference: 'worker:nightly',
        destination: 'registry.example.com/team/worker:nightly',
      }),
    ],
    pushHistory: data.pushHistory(),
    cacheBytes: 318_000_000,
    damagedImages: state === 'failed' ? [{ reference: damagedImage, blocksCleanup: true }] : [],
    questions: state === 'question' ? [questions['host-key']] : [],
    secrets: state === 'failed' ? [] : [...savedSecrets],
    commands: [...allowedCommands],
    applyToFixture: state === 'failed' ? cannotSave : { possible: true },
    ...(state === 'failed' ? { memory: { 'builds.watched': builds.slice(0, 2).map(({ id }) => id) } } : {}),
    settings: defaults,
  };
}

/** An app in memory that handles every call of the contract with sample data. For screenshots and renderer tests. */
export function createFixtureApp(state: FixtureState = 'busy', scene: Scene = {}): FixtureApp {
  const fixture = createFixture(state);
  const listeners = new Set<(event: AppEvent, seq: number) => void>();
  let seq = 0;
  const releases = {
    isOn: state === 'busy',
    ...(state === 'empty' ? {} : { address: 'https://github.com/barnraiser/barnraiser/releases.json' }),
    ...(state === 'busy'
      ? {
          checkedAt: '2026-07-14T08:00:00.000Z',
          newer: {
            version: '0.2.0',
            page: 'https://github.com/barnraiser/barnraiser/releases/tag/v0.2.0',
            publishedAt: '2026-07-13T12:00:00Z',
          },
        }
      : {}),
  };
  const logLines = state === 'huge' ? 1_000_000 : 1_400;

  function emit(event: AppEvent): void {
    seq += 1;
    remember(fixture, event);
    for (const listener of listeners) {
      listener(event, seq);
    }
  }

  const checks = new FixtureChecks(emit, scene);
  const queue = new FixtureQueue(
    emit,
    fixture.connections.map(({ name }) => name),
    fixture.builds,
    state,
  );

  function emitFarms(): void {
    emit({
      event: 'farms.changed',
      connections: fixture.connections,
      farms: fixture.farms,
      ...(fixture.defaultFarm ? { default: fixture.defaultFarm } : {}),
    });
  }

  function findBuild(id: string): Build {
    const build = [...fixture.builds, ...fixture.bakeBuilds].find((candidate) => candidate.id === id);
    if (!build) {
      throw fail('build.unknown', `There is no build "${id}".`, 'Choose one from the list of builds.');
    }
    return build;
  }

  function findBake(id: string): Bake {
    const bake = fixture.bakes.find((candidate) => candidate.id === id);
    if (!bake) {
      throw fail('bake.unknown', `There is no bake ${id}.`, 'Check its id.');
    }
    return bake;
  }

  function findJob(id: string, platform: string): Job {
    const job = findBuild(id).jobs.find((each) => each.platform === platform);
    if (!job) {
      throw fail('build.unknown', `Build ${id} has no job for ${platform}.`, 'Choose another platform.');
    }
    return job;
  }

  function list(reference: string): CallOutput<'images.list'>[number] {
    const image = fixture.lists.find((list) => list.reference === reference);
    if (!image) {
      throw fail('image.unknown', `There is no image ${reference} in local storage.`, 'Build it first.');
    }
    return image;
  }

  function findConnection(name: string): Fixture['connections'][number] {
    const connection = fixture.connections.find((candidate) => candidate.name === name);
    if (!connection) {
      throw fail('connection.unknown', `There is no connection ${name}.`, 'Choose one from the list.');
    }
    return connection;
  }

  const storage = new FixtureStorage(state === 'huge' ? 1000 : 24);
  const downNodes = () =>
    new Map(
      fixture.statuses.flatMap((status) =>
        status.state === 'down' ? [[status.connection, status.problem] as const] : [],
      ),
    );

  function resolveSelection({
    farm,
    connections,
  }: {
    farm?: string | undefined;
    connections?: readonly string[] | undefined;
  }): readonly string[] {
    return (
      connections ??
      fixture.farms.find(({ name }) => name === (farm ?? fixture.defaultFarm))?.connections ??
      fixture.connections.map(({ name }) => name)
    );
  }

  function scheduleOf(request: CallRequest<'builds.preview'>): CallOutput<'builds.preview'> {
    const nodes = resolveSelection(request).flatMap(
      (name) => fixture.statuses.find((status) => status.connection === name) ?? [],
    );
    const all = nodes.flatMap((status) => (status.state === 'up' ? status.node : []));
    const up = all.filter((node) => unsupportedOptions(node, request).length === 0);
    const platforms = request.platforms ?? [...new Set(up.map(({ platform }) => platform))];
    const assignments: Assignment[] = [];
    const unassigned: CallOutput<'builds.preview'>['unassigned'] = [];
    for (const platform of platforms) {
      const pinned = up.find((each) => each.connection === request.pins[platform] && modeOf(each, platform));
      const native = up.find((each) => modeOf(each, platform) === 'native');
      const emulating = request.emulate ? up.find((each) => modeOf(each, platform)) : undefined;
      const node = pinned ?? native ?? emulating;
      if (node) {
        assignments.push({
          platform,
          node: node.connection,
          mode: modeOf(node, platform) ?? 'emulated',
          reason: pinned
            ? `${modeOf(node, platform)}, pinned`
            : native
              ? 'native, built here last time'
              : `emulated: no node runs ${platform} natively`,
        });
      } else {
        unassigned.push({
          platform,
          problem: fail(
            'schedule.no-node',
            `No node of the farm can build ${platform}.`,
            `Add a node that runs ${platform}, or leave it out.`,
          ).problem,
        });
      }
    }
    const leftOut = nodes.flatMap((status) => {
      if (status.state === 'down') {
        return { node: status.connection, problem: status.problem };
      }
      const [limit] = unsupportedOptions(status.node, request);
      return limit
        ? {
            node: status.connection,
            problem: fail(
              'engine.unsupported',
              `Node ${status.connection} does not support the ${limitName(limit)}: ${limit.reason}.`,
              'Leave the node out, or change the option.',
            ).problem,
          }
        : [];
    });
    const usable = up.map(({ connection }) => connection);
    return { assignments, unassigned, leftOut, emulation: describeEmulation(assignments, data.jobTimes(), usable) };
  }

  /** The patterns that were added to the ignore file of a folder. */
  const ignored = new Map<string, readonly string[]>();

  const handlers: { readonly [N in CallName]: (request: CallRequest<N>) => CallOutput<N> | Promise<CallOutput<N>> } = {
    ...createAutomation(state, emit),
    ...attestationFixture(state),
    ...createCopies(state, emit),
    'images.compare': ({ a, b }) => comparisonOf(a, b, state),
    'bases.list': () => baseImagesOf(state === 'busy' ? fixture.builds.filter(({ status }) => status === 'done') : []),
    ...createRegistries(state, emit),
    ...createImages(state, emit, {
      find: list,
      all: () => fixture.lists,
      set: (reference, next) => {
        fixture.lists = [...(next ? [next] : []), ...fixture.lists.filter((each) => each.reference !== reference)];
      },
      damaged: () => fixture.damagedImages,
      repair: () => {
        fixture.damagedImages = [];
      },
    }),
    ...createOutputs(state, findBuild, emit),
    'connections.list': () => fixture.connections,
    'connections.add': (request) => {
      if (fixture.connections.some(({ name }) => name === request.name)) {
        throw fail('connection.exists', `There is already a connection named ${request.name}.`, 'Choose another name.');
      }
      fixture.connections = [...fixture.connections, request];
      emitFarms();
      return request;
    },
    'connections.update': ({ name, rename, uri, ...options }) => {
      const before = findConnection(name);
      const after = { name: rename ?? name, uri: uri ?? before.uri, ...changeOptions(before, options) };
      fixture.connections = fixture.connections.map((each) => (each === before ? after : each));
      fixture.farms = fixture.farms.map((farm) => ({
        ...farm,
        connections: farm.connections.map((each) => (each === name ? after.name : each)),
      }));
      emitFarms();
      return after;
    },
    'connections.remove': ({ name }) => {
      findConnection(name);
      fixture.connections = fixture.connections.filter((each) => each.name !== name);
      fixture.farms = fixture.farms.map((farm) => ({
        ...farm,
        connections: farm.connections.filter((each) => each !== name),
      }));
      emitFarms();
      return {};
    },
    'connections.discover': (request) =>
      discover(scene.discovery ?? 'few', request, fixture.connections, fixture.farms),
    'connections.import': (request) => {
      const { connections, farms, report } = importInto(fixture, request);
      fixture.connections = [...connections];
      fixture.farms = farms.map((farm) => ({ ...farm, connections: [...farm.connections] }));
      fixture.defaultFarm = request.farms.find(({ isDefault }) => isDefault)?.name ?? fixture.defaultFarm;
      emitFarms();
      return report;
    },
    'connections.export': () => exportText(fixture.connections, fixture.farms),
    'connections.check': ({ name }) =>
      checks.check(
        findConnection(name),
        data.statuses().find((status) => status.connection === name),
      ),
    'connections.cancelCheck': ({ name }) => {
      checks.cancel(name);
      return {};
    },
    'connections.fix': ({ name, fix }) => checks.fix(name, fix),
    'connections.resolve': ({ host }) => ({
      lines: [
        { key: 'host', value: host },
        { key: 'hostname', value: host },
      ],
      notes: [],
    }),

    'farms.list': () => ({ farms: fixture.farms, default: fixture.defaultFarm }),
    'farms.create': ({ name, connections, makeDefault }) => {
      const farm = { name, connections };
      fixture.farms = [...fixture.farms, farm];
      fixture.defaultFarm = makeDefault || !fixture.defaultFarm ? name : fixture.defaultFarm;
      emitFarms();
      return farm;
    },
    'farms.update': ({ name, rename, add, remove, makeDefault, pins }) => {
      const before = fixture.farms.find((farm) => farm.name === name);
      if (!before) {
        throw fail('farm.unknown', `There is no farm ${name}.`, 'Choose one from the list.');
      }
      const members = [...new Set([...before.connections, ...add])].filter((each) => !remove.includes(each));
      const pinned = Object.entries({ ...before.pins, ...pins }).filter(([, node]) => members.includes(node));
      const kept = pinned.length > 0 ? { pins: Object.fromEntries(pinned) } : {};
      const after = { name: rename ?? name, connections: members, ...kept };
      fixture.farms = fixture.farms.map((farm) => (farm === before ? after : farm));
      fixture.defaultFarm = makeDefault || fixture.defaultFarm === name ? after.name : fixture.defaultFarm;
      emitFarms();
      return after;
    },
    'farms.remove': ({ name }) => {
      fixture.farms = fixture.farms.filter((farm) => farm.name !== name);
      fixture.defaultFarm = fixture.defaultFarm === name ? undefined : fixture.defaultFarm;
      emitFarms();
      return {};
    },

    'nodes.connect': () => ({}),
    'nodes.probe': (selection) => {
      const names = resolveSelection(selection);
      const known = [...data.statuses(state === 'failed'), ...data.manyNodes().statuses];
      const statuses = names.flatMap(
        (name) =>
          known.find((status) => status.connection === name) ?? {
            state: 'down' as const,
            connection: name,
            problem: fail('ssh.unreachable', `Node ${name} cannot be reached.`, 'Check its address.').problem,
          },
      );
      for (const status of statuses) {
        emit({ event: 'node.changed', status });
      }
      return statuses;
    },
    'nodes.useAgain': ({ name }) => {
      const status = fixture.statuses.find(({ connection }) => connection === name);
      if (status?.state === 'up') {
        const { setAside: _, ...used } = status;
        emit({ event: 'node.changed', status: used });
      }
      return {};
    },
    'nodes.list': () => fixture.statuses,
    'storage.use': (selection) => storage.use(resolveSelection(selection), downNodes()),
    'storage.local': () => ({
      folder: '/home/anna/.local/share/barnraiser',
      parts: [
        { name: 'images' as const, count: 214, bytes: 6.2e9 },
        { name: 'builds' as const, count: 1290, bytes: 84e6 },
        { name: 'repositories' as const, count: 310, bytes: 41e6 },
        { name: 'contexts' as const, count: 18, bytes: 3.1e6 },
        { name: 'other' as const, count: 12, bytes: 96e3 },
      ],
      disk: { total: 512e9, free: 133e9 },
    }),
    'storage.preview': ({ rules = {}, ...selection }) =>
      storage.preview(resolveSelection(selection), { rules: { parts: [...defaultParts], ...rules } }, downNodes()),
    'storage.items': ({ from = 0, count = 200, ...rest }) => storage.items({ ...rest, from, count }),
    'storage.prune': ({ id }) => storage.prune(id),

    'samples.get': ({ connections, range }) => samplesOf(fixture.statuses, connections, range),
    'statistics.get': () => statisticsOf(fixture.statuses, fixture.builds.length),

    'nodes.holds': () => queue.holds,
    'nodes.hold': ({ name, state: hold, reason }) => queue.hold(findConnection(name).name, hold, reason),
    'nodes.resume': ({ name }) => {
      queue.resume(findConnection(name).name);
      return {};
    },
    'queue.get': ({ farm }) => queue.get(farm === undefined ? undefined : resolveSelection({ farm })),
    'queue.move': ({ id, to }) => {
      queue.move(id, to);
      return {};
    },
    'queue.pause': ({ id }) => {
      queue.setPaused(true, id);
      return {};
    },
    'queue.resume': ({ id }) => {
      queue.setPaused(false, id);
      return {};
    },

    'projects.inspect': ({ context }) => {
      if (context.includes('missing')) {
        throw fail('context.missing', `The folder ${context} does not exist.`, 'Choose another one.');
      }
      const project = data.projectAt(context);
      const isIgnored = (path: string): boolean => (ignored.get(context) ?? []).includes(path);
      return {
        ...project,
        warnings: [...project.warnings.filter(({ path }) => !isIgnored(path)), ...data.containerfileFindings(context)],
        errors: context.includes('broken') ? data.containerfileErrors : [],
      };
    },
    'projects.lint': ({ context }) => ({
      context,
      containerfiles: ['Containerfile'],
      warnings: data.containerfileFindings(context),
      errors: context.includes('broken') ? data.containerfileErrors : [],
    }),
    'projects.ignore': ({ context, patterns, undo }) => {
      const before = (ignored.get(context) ?? []).filter((pattern) => !patterns.includes(pattern));
      ignored.set(context, undo ? before : [...before, ...patterns]);
      return { path: `${context}/.containerignore` };
    },
    'projects.sample': ({ name }) => ({ context: `/home/anna/.local/share/barnraiser/sample-projects/${name}` }),
    'folders.list': ({ path: given = '/home/anna/projects' }) => {
      const path = given.replace(/(?<=.)\/$/, '');
      if (path.endsWith('/nothing')) {
        throw fail('context.missing', 'There is no folder nothing in projects.', 'Choose another folder.');
      }
      const isHome = path === '/home/anna/projects';
      const names = isHome
        ? ['api', 'billing-service', 'docs', 'gateway', 'notes', 'web', 'worker']
        : ['assets', 'src', 'test'];
      return {
        path,
        ...(path === '/' ? {} : { parent: path.split('/').slice(0, -1).join('/') || '/' }),
        folders: names.map((name) => ({
          name,
          path: `${path === '/' ? '' : path}/${name}`,
          hasContainerfile: isHome && name !== 'notes' && name !== 'docs',
        })),
        hasContainerfile: /\/projects\/\w+$/.test(path),
        files: isHome ? [] : ['Containerfile', 'README.md', 'build.containerfile'],
      };
    },

    'projects.automatic': ({ context }) => data.automaticValuesOf(context),
    'recipes.find': ({ folder }) => bakes.recipesAt(folder),
    'packages.tags': ({ folders }) => folders.map(packageAt),
    'packages.describe': (request) => describedPackages(request),
    'recipes.describe': ({ folder, targets, allow, push }) => bakes.describedAt(folder, targets, allow, push),
    'recipes.save': ({ folder, destination, replaces }) => {
      if (destination === 'project' && !replaces) {
        throw fail('recipe.exists', `There is a file ${folder}/barnraiser.json.`, 'Replace it, or leave it as it is.');
      }
      return {
        path:
          destination === 'project' ? `${folder}/barnraiser.json` : '/home/anna/.local/share/barnraiser/recipes/a.json',
      };
    },
    'recipes.remove': () => ({ removed: true }),
    'bakes.start': ({ project, images }) => {
      const bake = bakes.startedBake(project, images);
      fixture.bakes = [bake, ...fixture.bakes];
      emit({ event: 'bake.changed', bake });
      return bake;
    },
    'bakes.retry': ({ id }) => {
      const bake = { ...findBake(id), id: 'bake-20260714-120000-f0f0f0', status: 'running' as const };
      fixture.bakes = [bake, ...fixture.bakes];
      emit({ event: 'bake.changed', bake });
      return bake;
    },
    'bakes.cancel': ({ id }) => {
      const bake = { ...findBake(id), status: 'cancelled' as const };
      fixture.bakes = fixture.bakes.map((each) => (each.id === id ? bake : each));
      emit({ event: 'bake.changed', bake });
      return {};
    },
    'bakes.get': ({ id }) => findBake(id),
    'builds.preview': scheduleOf,
    'builds.start': (request) => {
      const { assignments, unassigned } = scheduleOf(request);
      const [first] = unassigned;
      if (first) {
        throw fail(first.problem.code, first.problem.message, first.problem.fix);
      }
      const started = data.build({
        id: `20260301-${fixtureNow()}`,
        reference: request.reference,
        context: request.context,
        status: 'running',
        startedAgo: 0,
        request,
        jobs: assignments.map(({ platform, node, mode, reason }) => ({
          platform,
          node,
          mode,
          reason,
          status: 'queued',
          steps: 0,
          startedAgo: 0,
        })),
      });
      emit({ event: 'build.started', build: started });
      return started;
    },
    'builds.cancel': async ({ id, platform }) => {
      for (const job of findBuild(id).jobs) {
        if (job.durationMs === undefined && (!platform || job.platform === platform)) {
          emit({ event: 'job.changed', buildId: id, job: { ...job, status: 'cancelling' } });
        }
      }
      await new Promise((resolve) => setTimeout(resolve, cancelMs));
      const build = findBuild(id);
      const cancelled = build.jobs.map(
        (job): Job =>
          job.durationMs === undefined && (!platform || job.platform === platform)
            ? { ...job, status: 'cancelled', durationMs: 1_000 }
            : job,
      );
      queue.remove(id);
      const isOver = cancelled.every((job) => job.durationMs !== undefined);
      const after: Build = {
        ...build,
        jobs: cancelled,
        ...(isOver ? { status: 'cancelled', durationMs: 90_000 } : {}),
      };
      emit(isOver ? { event: 'build.finished', build: after } : { event: 'build.started', build: after });
      return {};
    },
    'builds.remove': ({ id }) => {
      findBuild(id);
      emit({ event: 'builds.removed', ids: [id] });
      return {};
    },
    'builds.equivalents': ({ id, request }) => data.equivalentsOf(id === undefined ? request : findBuild(id).request),
    'builds.source': ({ id }) => (id === data.manyStagesId ? data.manyStagesSource : data.source),
    'builds.search': ({ id, platform, text, limit, excerpts }) => {
      const job = findJob(id, platform);
      const matches: number[] = [];
      const needle = text.toLowerCase();
      for (let index = 0; index < logLines && matches.length <= limit; index += 1) {
        if (data.logLine(job, index).toLowerCase().includes(needle)) {
          matches.push(index);
        }
      }
      const lines = matches.slice(0, limit);
      return {
        lines,
        more: matches.length > limit,
        ...(excerpts ? { excerpts: lines.map((index) => data.logLine(job, index).slice(0, 200)) } : {}),
      };
    },
    'builds.get': ({ id }) => findBuild(id),
    'builds.list': ({ cursor, limit, filter }) => {
      const start = fixture.builds.findIndex(({ id }) => id === cursor) + 1;
      const matching = fixture.builds
        .slice(start)
        .map(entryOf)
        .filter((entry) => matchesFilter(entry, filter));
      const entries = matching.slice(0, limit);
      return { entries, ...(matching.length > limit ? { next: entries.at(-1)?.id } : {}) };
    },
    'builds.retry': ({ id, platforms }) => {
      const build = findBuild(id);
      const isReused = ({ status, platform }: Job): boolean => status === 'done' && !platforms?.includes(platform);
      const started: Build = {
        ...build,
        id: `20260301-${fixtureNow()}`,
        status: 'running',
        createdAt: new Date(fixtureNow()).toISOString(),
        jobs: build.jobs.map((job) =>
          isReused(job)
            ? { ...job, steps: [], durationMs: 0, reusedFrom: job.reusedFrom ?? id }
            : { ...assignmentOf(job), status: 'queued', steps: [], bytesSent: 0, bytesReceived: 0, lost: [] },
        ),
        durationMs: undefined,
        problem: undefined,
        list: undefined,
      };
      emit({ event: 'build.started', build: started });
      return started;
    },
    'builds.resume': ({ id }) => {
      const build = findBuild(id);
      const resumed: Build = {
        ...build,
        status: 'running',
        resumedAt: new Date(fixtureNow()).toISOString(),
        jobs: build.jobs.map((job) =>
          job.status === 'done'
            ? job
            : { ...assignmentOf(job), status: 'queued', steps: [], bytesSent: 0, bytesReceived: 0, lost: [] },
        ),
        durationMs: undefined,
        problem: undefined,
      };
      emit({ event: 'build.started', build: resumed });
      return resumed;
    },
    'builds.storeIncomplete': ({ id }) => {
      const build = findBuild(id);
      const done = build.jobs.filter(({ status }) => status === 'done').map(({ platform }) => platform);
      const missing = build.jobs.filter(({ status }) => status !== 'done').map(({ platform }) => platform);
      const list = { ...data.listOf(build.reference, done, new Date(fixtureNow()).toISOString()), missing };
      fixture.lists = [list, ...fixture.lists.filter(({ reference }) => reference !== build.reference)];
      const stored = { ...build, list };
      emit({ event: 'build.finished', build: stored });
      return stored;
    },
    'builds.log': ({ id, platform, from, count }) => {
      const job = findJob(id, platform);
      const total = job.status === 'queued' ? 0 : logLines;
      const length = Math.max(0, Math.min(count, total - from));
      return { ...data.logLines(job, from, length), total };
    },

    'images.list': () => fixture.lists,
    'images.damaged': () => fixture.damagedImages,
    'images.remove': ({ reference }) => {
      if (fixture.damagedImages.some((image) => image.reference === reference)) {
        fixture.damagedImages = [];
        return { freedBytes: 96_000_000 };
      }
      const removed = list(reference);
      fixture.lists = fixture.lists.filter((each) => each !== removed);
      return { freedBytes: removed.entries.reduce((sum, { layers }) => sum + (layers.at(-1)?.size ?? 0), 0) };
    },
    'images.cache': () => ({ bytes: fixture.cacheBytes }),
    'images.clearCache': () => {
      const freedBytes = fixture.cacheBytes;
      fixture.cacheBytes = 0;
      return { freedBytes };
    },
    'pushes.start': ({ reference, destination }) => {
      const started = data.push({
        id: `push-${fixtureNow()}`,
        status: 'running',
        reference,
        destination: destination ?? reference,
      });
      emit({ event: 'push.progress', push: started });
      return started;
    },
    'pushes.startAll': ({ reference, destinations }) =>
      destinations.map((destination, index) => {
        const started = data.push({
          id: `push-${fixtureNow()}-${index}`,
          ...(destinations.length > 1 ? { group: 'group-1' } : {}),
          status: 'running',
          reference,
          destination,
        });
        emit({ event: 'push.progress', push: started });
        return started;
      }),
    'pushes.list': () => fixture.pushes,
    'pushes.history': () => fixture.pushHistory,
    'pushes.cancel': ({ id }) => {
      const running = fixture.pushes.find((push) => push.id === id);
      if (running) {
        emit({ event: 'push.finished', push: { ...running, status: 'cancelled' } });
      }
      return {};
    },

    'settings.get': () => fixture.settings,
    'settings.update': (change) => {
      const settings = { ...fixture.settings, ...change };
      emit({ event: 'settings.changed', settings });
      return settings;
    },
    'memory.get': () => fixture.memory ?? {},
    'memory.set': ({ key, value }) => {
      fixture.memory = { ...fixture.memory, [key]: value };
      return {};
    },
    'app.info': () => ({
      version: '0.1.0',
      build: {
        version: '0.1.0',
        commit: '4f1c0a9d2b7e',
        committedAt: '2026-07-14T09:00:00.000Z',
        node: '22.22.0',
        electron: '45.4.1',
        system: 'linux x64',
        formats: { settings: 1, builds: 3, projects: 2 },
      },
      home: '/home/anna/.local/share/barnraiser',
      frontEnd: 'browser',
      system: 'Fedora Linux 43',
      hasWindow: true,
      remember: fixture.applyToFixture,
    }),

    'releases.get': () => releases,
    'releases.check': () => releases,
    'app.openWindow': () => ({}),

    'secrets.list': () => fixture.secrets,
    'secrets.forget': ({ id }) => {
      fixture.secrets = fixture.secrets.filter((each) => each.id !== id);
      return {};
    },

    'commands.list': () => fixture.commands,
    'commands.forget': ({ host, command }) => {
      fixture.commands = fixture.commands.filter((each) => each.host !== host || each.command !== command);
      return {};
    },

    'questions.list': () => fixture.questions,
    'questions.answer': ({ id }) => {
      emit({ event: 'question.closed', id });
      return {};
    },
  };

  return {
    call: async (name, input) => {
      const covered = seq;
      const result = await handleCall(name, input, handlers[name]);
      return result.ok ? { ...result, seq: covered } : result;
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    emit,
    startActivity: () => {
      let line = logLines;
      const timer = setInterval(() => {
        for (const build of fixture.builds.filter(({ status }) => status === 'running')) {
          for (const job of build.jobs.filter(({ status }) => status === 'building')) {
            emit({
              event: 'job.log',
              buildId: build.id,
              platform: job.platform,
              node: job.node,
              from: line,
              ...data.logLines(job, line, 1),
            });
          }
          const receiving = build.jobs.find(({ status }) => status === 'transferring');
          if (receiving) {
            emit({
              event: 'job.changed',
              buildId: build.id,
              job: { ...receiving, bytesReceived: Math.min(70_600_000, receiving.bytesReceived + 400_000) },
            });
          }
        }
        line += 1;
      }, 200);
      return () => clearInterval(timer);
    },
  };
}

/** `calls`, typed so that the input of a call matches its handler. */
const inputs: { readonly [N in CallName]: { readonly input: ZodType<CallRequest<N>> } } = calls;

async function handleCall<N extends CallName>(
  name: N,
  input: CallInput<N>,
  handler: (request: CallRequest<N>) => CallOutput<N> | Promise<CallOutput<N>>,
): Promise<Result<CallOutput<N>>> {
  try {
    const parsed = inputs[name].input.safeParse(input);
    if (!parsed.success) {
      throw fail(
        'input.invalid',
        parsed.error.issues.map(({ message }) => message).join(' '),
        'Correct the input and try again.',
      );
    }
    return { ok: true, value: await handler(parsed.data) };
  } catch (error) {
    return { ok: false, problem: problemOf(error) };
  }
}

function assignmentOf({ platform, node, mode, reason }: Job): Assignment {
  return { platform, node, mode, reason };
}

function remember(fixture: Fixture, event: AppEvent): void {
  switch (event.event) {
    case 'builds.removed':
      fixture.builds = fixture.builds.filter(({ id }) => !event.ids.includes(id));
      break;
    case 'build.started':
    case 'build.finished':
      fixture.builds = fixture.builds.some(({ id }) => id === event.build.id)
        ? fixture.builds.map((build) => (build.id === event.build.id ? event.build : build))
        : [event.build, ...fixture.builds];
      break;
    case 'job.changed':
    case 'step.changed':
      fixture.builds = fixture.builds.map((build) => {
        const live = new LiveBuild(build);
        live.apply(event);
        return live.build;
      });
      break;
    case 'push.progress':
    case 'push.finished':
      fixture.pushes = [event.push, ...fixture.pushes.filter(({ id }) => id !== event.push.id)];
      break;
    case 'node.changed':
      fixture.statuses = [
        ...fixture.statuses.filter(({ connection }) => connection !== event.status.connection),
        event.status,
      ];
      break;
    case 'question.asked':
      fixture.questions = [...fixture.questions, event.question];
      break;
    case 'question.closed':
      fixture.questions = fixture.questions.filter(({ id }) => id !== event.id);
      break;
    case 'settings.changed':
      fixture.settings = event.settings;
      break;
    default:
      break;
  }
}
