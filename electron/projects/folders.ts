import type { Dirent } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fail } from '../../shared/problem.ts';
import type { Folder } from '../../shared/project.ts';
import { errnoCode } from '../system/file-errors.ts';
import { homeFolder } from '../system/local-user.ts';

const containerfileNames = ['Containerfile', 'Dockerfile'];

/** A chooser shows no more files than this. */
const maxFiles = 1_000;

/**
 * The subfolders and files of a folder, sorted by name, without hidden ones. `~` stands for the home folder.
 * @throws Failure `context.missing`
 */
export async function listFolders(path = '~'): Promise<Folder> {
  const folder = resolve(path.replace(/^~(?=$|[/\\])/, homeFolder()));
  const entries = await readdir(folder, { withFileTypes: true }).catch(async (error: unknown) => {
    const detail = error instanceof Error ? error.message : String(error);
    throw fail('context.missing', await explain(folder, error), 'Choose another folder.', detail, error);
  });
  const namesOf = (isListed: (entry: Dirent) => boolean): string[] =>
    entries
      .filter((entry) => !entry.name.startsWith('.') && isListed(entry))
      .map(({ name }) => name)
      .sort((one, other) => one.localeCompare(other, undefined, { numeric: true }));
  const names = namesOf((entry) => entry.isDirectory());
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
    files: namesOf((entry) => entry.isFile() || entry.isSymbolicLink()).slice(0, maxFiles),
  };
}

/** Why a folder cannot be opened: `There is no folder ap in projects.` */
async function explain(folder: string, error: unknown): Promise<string> {
  const code = errnoCode(error);
  if (code === 'ENOENT') {
    let missing = folder;
    while (dirname(missing) !== missing && !(await exists(dirname(missing)))) {
      missing = dirname(missing);
    }
    return `There is no folder ${basename(missing)} in ${basename(dirname(missing)) || dirname(missing)}.`;
  }
  const reasons: Readonly<Record<string, string>> = {
    ENOTDIR: `${basename(folder)} is not a folder.`,
    EACCES: `You have no permission to open the folder ${basename(folder)}.`,
  };
  return reasons[code ?? ''] ?? `Could not open the folder ${folder}.`;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function hasContainerfile(folder: string): Promise<boolean> {
  const results = await Promise.all(containerfileNames.map((name) => exists(join(folder, name))));
  return results.includes(true);
}
