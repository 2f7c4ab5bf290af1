import { describe, expect, it } from 'vitest';
import { type BuildFilter, entryOf, matchesFilter } from '../../../shared/build-entry.ts';
import { history, sample } from '../../testing/fixture-data.ts';
import { initialBuildCount, listRows, projectsOf, type Row } from './rows.ts';

const noFilter: BuildFilter = {};
const initialState = { folded: new Set<string>(), showingAll: new Set<string>() };
const past = history(200).map(entryOf);
const builds = [entryOf(sample.running()), ...past];
const kinds = (rows: readonly Row[]) => rows.map(({ kind }) => kind);
const api = '/home/anna/projects/api';

describe('the rows of the build history', () => {
  it('start with the running builds, followed by the projects, the most recently built first', () => {
    const rows = listRows(builds, noFilter, initialState);
    expect(kinds(rows).slice(0, 4)).toEqual(['running-heading', 'running', 'project', 'build']);
    const contexts = rows.flatMap((row) => (row.kind === 'project' ? [row.project.context] : []));
    expect(contexts).toEqual([...new Set(past.map(({ project }) => project))]);
  });

  it('show the newest builds of each project, and all builds of an expanded one', () => {
    const rows = listRows(builds, noFilter, initialState);
    const more = rows.filter((row) => row.kind === 'more');
    expect(more).toHaveLength(6);
    expect(kinds(rows).filter((kind) => kind === 'build')).toHaveLength(6 * initialBuildCount);
    const expanded = listRows(builds, noFilter, { ...initialState, showingAll: new Set([api]) });
    expect(expanded.filter((row) => row.kind === 'more')).toHaveLength(5);
    expect(expanded.length).toBeGreaterThan(rows.length);
  });

  it('never replace a single build with a "Show more" row', () => {
    const few = past.filter(({ project }) => project === api);
    const other = past.find(({ project }) => project !== api);
    const rows = listRows([...few.slice(0, initialBuildCount + 1), ...(other ? [other] : [])], noFilter, initialState);
    expect(kinds(rows)).not.toContain('more');
  });

  it('include all builds that match a filter', () => {
    const failed = listRows(builds, { status: 'failed' }, initialState);
    expect(kinds(failed)).not.toContain('more');
    expect(failed.filter((row) => row.kind === 'build')).toHaveLength(
      builds.filter(({ status }) => status === 'failed').length,
    );
    expect(kinds(listRows(builds, { project: api }, initialState))).not.toContain('more');
  });

  it('include only the heading of a folded project', () => {
    const rows = listRows(builds, { project: api }, { ...initialState, folded: new Set([api]) });
    expect(kinds(rows)).toEqual(['running-heading', 'running', 'project']);
  });
});

describe('the filter of the build history', () => {
  const failed = entryOf(sample.failed());

  it('matches words in the reference, platforms, nodes, project and outcome', () => {
    for (const text of ['1.4-RC2', 'arm64 pi4', 's390x', 'projects/api failed', '']) {
      expect(matchesFilter(failed, { text }), text).toBe(true);
    }
    expect(matchesFilter(failed, { text: 'arm64 graviton' })).toBe(false);
  });

  it('matches the outcome and the project', () => {
    expect(matchesFilter(failed, { status: 'done' })).toBe(false);
    expect(matchesFilter(failed, { project: '/home/anna/projects/web' })).toBe(false);
  });

  it('lists each project once', () => {
    expect(projectsOf([failed, entryOf(sample.done())]).map(({ name }) => name)).toEqual(['api']);
  });
});
