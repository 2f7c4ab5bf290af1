import { afterAll, afterEach, expect, it, vi } from 'vitest';
import type { CallInput } from '../../../shared/contract.ts';
import { hugeBuild, platform } from '../../testing/fixture-data.ts';

const build = hugeBuild();
const platforms = build.jobs.map((job) => job.platform);
interface Search {
  readonly input: CallInput<'builds.search'>;
  readonly signal: AbortSignal;
  answer(): void;
}
const app = { searches: [] as Search[], failure: [] as unknown[] };

// modules that other tests have loaded would call their own app
vi.resetModules();
vi.doMock('../../api.ts', () => ({
  call: (_name: string, input: Search['input'], { signal }: Pick<Search, 'signal'>) =>
    app.failure.length > 0
      ? Promise.reject(app.failure[0])
      : new Promise((resolve) => {
          const lines = input.platform === platforms[1] ? [] : [3, 5];
          const answer = () => resolve({ lines, more: false, excerpts: lines.map(String) });
          app.searches.push({ input, signal, answer });
        }),
}));

const { closeAllSearch, matchAt, matchCount, matchPosition, searchAll, stopAllSearch, useAllSearch } = await import(
  './all-search.ts'
);
const { fail } = await import('../../../shared/problem.ts');
afterAll(() => {
  vi.doUnmock('../../api.ts');
  vi.resetModules();
});

afterEach(() => {
  closeAllSearch();
  app.searches.length = 0;
  app.failure.length = 0;
});

const { searches } = app;
const state = () => useAllSearch.getState();

it('shows what was found on each platform as soon as it is known, two logs at a time', async () => {
  searchAll(build, 'npm');
  await vi.waitFor(() => expect(searches).toHaveLength(2));
  searches[1]?.answer();
  searches[0]?.answer();
  await vi.waitFor(() => expect(searches).toHaveLength(4));
  expect(state().groups.map((group) => group.platform)).toEqual([platforms[0]]);
  expect(state().isSearching).toBe(true);
  for (let next = 2; next < platforms.length; next += 1) {
    await vi.waitFor(() => expect(searches.length).toBeGreaterThan(next));
    searches[next]?.answer();
  }
  await vi.waitFor(() => expect(state().isSearching).toBe(false));
  expect(state().groups.map((group) => group.platform)).toEqual(platforms.filter((_, index) => index !== 1));
  expect(matchCount(state().groups)).toBe(2 * (platforms.length - 1));
});

it('is cancelled by another text, and can be stopped', async () => {
  searchAll(build, 'one');
  await vi.waitFor(() => expect(searches).toHaveLength(2));
  searchAll(build, 'two');
  expect(searches.map(({ signal }) => signal.aborted)).toEqual([true, true]);
  await vi.waitFor(() => expect(searches.at(-1)?.input.text).toBe('two'));
  searches[0]?.answer();
  await Promise.resolve();
  expect(state().groups).toEqual([]);
  stopAllSearch();
  expect(searches.at(-1)?.signal.aborted).toBe(true);
  expect(state()).toMatchObject({ isSearching: false, text: 'two' });
});

it('says why it failed', async () => {
  app.failure.push(fail('build.unknown', 'It is gone.', 'Choose another.'));
  searchAll(build, 'npm');
  await vi.waitFor(() => expect(state().problem?.message).toBe('It is gone.'));
  expect(state().isSearching).toBe(false);
});

it('matches have one order over all platforms', () => {
  const group = (name: string, ...lines: number[]) => ({
    platform: platform(name),
    lines,
    excerpts: lines.map(String),
    hasMore: false,
  });
  const groups = [group('linux/amd64', 1, 7), group('linux/arm64', 4)];
  const all = [0, 1, 2].map((position) => matchAt(groups, position));
  expect(all.map((match) => `${match?.platform} ${match?.line}`)).toEqual([
    'linux/amd64 1',
    'linux/amd64 7',
    'linux/arm64 4',
  ]);
  expect(all.map((match) => matchPosition(groups, match))).toEqual([0, 1, 2]);
  expect(matchAt(groups, 3)).toBeUndefined();
  expect(matchPosition(groups, { platform: platform('linux/amd64'), line: 2 })).toBe(-1);
});
