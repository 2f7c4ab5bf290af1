import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder of its own for one test, by its real path. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'barnraiser-context-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * A project folder for one test: path → content. A path that ends in a slash is a folder, a content that starts with `->` makes
 * a symlink.
 */
export async function project(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const root = await temporaryFolder();
  for (const [path, content] of Object.entries(files)) {
    const place = join(root, path);
    await mkdir(path.endsWith('/') ? place : dirname(place), { recursive: true });
    if (typeof content === 'string' && content.startsWith('->')) {
      await symlink(content.slice(2), place);
    } else if (!path.endsWith('/')) {
      await writeFile(place, content);
    }
  }
  return root;
}
