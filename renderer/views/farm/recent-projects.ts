import type { Build } from '../../../shared/build.ts';
import type { Farm } from '../../../shared/farm.ts';

/** A project folder with its newest build. */
export interface RecentProject {
  readonly context: string;
  readonly name: string;
  readonly last: Build;
}

/** The last part of a path, whatever the system writes between its parts. */
export function folderName(path: string): string {
  return path.split(/[/\\]/).findLast((part) => part !== '') ?? path;
}

/** The folder that holds a path, undefined for a root. */
export function parentFolder(path: string): string | undefined {
  const parent = path.replace(/[/\\]+$/, '').replace(/[/\\][^/\\]*$/, '');
  return parent === path ? undefined : parent || '/';
}

/** The projects of builds that are given newest first, each once; at most `limit`. */
export function recentProjects(builds: Iterable<Build>, limit: number): RecentProject[] {
  const found = new Map<string, RecentProject>();
  for (const build of builds) {
    const { context } = build.request;
    if (!found.has(context)) {
      found.set(context, { context, name: folderName(context), last: build });
    }
    if (found.size === limit) {
      break;
    }
  }
  return [...found.values()];
}

/** Was a build made on this farm? By its name, or, where the farm has another name now, by its nodes. */
export function isBuiltOn(build: Build, farm: Farm, isDefault: boolean): boolean {
  const { farm: named, connections } = build.request;
  if (named === farm.name || (named === undefined && connections === undefined && isDefault)) {
    return true;
  }
  return build.jobs.length > 0 && build.jobs.every(({ node }) => farm.connections.includes(node));
}
