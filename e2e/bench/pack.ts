/** Packs many small files into a tar on disk, and so does GNU tar. Both find the files in the page cache. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { mustRun } from '../lab/command.ts';
import { type Bench, measureSeconds } from './bench.ts';

const filesPerFolder = 100;

export async function measurePack(bench: Bench): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-bench-'));
  const project = join(folder, 'project');
  const spool = join(folder, 'spool');
  const index = join(folder, 'index', 'project.index');
  const program = await bundleProgram(folder);
  const pack = async (...args: string[]): Promise<number> =>
    Number(await mustRun([process.execPath, program, project, spool, ...args]));
  const tar = join(folder, 'theirs.tar');
  // to a file: GNU tar reads no contents if it writes to /dev/null
  const packWithTar = (): Promise<number> =>
    measureSeconds(() => mustRun(['tar', '--create', '--file', tar, '--directory', project, '.']));
  try {
    await makeFiles(project, bench.isSmall ? filesPerFolder : 40_000);
    await mustRun(['sync']);
    await bench.repeat(async () => {
      await bench.compare('pack/all', () => pack(), packWithTar);
      // the round that warms up makes the index
      await bench.compare('pack/unchanged', () => pack(index), packWithTar);
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * Bundles what packs in a new process, which has compiled nothing yet, like a command that was just started. Its start is not
 * measured. @returns the path of the program
 */
async function bundleProgram(folder: string): Promise<string> {
  const source = (path: string): string => join(import.meta.dirname, path);
  await build({
    configFile: false,
    logLevel: 'warn',
    ssr: { noExternal: true },
    build: {
      ssr: true,
      outDir: folder,
      emptyOutDir: false,
      rollupOptions: {
        input: {
          'pack-once': source('pack-once.ts'),
          'pack-worker': source('../../electron/context/pack-worker.ts'),
        },
        output: { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name]-[hash].cjs' },
      },
    },
  });
  return join(folder, 'pack-once.cjs');
}

async function makeFiles(project: string, count: number): Promise<void> {
  for (let first = 0; first < count; first += filesPerFolder) {
    const folder = join(project, `folder-${first / filesPerFolder}`);
    await mkdir(folder, { recursive: true });
    await Promise.all(
      Array.from({ length: filesPerFolder }, (_, index) =>
        // 200 to 2,000 bytes
        writeFile(join(folder, `file-${index}`), randomBytes(200 + ((first + index) % 10) * 200)),
      ),
    );
  }
  await writeFile(join(project, 'Containerfile'), 'FROM scratch\nCOPY . /\n');
}
