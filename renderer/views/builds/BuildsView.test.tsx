import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BuildEntry, entryOf } from '../../../shared/build-entry.ts';
import { useBuilds } from '../../stores/builds.ts';
import { replaceView, useNavigation } from '../../stores/navigation.ts';
import { bakeId, sampleBake } from '../../testing/fixture-bakes.ts';
import { history, push, sample } from '../../testing/fixture-data.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { BuildsView } from './BuildsView.tsx';

let app: TestApp;
afterEach(() => app.stop());

beforeAll(() => {
  // happy-dom has no layout: without a size, no row would be visible
  for (const side of ['clientHeight', 'clientWidth']) {
    Object.defineProperty(HTMLElement.prototype, side, { configurable: true, get: () => 800 });
  }
});

function CurrentView() {
  const view = useNavigation(({ route }) => route?.view);
  return view?.view === 'builds' ? <BuildsView project={view.project} /> : <p>elsewhere</p>;
}

async function open(state: Parameters<typeof renderWithApp>[1], project?: string) {
  replaceView({ view: 'builds', project });
  ({ app } = await renderWithApp(<CurrentView />, state));
}

const grid = () => screen.getByRole('treegrid', { name: 'Builds' });
const press = (...keys: string[]) => {
  for (const key of keys) {
    fireEvent.keyDown(grid(), { key });
  }
};
const active = () => document.getElementById(grid().getAttribute('aria-activedescendant') ?? '');
const rows = () => within(grid()).getAllByRole('row').slice(1);

describe('the build history', () => {
  it('explains its purpose while it is empty', async () => {
    await open('empty');
    screen.getByText('No builds yet');
    fireEvent.click(screen.getByRole('button', { name: /New build/ }));
    expect(useNavigation.getState().route?.sheet).toEqual({ sheet: 'new-build' });
  });

  it('shows the live progress of each platform of a running build', async () => {
    await open('busy');
    const running = within(grid()).getByRole('row', { name: /api:1\.4\b(?!-)/ });
    within(running).getByRole('progressbar', { name: 'linux/amd64, step 9 of 10' });
    within(running).getByRole('progressbar', { name: 'linux/s390x, Waiting' });
    const build = useBuilds.getState().byId['20260301-101500-run1'];
    const [job] = build?.jobs ?? [];
    if (build && job) {
      app.emit({ event: 'job.changed', buildId: build.id, job: { ...job, status: 'done', durationMs: 1 } });
    }
    await waitFor(() => within(running).getByRole('progressbar', { name: 'linux/amd64, Done' }));
  });

  it('leads from a build to the other images of its bake', async () => {
    await open('busy');
    const parts = sampleBake('busy').builds;
    act(() => {
      for (const build of parts) {
        app.emit({ event: build.status === 'running' ? 'build.started' : 'build.finished', build });
      }
    });
    const links = await within(grid()).findAllByRole('link', { name: 'bake' });
    expect(links).toHaveLength(parts.length);
    for (const link of links) {
      expect(link.getAttribute('href')).toBe(`#/bake/${bakeId}`);
    }
  });

  it('moves a build to its project when it ends', async () => {
    await open('busy');
    const build = useBuilds.getState().byId['20260301-101500-run1'];
    if (build) {
      app.emit({ event: 'build.finished', build: { ...build, status: 'cancelled', durationMs: 1 } });
    }
    await waitFor(() => screen.getByText('1 build'));
    expect(within(grid()).queryByRole('progressbar', { name: /linux\/s390x/ })).toBeNull();
  });

  it('shows which platform of a build failed', async () => {
    await open('failed');
    const row = within(grid()).getByRole('row', { name: /api:1\.4-rc2/ });
    expect(row.textContent).toMatch(/Failedarm642 done/);
  });

  it('renders only the visible rows of a thousand builds', async () => {
    await open('huge', '/home/anna/projects/api');
    expect(Number(grid().getAttribute('aria-rowcount'))).toBeGreaterThan(40);

    expect(rows().length).toBeLessThan(50);
  });

  it('loads older builds when it is scrolled to its end', async () => {
    await open('huge', '/home/anna/projects/api');
    const count = () => Number(grid().getAttribute('aria-rowcount'));
    const before = count();
    act(() => grid().focus());
    press('End', 'Enter');
    await waitFor(() => expect(count()).toBeGreaterThan(before + 100));
    expect(within(grid()).queryByText('Load older builds')).toBeNull();
  });

  it('searches older builds, too', async () => {
    await open('huge');
    const oldest = history(1_000).at(-1);
    fireEvent.change(screen.getByLabelText('Filter builds'), { target: { value: oldest?.id } });
    await waitFor(() => within(grid()).getByText(oldest?.reference.split('/').at(-1) ?? ''));
    await screen.findByText(/^1 of 200\+$/);
  });

  it('shows a build whose record cannot be read, and why', async () => {
    await open('failed');
    const { id, createdAt } = sample.done();
    const problem = `Build ${id} was built by a newer Barnraiser.`;
    const entry: BuildEntry = { id, createdAt, status: 'unreadable', reference: '', project: '', jobs: [], problem };
    act(() => useBuilds.setState(({ entries }) => ({ entries: { ...entries, [id]: entry } })));
    within(grid()).getByRole('row', { name: new RegExp(`Unreadable.*${problem}`) });
    screen.getByText('Unknown project');
  });

  it('says which builds are done but not pushed', async () => {
    await open('failed');
    const build = sample.done();
    const pushes = (['failed', 'done'] as const).map((status) => push({ id: status, status, destination: status }));
    const entry = entryOf({ ...build, push: pushes[1], furtherPushes: pushes });
    expect(entry.notPushed).toEqual(['failed']);
    expect(entryOf({ ...build, push: pushes[1] })).not.toHaveProperty('notPushed');
    act(() => useBuilds.setState(({ entries }) => ({ entries: { ...entries, [build.id]: entry } })));
    within(within(grid()).getByRole('row', { name: /Not pushed/ })).getByTitle('Not pushed to failed');
  });

  it('filters builds by text', async () => {
    await open('busy');
    fireEvent.change(screen.getByLabelText('Filter builds'), { target: { value: 'rc2 arm64' } });
    await screen.findByText('1 of 29');
    fireEvent.change(screen.getByLabelText('Filter builds'), { target: { value: 'no such build' } });
    fireEvent.click(await screen.findByRole('button', { name: 'Show all builds' }));
    await screen.findByText('29 builds');
  });
});

describe('the keys of the build history', () => {
  it('move the active row, open a build and move to its project', async () => {
    await open('busy');
    act(() => grid().focus());
    expect(active()?.textContent).toContain('api:1.4');
    press('ArrowDown', 'ArrowDown', 'ArrowDown');
    expect(active()?.textContent).toContain('api:1.4-rc2');
    press('ArrowLeft');
    expect(active()?.getAttribute('aria-expanded')).toBe('true');
    press('ArrowLeft');
    expect(active()?.getAttribute('aria-expanded')).toBe('false');
    press('Enter', 'ArrowDown', 'Enter');
    expect(useNavigation.getState().route?.view).toEqual({ view: 'build', id: '20260301-095500-fail' });
  });

  it('move to the last of a thousand builds', async () => {
    await open('huge', '/home/anna/projects/api');
    act(() => grid().focus());
    press('End');
    expect(active()?.getAttribute('aria-rowindex')).toBe(grid().getAttribute('aria-rowcount'));
  });

  it('open the rebuild sheet', async () => {
    await open('failed');
    act(() => grid().focus());
    press('r');
    expect(useNavigation.getState().route?.sheet).toEqual({ sheet: 'new-build', from: '20260301-095500-fail' });
  });

  it('delete a build with its logs after confirmation', async () => {
    await open('failed');
    act(() => grid().focus());
    press('Delete');
    const dialog = await screen.findByRole('dialog', { name: 'Delete build api:1.4-rc2?' });
    within(dialog).getByText('3 logs (one per platform)');
    fireEvent.click(within(dialog).getByRole('button', { name: 'Delete build' }));
    await waitFor(() => expect(useBuilds.getState().entries['20260301-095500-fail']).toBeUndefined());
  });

  it('do not delete a running build', async () => {
    await open('busy');
    act(() => grid().focus());
    press('Delete');
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  it('select two builds to compare', async () => {
    await open('failed');
    act(() => grid().focus());
    press(' ', 'ArrowDown', ' ');
    expect(rows().filter((row) => row.getAttribute('aria-selected') === 'true')).toHaveLength(2);
    fireEvent.click(screen.getByRole('button', { name: 'Compare' }));
    const sheet = await screen.findByRole('dialog', { name: 'Compare builds' });
    const arm = within(sheet).getByRole('table', { name: 'Steps of linux/arm64' });
    within(arm).getByText('RUN npm ci');
    within(sheet).getByText('Whole build');
  });
});
