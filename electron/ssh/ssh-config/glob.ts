import { access, readdir } from 'node:fs/promises';
import { isMissing } from '../authentication/identity.ts';

/** The paths that an absolute pattern of `*`, `?` and `[…]` names, sorted; none where nothing is there. @throws Error of the file system */
export async function glob(pattern: string): Promise<string[]> {
  let paths = ['/'];
  for (const part of pattern.split('/').filter((each) => each !== '')) {
    const found = await Promise.all(
      paths.map(async (folder) => {
        const join = (name: string) => `${folder === '/' ? '' : folder}/${name}`;
        if (!/[*?[]/.test(part)) {
          return (await exists(join(part))) ? [join(part)] : [];
        }
        const matches = matcher(part);
        return (await list(folder)).filter((name) => matches(name)).map(join);
      }),
    );
    paths = found.flat();
  }
  return paths.sort();
}

function matcher(part: string): (name: string) => boolean {
  const source = part
    .replace(/\*+/g, '*')
    .replace(
      /\[([!^]?)(\]?[^\]]+)\]|[.+^${}()|[\]\\*?]/g,
      (all, not: string | undefined, members: string | undefined) =>
        members === undefined
          ? all === '*'
            ? '.*'
            : all === '?'
              ? '.'
              : `\\${all}`
          : `[${not ? '^' : ''}${members.replace(/[\\\]^[]/g, '\\$&')}]`,
    );
  const expression = new RegExp(`^${source}$`);
  return (name) => expression.test(name) && (part.startsWith('.') || !name.startsWith('.'));
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isMissing(error)) {
      return false;
    }
    throw error;
  }
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) {
      return [];
    }
    throw error;
  }
}
