import type { Build } from '../../../shared/build.ts';

/** Which outcomes are shown. Running builds are shown for `all` only. */
export type Outcome = 'all' | 'done' | 'failed' | 'cancelled';

export interface Filter {
  /** Words that must all occur in the reference, project, farm, platforms, nodes, outcome or id of a build. */
  readonly text: string;
  readonly outcome: Outcome;
  /** The context folder of the project. */
  readonly project: string | undefined;
}

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
      readonly count: number;
      readonly isFolded: boolean;
    }
  | { readonly kind: 'build'; readonly id: string }
  | { readonly kind: 'more'; readonly id: string; readonly context: string; readonly hiddenCount: number };

/** With several projects, this many builds of each are shown until the user asks for more. */
export const initialBuildCount = 6;

export function projectOf({ request: { context } }: Build): Project {
  return { context, name: context.split(/[/\\]/).filter(Boolean).at(-1) ?? context };
}

/** All projects with builds, the most recently built project first. */
export function projectsOf(builds: readonly Build[]): Project[] {
  return [...new Map(builds.map((build) => [build.request.context, projectOf(build)])).values()];
}

export function matchesFilter(build: Build, { text, outcome, project }: Filter): boolean {
  if (outcome !== 'all' && build.status !== outcome) {
    return false;
  }
  if (project !== undefined && build.request.context !== project) {
    return false;
  }
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) {
    return true;
  }
  const searchText = [
    build.reference,
    build.request.context,
    build.request.farm,
    build.status,
    build.id,
    ...build.jobs.flatMap(({ platform, node }) => [platform, node]),
  ]
    .join(' ')
    .toLowerCase();
  return words.every((word) => searchText.includes(word));
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
export function listRows(builds: readonly Build[], filter: Filter, { folded, showingAll }: GroupState): Row[] {
  const matching = builds.filter((build) => matchesFilter(build, filter));
  const running = matching.filter(({ status }) => status === 'running');
  const byProject = new Map<string, Build[]>();
  for (const build of matching) {
    if (build.status !== 'running') {
      const { context } = build.request;
      const projectBuilds = byProject.get(context);
      if (projectBuilds) {
        projectBuilds.push(build);
      } else {
        byProject.set(context, [build]);
      }
    }
  }
  const isFiltered = filter.text.trim() !== '' || filter.outcome !== 'all';
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
