import { call } from '../../api.ts';
import { folderName, parentFolder } from './recent-projects.ts';

/** How many folders are looked into for a name. */
const mostParents = 6;

/**
 * Looks for a folder of which a browser tells the name alone: among the projects that were built before, beside them, and
 * in the person's home. @param contexts the folders of past builds, newest first
 */
export async function findFolder(name: string, contexts: readonly string[]): Promise<string | undefined> {
  const known = contexts.find((context) => folderName(context) === name);
  if (known !== undefined) {
    return known;
  }
  const parents = [...new Set(contexts.flatMap((context) => parentFolder(context) ?? []))].slice(0, mostParents);
  const listed = await Promise.all([
    call('folders.list', {}).catch(() => undefined),
    ...parents.map((path) => call('folders.list', { path }).catch(() => undefined)),
  ]);
  const named = listed.flatMap((folder) => folder?.folders.filter((each) => each.name === name) ?? []);
  return (named.find(({ hasContainerfile }) => hasContainerfile) ?? named[0])?.path;
}
