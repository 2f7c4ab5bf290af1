import { describe, expect, it } from 'vitest';
import { entryOf } from '../../../shared/build-entry.ts';
import { contextName } from '../../../shared/git-url.ts';
import { type BuildFacts, build, history } from '../../testing/fixture-data.ts';
import { isBuiltOn, parentFolder, recentProjects } from './recent-projects.ts';

describe('recent projects', () => {
  it('contain each folder once with its newest build', () => {
    const builds = history(60).map(entryOf);
    const recent = recentProjects(builds, 3);
    expect(recent).toHaveLength(3);
    expect(new Set(recent.map(({ context }) => context)).size).toBe(3);
    expect(recent[0]?.last).toBe(builds[0]);
  });

  it('belong to a farm by name, by default or by its nodes', () => {
    const job = { platform: 'linux/amd64', node: 'big-amd', status: 'done', steps: 10, startedAgo: 10 } as const;
    const facts = { id: '1', reference: 'api:1', status: 'done', startedAgo: 10, jobs: [job] } as const;
    const entry = (facts: BuildFacts) => entryOf(build(facts));
    const home = { name: 'home', connections: ['pi4'] };
    expect(isBuiltOn(entry({ ...facts, farm: 'home' }), home, false)).toBe(true);
    expect(isBuiltOn(entry({ ...facts, farm: 'other' }), home, true)).toBe(false);
    expect(isBuiltOn(entry({ ...facts, request: { farm: undefined } }), home, true)).toBe(true);
    expect(isBuiltOn(entry({ ...facts, farm: 'old-name' }), { name: 'new', connections: ['big-amd'] }, false)).toBe(
      true,
    );
  });
});

describe('a path', () => {
  it.each([
    ['/home/anna/projects/api', 'api', '/home/anna/projects'],
    ['/home/anna/projects/api/', 'api', '/home/anna/projects'],
    ['C:\\Users\\Anna\\api', 'api', 'C:\\Users\\Anna'],
    ['/api', 'api', '/'],
  ])('%s has the name %s and the parent %s', (path, name, parent) => {
    expect(contextName(path)).toBe(name);
    expect(parentFolder(path)).toBe(parent);
  });
});
