import type { Build } from '../../../shared/build.ts';

/** Which outcomes are shown; builds that run are shown with `all` only. */
export type Outcome = 'all' | 'done' | 'failed' | 'cancelled';

export interface Filter {
  /** Words that must all be found in the reference, the project, a platform, a node or the outcome. */
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

/** One line of the list: everything in it is a line, so that only those in sight need to be drawn. */
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
  | { readonly kind: 'more'; readonly id: string; readonly context: string; readonly hidden: number };

/** How many builds of a project are shown before somebody asks for all, where there are several projects. */
export const shownAtFirst = 6;

export function projectOf({ request: { context } }: Build): Project {
  return { context, name: context.split(/[/\\]/).filter(Boolean).at(-1) ?? context };
}

/** Every project there are builds of, the one built last first. */
export function projectsOf(builds: readonly Build[]): Project[] {
  return [...new Map(builds.map((build) => [build.request.context, projectOf(build)])).values()];
}

export function matches(build: Build, { text, outcome, project }: Filter): boolean {
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
  const said = [
    build.reference,
    build.request.context,
    build.request.farm,
    build.status,
    build.id,
    ...build.jobs.flatMap(({ platform, node }) => [platform, node]),
  ]
    .join(' ')
    .toLowerCase();
  return words.every((word) => said.includes(word));
}

export interface Arrangement {
  /** Projects whose builds are put away, by context. */
  readonly folded: ReadonlySet<string>;
  /** Projects of which all builds are shown, by context. */
  readonly unrolled: ReadonlySet<string>;
}

/**
 * The lines of the list. Builds that run stand on top; the others stand with their project, the project built last first.
 * Where something is looked for, all of it is shown.
 * @param builds newest first
 */
export function rowsOf(builds: readonly Build[], filter: Filter, { folded, unrolled }: Arrangement): Row[] {
  const found = builds.filter((build) => matches(build, filter));
  const running = found.filter(({ status }) => status === 'running');
  const byProject = new Map<string, Build[]>();
  for (const build of found) {
    if (build.status !== 'running') {
      const { context } = build.request;
      const others = byProject.get(context);
      if (others) {
        others.push(build);
      } else {
        byProject.set(context, [build]);
      }
    }
  }
  const isLooking = filter.text.trim() !== '' || filter.outcome !== 'all';
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
    // one line that says "1 more" takes the place of that one
    const showAll = isLooking || byProject.size === 1 || unrolled.has(context) || ended.length <= shownAtFirst + 1;
    const shown = showAll ? ended : ended.slice(0, shownAtFirst);
    rows.push(...shown.map(({ id }): Row => ({ kind: 'build', id })));
    if (shown.length < ended.length) {
      rows.push({ kind: 'more', id: `more ${context}`, context, hidden: ended.length - shown.length });
    }
  }
  return rows;
}
