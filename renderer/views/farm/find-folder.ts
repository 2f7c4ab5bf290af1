import { contextName } from '../../../shared/git-url.ts';
import { call } from '../../api.ts';
import { parentFolder } from './recent-projects.ts';

/** How many parent folders of past projects are searched. */
const maxParents = 6;

/**
 * Finds the path of a dropped folder by its name, because browsers hide the path: among past projects, beside them, and in the
 * home folder.
 * @param contexts the folders of past builds, newest first
 */
export async function findFolder(name: string, contexts: readonly string[]): Promise<string | undefined> {
  const pastContext = contexts.find((context) => contextName(context) === name);
  if (pastContext !== undefined) {
    return pastContext;
  }
  const parents = [...new Set(contexts.flatMap((context) => parentFolder(context) ?? []))].slice(0, maxParents);
  const folders = await Promise.all([
    call('folders.list', {}).catch(() => undefined),
    ...parents.map((path) => call('folders.list', { path }).catch(() => undefined)),
  ]);
  const named = folders.flatMap((folder) => folder?.folders.filter((candidate) => candidate.name === name) ?? []);
  return (named.find(({ hasContainerfile }) => hasContainerfile) ?? named[0])?.path;
}
