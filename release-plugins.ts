/** What the bundle says about itself: its commit, and the packages that are in it. */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';
import type { BuildFacts } from './electron/system/version.ts';

const root = import.meta.dirname;

/**
 * What `barnraiser --version` says about the build. From the environment where the sources are not in a repository, such as in a package
 * of a distribution: BARNRAISER_COMMIT, SOURCE_DATE_EPOCH in seconds since 1970, BARNRAISER_RELEASES.
 */
export function buildFacts(env: NodeJS.ProcessEnv = process.env): BuildFacts {
  const { BARNRAISER_COMMIT, SOURCE_DATE_EPOCH, BARNRAISER_RELEASES } = env;
  const commit = BARNRAISER_COMMIT || headCommit();
  const seconds = Number(SOURCE_DATE_EPOCH || git('log', '-1', '--format=%ct'));
  return {
    ...(commit ? { commit } : {}),
    ...(seconds > 0 ? { committedAt: new Date(seconds * 1000).toISOString() } : {}),
    ...(BARNRAISER_RELEASES ? { releases: BARNRAISER_RELEASES } : {}),
  };
}

function headCommit(): string {
  const head = git('rev-parse', '--short=12', 'HEAD');
  // as `git describe` does: what is not tracked does not count, such as the file that the bundler writes for its configuration
  const isClean = git('status', '--porcelain', '--untracked-files=no') === '';
  return head && `${head}${isClean ? '' : '-dirty'}`;
}

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}

/** Where the names and versions of the packages of a part of the bundle are written. */
export function packagesPath(part: string): string {
  return join(root, 'out', `packages-${part}.json`);
}

/**
 * Writes which packages are in a part of the bundle, for the SBOM and the licences of a release.
 * @param files packages of which only files are in it, which no module imports
 */
export function bundledPackages(part: string, files: readonly string[] = []): Plugin {
  const folders = new Set(files.map((name) => join(root, 'node_modules', name)));
  return {
    name: 'bundled-packages',
    apply: 'build',
    generateBundle: (_, bundle) => {
      for (const file of Object.values(bundle)) {
        for (const id of file.type === 'chunk' ? Object.keys(file.modules) : []) {
          const folder = packageFolder(id);
          if (folder !== undefined) {
            folders.add(folder);
          }
        }
      }
    },
    writeBundle: async () => {
      const packages = await Promise.all([...folders].map(nameAndVersion));
      const path = packagesPath(part);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, `${JSON.stringify([...new Set(packages)].sort(), null, 2)}\n`);
    },
  };
}

/** The folder of the package that a module belongs to. */
function packageFolder(id: string): string | undefined {
  return /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
}

async function nameAndVersion(folder: string): Promise<string> {
  const { name, version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  return `${name}@${version}`;
}
