import { type BuildEntry, isReadable, type ReadableEntry } from '../../../shared/build-entry.ts';
import type { Farm } from '../../../shared/farm.ts';
import { contextName, isGitUrl } from '../../../shared/git-url.ts';

/** A project folder and its newest build. */
export interface RecentProject {
  readonly context: string;
  readonly name: string;
  readonly last: ReadableEntry;
}

/** @returns undefined for a root folder, and for what is in no folder */
export function parentFolder(path: string): string | undefined {
  if (isGitUrl(path) || path === '-') {
    return undefined;
  }
  const parent = path.replace(/[/\\]+$/, '').replace(/[/\\][^/\\]*$/, '');
  return parent === path ? undefined : parent || '/';
}

/** @param builds newest first @returns each project once, at most `limit` of them */
export function recentProjects(builds: Iterable<BuildEntry>, limit: number): RecentProject[] {
  const projects = new Map<string, RecentProject>();
  for (const build of builds) {
    const { project: context } = build;
    // standard input cannot be read again
    if (isReadable(build) && context !== '-' && !projects.has(context)) {
      projects.set(context, { context, name: contextName(context), last: build });
    }
    if (projects.size === limit) {
      break;
    }
  }
  return [...projects.values()];
}

/** True if a build ran on this farm. Compares the name of the farm or, because farms can be renamed, the nodes. */
export function isBuiltOn(build: BuildEntry, farm: Farm, isDefault: boolean): boolean {
  const { farm: requestedFarm, connections } = build;
  if (requestedFarm === farm.name || (requestedFarm === undefined && connections === undefined && isDefault)) {
    return true;
  }
  return build.jobs.length > 0 && build.jobs.every(({ node }) => farm.connections.includes(node));
}
