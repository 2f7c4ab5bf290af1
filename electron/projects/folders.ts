import { access, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fail } from '../../shared/problem.ts';
import type { Folder } from '../../shared/project.ts';

const containerfileNames = ['Containerfile', 'Dockerfile'];

/**
 * The subfolders of a folder, sorted by name, without hidden ones. `~` stands for the home folder.
 * @throws Failure `context.missing`
 */
export async function listFolders(path = '~'): Promise<Folder> {
  const folder = resolve(path.replace(/^~(?=$|[/\\])/, homedir()));
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw fail(
      'context.missing',
      `Could not open the folder ${folder}: ${error instanceof Error ? error.message : String(error)}`,
      'Choose another folder.',
      undefined,
      error,
    );
  });
  const names = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort((one, other) => one.localeCompare(other, undefined, { numeric: true }));
  const parent = dirname(folder);
  return {
    path: folder,
    ...(parent === folder ? {} : { parent }),
    hasContainerfile: entries.some(({ name }) => containerfileNames.includes(name)),
    folders: await Promise.all(
      names.map(async (name) => ({
        name,
        path: join(folder, name),
        hasContainerfile: await hasContainerfile(join(folder, name)),
      })),
    ),
  };
}

async function hasContainerfile(folder: string): Promise<boolean> {
  const results = await Promise.all(
    containerfileNames.map((name) =>
      access(join(folder, name)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return results.includes(true);
}
