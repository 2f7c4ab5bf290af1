import { type BuildEntry, type BuildFilter, matchesFilter } from '../../../shared/build-entry.ts';
import { contextName } from '../../../shared/git-url.ts';

export interface Project {
  /** Its context folder. */
  readonly context: string;
  readonly name: string;
}

/** A row of the list. Headings are rows as well, so that the list can be virtualized. */
export type Row =
  | { readonly kind: 'running-heading'; readonly id: string; readonly count: number }
  | { readonly kind: 'running'; readonly id: string }
  | {
      readonly kind: 'project';
      readonly id: string;
      readonly project: Project;
      /** How many builds of the project are listed. There may be more in older builds that are not loaded. */
      readonly count: number;
      readonly isFolded: boolean;
    }
  | { readonly kind: 'build'; readonly id: string }
  | { readonly kind: 'more'; readonly id: string; readonly context: string; readonly hiddenCount: number }
  /** Loads older builds that match the filter, which its id names. */
  | { readonly kind: 'older'; readonly id: string };

/** With several projects, this many builds of each are shown until the user asks for more. */
export const initialBuildCount = 6;

export function projectOf({ project }: Pick<BuildEntry, 'project'>): Project {
  return { context: project, name: contextName(project) || 'Unknown project' };
}

/** All projects with builds, the most recently built project first. */
export function projectsOf(builds: readonly BuildEntry[]): Project[] {
  return [...new Map(builds.map((build) => [build.project, projectOf(build)])).values()];
}

export interface GroupState {
  /** The context folders of projects whose builds are hidden. */
  readonly folded: ReadonlySet<string>;
  /** The context folders of projects of which all builds are shown. */
  readonly showingAll: ReadonlySet<string>;
}

/**
 * The rows of the list: running builds first, then the ended builds by project, the most recently built project first. All
 * builds that match a filter are shown.
 * @param builds newest first
 */
export function listRows(
  builds: readonly BuildEntry[],
  filter: BuildFilter,
  { folded, showingAll }: GroupState,
): Row[] {
  const matching = builds.filter((build) => matchesFilter(build, filter));
  const running = matching.filter(({ status }) => status === 'running');
  const byProject = new Map<string, BuildEntry[]>();
  for (const build of matching) {
    if (build.status !== 'running') {
      const { project: context } = build;
      const projectBuilds = byProject.get(context);
      if (projectBuilds) {
        projectBuilds.push(build);
      } else {
        byProject.set(context, [build]);
      }
    }
  }
  const isFiltered = (filter.text ?? '').trim() !== '' || filter.status !== undefined;
  const rows: Row[] = [];
  if (running.length > 0) {
    rows.push({ kind: 'running-heading', id: 'running', count: running.length });
    rows.push(...running.map(({ id }): Row => ({ kind: 'running', id })));
  }
  for (const [context, ended] of byProject) {
    const [newest] = ended;
    if (!newest) {
      continue;
    }
    const isFolded = folded.has(context);
    rows.push({
      kind: 'project',
      id: `project ${context}`,
      project: projectOf(newest),
      count: ended.length,
      isFolded,
    });
    if (isFolded) {
      continue;
    }
    // a "Show 1 more" row would take as much space as the build itself
    const showAll =
      isFiltered || byProject.size === 1 || showingAll.has(context) || ended.length <= initialBuildCount + 1;
    const shown = showAll ? ended : ended.slice(0, initialBuildCount);
    rows.push(...shown.map(({ id }): Row => ({ kind: 'build', id })));
    if (shown.length < ended.length) {
      rows.push({ kind: 'more', id: `more ${context}`, context, hiddenCount: ended.length - shown.length });
    }
  }
  return rows;
}
