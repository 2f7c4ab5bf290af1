import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Creates an empty folder for one test and returns its real path. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'barnraiser-context-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Creates a project folder for one test.
 * @param files contents by path. A path that ends in a slash becomes a folder, a content that starts with `->` a symlink.
 */
export async function createProject(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const root = await temporaryFolder();
  for (const [path, content] of Object.entries(files)) {
    const fullPath = join(root, path);
    await mkdir(path.endsWith('/') ? fullPath : dirname(fullPath), { recursive: true });
    if (typeof content === 'string' && content.startsWith('->')) {
      await symlink(content.slice(2), fullPath);
    } else if (!path.endsWith('/')) {
      await writeFile(fullPath, content);
    }
  }
  return root;
}
