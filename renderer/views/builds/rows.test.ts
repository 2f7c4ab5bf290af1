import { describe, expect, it } from 'vitest';
import { history, sample } from '../../testing/fixture-data.ts';
import { type Filter, matches, projectsOf, type Row, rowsOf, shownAtFirst } from './rows.ts';

const everything: Filter = { text: '', outcome: 'all', project: undefined };
const asIs = { folded: new Set<string>(), unrolled: new Set<string>() };
const builds = [sample.running(), ...history(200)];
const kinds = (rows: readonly Row[]) => rows.map(({ kind }) => kind);
const api = '/home/anna/projects/api';

describe('the lines of the history', () => {
  it('begin with what runs, then the projects, the one built last first', () => {
    const rows = rowsOf(builds, everything, asIs);
    expect(kinds(rows).slice(0, 4)).toEqual(['running-heading', 'running', 'project', 'build']);
    const contexts = rows.flatMap((row) => (row.kind === 'project' ? [row.project.context] : []));
    expect(contexts).toEqual([...new Set(builds.slice(1).map(({ request }) => request.context))]);
  });

  it('show some of each project, and all of one that was asked for', () => {
    const rows = rowsOf(builds, everything, asIs);
    const more = rows.filter((row) => row.kind === 'more');
    expect(more).toHaveLength(6);
    expect(kinds(rows).filter((kind) => kind === 'build')).toHaveLength(6 * shownAtFirst);
    const unrolled = rowsOf(builds, everything, { ...asIs, unrolled: new Set([api]) });
    expect(unrolled.filter((row) => row.kind === 'more')).toHaveLength(5);
    expect(unrolled.length).toBeGreaterThan(rows.length);
  });

  it('never hide just one build behind a line', () => {
    const few = history(200).filter(({ request }) => request.context === api);
    const other = history(200).find(({ request }) => request.context !== api);
    const rows = rowsOf([...few.slice(0, shownAtFirst + 1), ...(other ? [other] : [])], everything, asIs);
    expect(kinds(rows)).not.toContain('more');
  });

  it('show all that was looked for', () => {
    const failed = rowsOf(builds, { ...everything, outcome: 'failed' }, asIs);
    expect(kinds(failed)).not.toContain('more');
    expect(failed.filter((row) => row.kind === 'build')).toHaveLength(
      builds.filter(({ status }) => status === 'failed').length,
    );
    expect(kinds(rowsOf(builds, { ...everything, project: api }, asIs))).not.toContain('more');
  });

  it('leave out the builds of a folded project, and keep its line', () => {
    const rows = rowsOf(builds, { ...everything, project: api }, { ...asIs, folded: new Set([api]) });
    expect(kinds(rows)).toEqual(['running-heading', 'running', 'project']);
  });
});

describe('a filter', () => {
  const failed = sample.failed();

  it('finds words in the reference, the platforms, the nodes and the project', () => {
    for (const text of ['1.4-RC2', 'arm64 pi4', 's390x', 'projects/api failed', '']) {
      expect(matches(failed, { ...everything, text }), text).toBe(true);
    }
    expect(matches(failed, { ...everything, text: 'arm64 graviton' })).toBe(false);
  });

  it('keeps to the outcome and the project', () => {
    expect(matches(failed, { ...everything, outcome: 'done' })).toBe(false);
    expect(matches(failed, { ...everything, project: '/home/anna/projects/web' })).toBe(false);
  });

  it('offers each project once', () => {
    expect(projectsOf([failed, sample.done()]).map(({ name }) => name)).toEqual(['api']);
  });
});
