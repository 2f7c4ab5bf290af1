import { afterEach, describe, expect, it } from 'vitest';
import { sample } from '../testing/fixture-data.ts';
import { startTestApp, type TestApp } from '../testing/render-app.tsx';
import { cancelBuild, removeBuild, startBuild, useBuilds } from './builds.ts';
import { removeConnection, updateConnection, useConnections } from './connections.ts';
import { createFarm, useFarms } from './farms.ts';
import { useImages } from './images.ts';
import { healthOf, useNodes } from './nodes.ts';
import { usePushes } from './pushes.ts';
import { answerQuestion, useQuestions } from './questions.ts';
import { updateSettings, useSettings } from './settings.ts';
import { useSync } from './sync.ts';

let app: TestApp;
afterEach(() => app.stop());

/** The running build of the fixture, as it is in the store. */
const running = () => useBuilds.getState().byId[sample.running().id];

function jobOf(platform: string) {
  const job = running()?.jobs.find((each) => each.platform === platform);
  if (!job) {
    throw new Error(`no job for ${platform}`);
  }
  return job;
}

describe('loading', () => {
  it('fills all stores, also during a build', async () => {
    app = await startTestApp('busy');
    expect(running()?.status).toBe('running');
    expect(jobOf('linux/amd64').steps.length).toBeGreaterThan(3);
    expect(useFarms.getState()).toMatchObject({ default: 'home', loaded: true });
    expect(useConnections.getState().connections).toHaveLength(6);
    expect(healthOf(useNodes.getState(), 's390x-lab')).toBe('down');
    expect(useImages.getState().lists.length).toBeGreaterThan(0);
    expect(usePushes.getState().order[0]).toBe('push-1');
    expect(useSettings.getState().info?.frontEnd).toBe('browser');
  });

  it('lists builds newest first', async () => {
    app = await startTestApp('busy');
    const { byId, order } = useBuilds.getState();
    const times = order.map((id) => byId[id]?.createdAt ?? '');
    expect(times).toEqual([...times].sort().reverse());
    expect(times.length).toBe(29);
  });

  it('shows an open question until it is answered', async () => {
    app = await startTestApp('question');
    const [question] = useQuestions.getState().open;
    expect(question?.connection).toBe('graviton');
    await answerQuestion(question?.id ?? '', 'once');
    expect(useQuestions.getState().open).toEqual([]);
  });

  it('happens again when the link to the app is restored', async () => {
    app = await startTestApp('busy');
    app.link('lost');
    expect(useSync.getState().link).toBe('lost');
    useBuilds.setState({ byId: {}, order: [] });
    useFarms.setState({ farms: [] });
    app.link('open');
    await expect.poll(() => running()).toBeDefined();
    expect(useFarms.getState().farms).toHaveLength(3);
  });
});

describe('events', () => {
  it('change one job and nothing else', async () => {
    app = await startTestApp('busy');
    const before = useBuilds.getState();
    app.emit({ event: 'job.changed', buildId: sample.running().id, job: { ...jobOf('linux/arm64'), bytesSent: 7 } });
    await expect.poll(() => jobOf('linux/arm64').bytesSent).toBe(7);
    const after = useBuilds.getState();
    expect(after.order).toBe(before.order);
    expect(after.byId[sample.done().id]).toBe(before.byId[sample.done().id]);
    expect(running()?.jobs.map(({ platform }) => platform)).toEqual(['linux/amd64', 'linux/arm64', 'linux/s390x']);
  });

  it('that arrive late do not undo the end of a build', async () => {
    app = await startTestApp('busy');
    const late = jobOf('linux/arm64');
    const build = running();
    if (!build) {
      throw new Error('no build');
    }
    const ended = {
      ...build,
      status: 'cancelled' as const,
      jobs: build.jobs.map((job) => ({ ...job, status: 'cancelled' as const })),
    };
    app.emit({ event: 'build.finished', build: ended });
    app.emit({ event: 'job.changed', buildId: build.id, job: late });
    await expect.poll(() => running()?.status).toBe('cancelled');
    expect(jobOf('linux/arm64').status).toBe('cancelled');
  });

  it('that arrive during loading are applied after it', async () => {
    app = await startTestApp('busy');
    app.link('open');
    app.emit({ event: 'job.changed', buildId: sample.running().id, job: { ...jobOf('linux/amd64'), bytesSent: 9 } });
    await expect.poll(() => jobOf('linux/amd64').bytesSent).toBe(9);
  });

  it('count the lines of logs without storing them', async () => {
    app = await startTestApp('busy');
    const { id } = sample.running();
    const { platform, node } = jobOf('linux/amd64');
    app.emit({ event: 'job.log', buildId: id, platform, node, from: 100, lines: ['a', 'b'] });
    app.emit({ event: 'job.log', buildId: id, platform, node, from: 40, lines: ['c'] });
    await expect.poll(() => useBuilds.getState().lineCounts[id]?.[platform]).toBe(102);
    expect(JSON.stringify(useBuilds.getState().lineCounts)).not.toContain('"a"');
  });

  it('update the progress of packing a context', async () => {
    app = await startTestApp('busy');
    app.emit({ event: 'build.context', buildId: 'b9', files: 3, bytes: 40, done: false });
    await expect.poll(() => useBuilds.getState().packing.b9).toEqual({ files: 3, bytes: 40, done: false });
  });

  it('update farms, connections, nodes and settings', async () => {
    app = await startTestApp('busy');
    await createFarm({ name: 'new', connections: ['pi4'] });
    expect(useFarms.getState().farms.at(-1)).toEqual({ name: 'new', connections: ['pi4'] });
    app.emit({ event: 'farms.changed', connections: [{ name: 'only', uri: 'ssh://only' }], farms: [] });
    await expect.poll(() => useFarms.getState().farms).toEqual([]);
    expect(useConnections.getState().connections.map(({ name }) => name)).toEqual(['only']);
    expect(Object.keys(useNodes.getState().byName)).not.toContain('s390x-lab');
    // a new connection is probed
    await expect.poll(() => healthOf(useNodes.getState(), 'only')).toBe('down');
    await updateSettings({ theme: 'dark' });
    expect(useSettings.getState().settings.theme).toBe('dark');
  });

  it('remove nodes with their connections, also if a probe ends after the removal', async () => {
    app = await startTestApp('busy');
    await updateConnection({ name: 's390x-lab', rename: 'mainframe' });
    await expect.poll(() => useNodes.getState().byName['s390x-lab']).toBeUndefined();
    await expect.poll(() => healthOf(useNodes.getState(), 'mainframe')).toBe('down');
    const late = useNodes.getState().byName.mainframe;
    if (!late) {
      throw new Error('the renamed connection was not probed');
    }
    await removeConnection('mainframe');
    app.emit({ event: 'node.changed', status: late });
    await expect.poll(() => useNodes.getState().byName.mainframe).toBeUndefined();
    app.emit({ event: 'settings.changed', settings: { ...useSettings.getState().settings, jobsPerNode: 7 } });
    await expect.poll(() => useSettings.getState().settings.jobsPerNode).toBe(7);
    expect(Object.values(useNodes.getState().byName).map(({ state }) => state)).not.toContain('down');
  });

  it('reload the images when they have changed', async () => {
    app = await startTestApp('busy');
    useImages.setState({ lists: [] });
    app.emit({ event: 'images.changed', index: 'new' });
    await expect.poll(() => useImages.getState().lists.length).toBeGreaterThan(0);
  });
});

describe('actions', () => {
  it('start, cancel and delete a build', async () => {
    app = await startTestApp('done');
    const build = await startBuild({ context: '/home/anna/projects/api', reference: 'api:2', farm: 'home' });
    expect(useBuilds.getState().order[0]).toBe(build.id);
    await cancelBuild(build.id);
    await expect.poll(() => useBuilds.getState().byId[build.id]?.status).toBe('cancelled');
    await removeBuild(build.id);
    expect(useBuilds.getState().order).not.toContain(build.id);
  });

  it('revert a setting that the app rejects', async () => {
    app = await startTestApp('done');
    const change = updateSettings({ keepBuilds: 0 });
    expect(useSettings.getState().settings.keepBuilds).toBe(0);
    await expect(change).rejects.toMatchObject({ problem: { code: 'input.invalid' } });
    expect(useSettings.getState().settings.keepBuilds).toBe(1000);
  });
});
