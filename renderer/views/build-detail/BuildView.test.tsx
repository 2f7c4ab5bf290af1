import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import type { Build } from '../../../shared/build.ts';
import { useCommandStore } from '../../commands.ts';
import { useBuilds } from '../../stores/builds.ts';
import { useNavigation } from '../../stores/navigation.ts';
import { bakeId, sampleBake } from '../../testing/fixture-bakes.ts';
import { hugeBuild, push as pushOf, sample } from '../../testing/fixture-data.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { BuildView } from './BuildView.tsx';

let app: TestApp;
afterEach(() => app.stop());

async function open(id: string, state: Parameters<typeof renderWithApp>[1]): Promise<void> {
  ({ app } = await renderWithApp(<BuildView id={id} />, state));
  await waitFor(() => expect(screen.queryByText('Loading build')).toBeNull());
}
const cells = () =>
  within(screen.getByRole('list', { name: 'Platforms' })).getAllByRole('button', { name: /Open log/ });
const route = () => useNavigation.getState().route;
const commandIds = () =>
  Object.values(useCommandStore.getState().bySource).flatMap((commands) => commands.map(({ id }) => id));

describe('a running build', () => {
  it('has a cell with the full state of each platform as text, right after the page has loaded', async () => {
    await open(sample.running().id, 'busy');
    expect(cells().map((cell) => within(cell).getByText(/Open log/).textContent)).toEqual([
      'linux/amd64 on big-amd, native, Building, step 9 of 10, COPY --from=build /src/dist /src/node_modules /app/. Open log',
      'linux/arm64 on pi4, native, Building, step 4 of 10, RUN npm ci. Open log',
      'linux/s390x on big-amd, emulated, Waiting for a slot on big-amd, 1 ahead. Open log',
    ]);
    screen.getByText('Building 3 platforms');
    screen.getByText('2 running · 1 waiting');
    screen.getByText('318 files, 12.4 MB');
  });

  it('opens the log of a platform at its end when its cell is clicked', async () => {
    await open(sample.running().id, 'busy');
    fireEvent.click(screen.getByRole('button', { name: /^linux\/arm64 on pi4/ }));
    expect(route()?.log).toEqual({ id: sample.running().id, platform: 'linux/arm64' });
  });

  it('has one tab stop for all cells, and arrow keys move between them', async () => {
    await open(sample.running().id, 'busy');
    const [first, second] = cells();
    expect(cells().map((cell) => cell.tabIndex)).toEqual([0, -1, -1]);
    first?.focus();
    fireEvent.keyDown(first ?? document.body, { key: 'ArrowRight' });
    expect(document.activeElement).toBe(second);
    expect(cells().map((cell) => cell.tabIndex)).toEqual([-1, 0, -1]);
  });

  it('asks for confirmation before it cancels more than a minute of work', async () => {
    await open(sample.running().id, 'busy');
    fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    const dialog = await screen.findByRole('dialog', { name: 'Cancel the build of api:1.4?' });
    within(dialog).getByText(/linux\/arm64 on pi4: 1:\d\d of work/);
    fireEvent.click(within(dialog).getByRole('button', { name: 'Cancel build' }));
    await screen.findByText('Cancelling 3 platforms');
    screen.getByText('3 cancelling');
    expect(screen.getByRole('button', { name: 'Cancelling…' }).getAttribute('aria-busy')).toBe('true');
    expect(cells().map((cell) => within(cell).getByText(/Open log/).textContent)).toContain(
      'linux/arm64 on pi4, native, Cancelling, step 4 of 10, Waiting for pi4 to stop. Open log',
    );
    expect(commandIds()).not.toContain('build:cancel');
    await screen.findByText(/^Cancelled after/);
    expect(commandIds()).toContain('build:rebuild');
  });

  it('cancels a build that has just started without confirmation', async () => {
    await open('young', 'busy');
    const young: Build = { ...sample.running(), id: 'young', jobs: sample.running().jobs.map((job) => ({ ...job })) };
    const startedAt = new Date().toISOString();
    app.emit({ event: 'build.started', build: { ...young, jobs: young.jobs.map((job) => ({ ...job, startedAt })) } });
    fireEvent.click(await screen.findByRole('button', { name: 'Cancel' }));
    await screen.findByText(/^Cancelled after/);
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  it('shows the progress of packing the context', async () => {
    await open(sample.running().id, 'busy');
    const { context: _, ...unpacked } = sample.running();
    app.emit({ event: 'build.started', build: unpacked });
    app.emit({ event: 'build.context', buildId: unpacked.id, files: 212, bytes: 8_100_000, done: false });
    await screen.findByText('packing: 212 files, 8.1 MB');
    app.emit({ event: 'build.context', buildId: unpacked.id, files: 318, bytes: 12_400_000, done: true });
    await screen.findByText('318 files, 12.4 MB');
  });

  it('leads to the bake that the build is a part of', async () => {
    const [part] = sampleBake('busy').builds;
    await open(part?.id ?? '', 'busy');
    const link = await screen.findByRole('link', { name: 'a bake of 5 images' });
    expect(link.getAttribute('href')).toBe(`#/bake/${bakeId}`);
  });

  it('announces when a platform ends and when a node is lost', async () => {
    await open(sample.running().id, 'busy');
    const job = sample.running().jobs[1];
    const problem = { code: 'ssh.lost', message: 'x', fix: 'y' } as const;
    if (!job) {
      throw new Error('no job');
    }
    const movedJob = { ...job, node: 'big-arm', lost: [{ node: 'pi4', problem }] };
    app.emit({ event: 'job.changed', buildId: sample.running().id, job: movedJob });
    await screen.findByText('linux/arm64: pi4 was lost; big-arm takes over.');
    screen.getByText('pi4 was lost; big-arm took over');
    app.emit({
      event: 'job.changed',
      buildId: sample.running().id,
      job: { ...movedJob, status: 'done', durationMs: 9 },
    });
    await screen.findByText('linux/arm64: Done.');
  });
});

describe('a done build', () => {
  it('shows how long it took, offers Push, and lists its images with their digests', async () => {
    await open(sample.done().id, 'done');
    screen.getByText(/^Built 3 platforms in \d+:\d\d\.$/);
    expect(within(screen.getByRole('table', { name: 'Images in the manifest list' })).getAllByRole('row')).toHaveLength(
      4,
    );
    screen.getByRole('button', { name: 'Copy digest of the manifest list' });
    screen.getByText(/^skopeo copy --all oci:\/home\/anna\/.local\/share\/barnraiser\/images:registry/);
    fireEvent.click(screen.getByRole('button', { name: 'Push…' }));
    expect(route()?.sheet).toEqual({ sheet: 'push', reference: sample.done().reference });
  });

  it('has no image in local storage if its nodes have pushed it, and names those that could not', async () => {
    const { list, ...build } = sample.done();
    const problem = {
      code: 'engine.refused' as const,
      message: 'Node pi4: no route to host.',
      fix: 'Check the network.',
    };
    const push = pushOf({
      id: 'direct',
      status: 'done',
      direct: true,
      ...(list ? { digest: list.digest } : {}),
      notDirect: [{ node: 'pi4', problem }],
    });
    await open(build.id, 'done');
    app.emit({ event: 'build.finished', build: { ...build, push } });
    await screen.findByText('In the registry only.');
    screen.getByText('The images of pi4 went through this computer. Node pi4: no route to host.');
    screen.getByRole('button', { name: 'Copy digest of the manifest list' });
    expect(screen.queryByRole('button', { name: 'Push…' })).toBeNull();
  });

  it('shows its steps as a table', async () => {
    await open(sample.done().id, 'done');
    fireEvent.click(screen.getByRole('button', { name: 'Table' }));
    const table = screen.getByRole('table', { name: 'Steps by platform' });
    within(table).getByText('RUN npm ci');
    expect(within(table).getAllByText('Cached').length).toBeGreaterThan(4);
  });

  it('is deleted after confirmation', async () => {
    await open(sample.done().id, 'done');
    fireEvent.click(screen.getByRole('button', { name: 'More about this build' }));
    fireEvent.click(await screen.findByRole('menuitem', { name: 'Delete build…' }));
    fireEvent.click(await screen.findByRole('button', { name: 'Delete build' }));
    await waitFor(() => expect(route()?.view).toEqual({ view: 'builds' }));
    await screen.findByText('Build not found');
  });
});

describe('a failed build', () => {
  it('shows the failed step, the last lines of the log and the lines of the Containerfile', async () => {
    await open(sample.failed().id, 'failed');
    const failures = screen.getByRole('region', { name: 'Failures' });
    screen.getByText('linux/arm64 failed at step 4 of 10: npm ci');
    within(failures).getByRole('heading', { name: sample.failed().jobs[1]?.problem?.message ?? '' });
    within(failures).getByText('npm error code ERESOLVE');
    await within(failures).findByText('Containerfile, line 4');
    // the other platforms stay visible
    expect(cells()).toHaveLength(3);
  });

  it('tells once what several platforms failed at', async () => {
    await open(sample.failed().id, 'failed');
    const [, arm64] = sample.failed().jobs;
    const jobs = sample.failed().jobs.flatMap(({ platform, node }) => {
      const problem = { code: 'build.failed' as const, message: `${platform} failed on ${node}: RUN npm ci.`, fix: '' };
      return arm64 ? { ...arm64, platform, node, problem } : [];
    });
    app.emit({ event: 'build.finished', build: { ...sample.failed(), jobs } });
    await screen.findByText('3 of 3 platforms failed: amd64, arm64 and s390x');
    const failures = screen.getByRole('region', { name: 'Failures' });
    expect(within(failures).getAllByRole('group')).toHaveLength(1);
    within(failures).getByText('amd64, arm64 and s390x failed the same way at line 4: npm ci');
    fireEvent.click(within(failures).getByRole('button', { name: 'Open log of s390x' }));
    expect(route()?.log?.platform).toBe('linux/s390x');
  });

  it('opens the sheet of a rebuild that does what the problem suggests', async () => {
    await open(sample.failed().id, 'failed');
    const problem = { code: 'schedule.no-native-node', message: 'No node.', fix: 'Allow it.' } as const;
    const jobs = sample
      .failed()
      .jobs.map((job) =>
        job.status === 'failed'
          ? { ...job, problem: { ...problem, actions: [{ id: 'allow-emulation' as const }] } }
          : job,
      );
    app.emit({ event: 'build.finished', build: { ...sample.failed(), jobs } });
    fireEvent.click(await screen.findByRole('button', { name: 'Allow emulation' }));
    expect(route()?.sheet).toEqual({ sheet: 'new-build', from: sample.failed().id, apply: 'allow-emulation' });
  });

  it('is retried for what failed, with the finished images of the other platforms', async () => {
    await open(sample.failed().id, 'failed');
    screen.getByRole('button', { name: 'Retry failed platforms' });
    fireEvent.click(screen.getByRole('button', { name: 'Retry arm64' }));
    await waitFor(() => expect(route()?.view).not.toEqual({ view: 'build', id: sample.failed().id }));
    const view = route()?.view;
    const next = view?.view === 'build' ? useBuilds.getState().byId[view.id] : undefined;
    expect(next?.jobs.map(({ status, reusedFrom }) => [status, reusedFrom])).toEqual([
      ['done', sample.failed().id],
      ['queued', undefined],
      ['done', sample.failed().id],
    ]);
  });

  it('can be stored and pushed without the platforms that failed, after a confirmation', async () => {
    await open(sample.failed().id, 'failed');
    fireEvent.click(screen.getByRole('button', { name: 'Push the 2 that are done…' }));
    const dialog = await screen.findByRole('dialog', { name: 'Store api:1.4-rc2 without arm64?' });
    within(dialog).getByText(/amd64 and s390x only/);
    fireEvent.click(within(dialog).getByRole('button', { name: 'Store and push…' }));
    await waitFor(() => expect(route()?.sheet).toEqual({ sheet: 'push', reference: sample.failed().reference }));
    await screen.findByText('Incomplete: no arm64');
    screen.getByRole('button', { name: 'Push…' });
    screen.getByText('2 of 3 built and stored as an incomplete image.');
  });

  it('opens the log at the failing line', async () => {
    await open(sample.failed().id, 'failed');
    fireEvent.click(screen.getByRole('button', { name: 'Open log at the failing line' }));
    // the log has 1,400 lines; the first of the seven kept lines is an error
    await waitFor(() => expect(route()?.log).toEqual({ id: sample.failed().id, platform: 'linux/arm64', line: 1_393 }));
  });

  it('is shown as interrupted, not failed, if Barnraiser stopped', async () => {
    await open('interrupted', 'failed');
    const problem = {
      code: 'build.incomplete',
      message: 'Barnraiser was closed while it built api:1.',
      fix: 'Build again.',
    } as const;
    const { durationMs: _, ...interrupted } = sample.failed();
    const jobs = interrupted.jobs.map(({ durationMs: __, problem: ___, ...job }) => ({
      ...job,
      status: 'interrupted' as const,
    }));
    app.emit({
      event: 'build.finished',
      build: { ...interrupted, id: 'interrupted', status: 'interrupted', problem, jobs },
    });
    await screen.findByText('Interrupted: Barnraiser was closed during this build.');
    screen.getByText('Barnraiser was closed while it built api:1.');
    expect(within(screen.getByRole('list', { name: 'Platforms' })).queryByText('Failed')).toBeNull();
  });
});

describe('other builds', () => {
  it('with twenty platforms have a row and a waterfall lane for each', async () => {
    await open(hugeBuild().id, 'huge');
    expect(cells()).toHaveLength(20);
    expect(screen.getByRole('button', { name: 'By platform' }).getAttribute('aria-pressed')).toBe('true');
  });

  it('that do not exist are reported as not found', async () => {
    await open('nope', 'done');
    fireEvent.click(screen.getByRole('button', { name: 'Show all builds' }));
    expect(route()?.view).toEqual({ view: 'builds' });
  });
});

describe('the warnings of a build', () => {
  it('are folded below its failures, with their lines and what explains them', async () => {
    await open(sample.failed().id, 'failed');
    const title = screen.getByRole('heading', { name: '1 warning' });
    const warnings = title.closest('details') ?? expect.fail('no warnings');
    expect(warnings.open).toBe(false);
    within(warnings).getByText(/· Containerfile:6 · amd64$/);
    within(warnings).getByText('Empty continuation lines will become errors in a future release');
    within(warnings).getByRole('link', { name: 'https://github.com/moby/moby/pull/33719', hidden: true });
    await within(warnings).findByText('Containerfile, line 6');
  });

  it('link only to sites that the app opens', async () => {
    await open(sample.failed().id, 'failed');
    const warning = { text: 'Odd', url: 'https://example.com/steal' };
    const jobs = sample.failed().jobs.map((job) => ({ ...job, warnings: [warning] }));
    app.emit({ event: 'build.finished', build: { ...sample.failed(), jobs } });
    await screen.findByText('https://example.com/steal');
    expect(screen.queryByRole('link', { name: /example\.com/, hidden: true })).toBeNull();
  });
});

describe('a failure that names lines but no step', () => {
  it('shows these lines', async () => {
    await open(sample.failed().id, 'failed');
    const source = { file: 'Containerfile', firstLine: 2, lastLine: 3 };
    const problem = { code: 'build.failed' as const, message: 'docker cannot use Containerfile.', fix: '', source };
    const jobs = sample.failed().jobs.map((job) => (job.status === 'failed' ? { ...job, steps: [], problem } : job));
    app.emit({ event: 'build.finished', build: { ...sample.failed(), jobs } });
    await screen.findByText('Containerfile, lines 2–3');
  });
});

describe('the graph of the steps', () => {
  const openGraph = async () => {
    fireEvent.click(screen.getByRole('button', { name: 'Graph' }));
    return screen.findByRole('group', { name: 'Graph of the steps' });
  };

  it('has a list of steps for each stage, with the state on each platform and what a step uses', async () => {
    await open(sample.running().id, 'busy');
    const graph = await openGraph();
    expect(
      within(graph)
        .getAllByRole('list')
        .map((list) => list.getAttribute('aria-label')),
    ).toEqual(['Stage build', 'Stage 2']);
    await within(graph).findByRole('button', {
      name: /^4 RUN npm ci .*running on arm64, waiting on s390x, uses step 3\. Open log/,
    });
    within(graph).getByRole('button', { name: /^9 COPY --from=build .*uses steps 8 and 6/ });
    // it has not started anywhere, so that there is no log yet
    const last = within(graph).getByRole('button', { name: /^10 CMD .*waiting, uses step 9$/ });
    expect(last.getAttribute('aria-disabled')).toBe('true');
  });

  it('has one tab stop; arrow keys move, and Enter opens the log where the step starts', async () => {
    await open(sample.failed().id, 'failed');
    const graph = await openGraph();
    const buttons = within(graph).getAllByRole('button');
    expect(buttons.filter(({ tabIndex }) => tabIndex === 0)).toHaveLength(1);
    act(() => buttons[0]?.focus());
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown']) {
      fireEvent.keyDown(document.activeElement ?? graph, { key });
    }
    const focused = within(graph).getByRole('button', { name: /^4 RUN npm ci/ });
    expect(document.activeElement).toBe(focused);
    // Enter on a button is a click
    fireEvent.click(focused);
    expect(route()?.log).toMatchObject({ id: sample.failed().id, platform: 'linux/arm64' });
    expect(route()?.log?.line).toBeDefined();
  });

  it('shows one platform alone, and says so where it ran no steps', async () => {
    await open(sample.failed().id, 'failed');
    await openGraph();
    screen.getByText('2 stages, 10 steps');
    const jobs = sample.failed().jobs.map((job, lane) => (lane === 0 ? { ...job, steps: [], reusedFrom: 'b1' } : job));
    app.emit({ event: 'build.finished', build: { ...sample.failed(), jobs } });
    await userEvent.click(screen.getByRole('combobox', { name: 'Platform of the graph' }));
    await userEvent.click(await screen.findByRole('option', { name: 'linux/amd64' }));
    await screen.findByText('linux/amd64 runs no steps: its image is from an earlier build.');
  });
});
