/** Packs many small files into a tar on disk, and so does GNU tar. Both find the files in the page cache. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustRun } from '../lab/command.ts';
import { type Bench, measureSeconds } from './bench.ts';

const filesPerFolder = 100;

export async function measurePack(bench: Bench): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-bench-'));
  const project = join(folder, 'project');
  const spool = join(folder, 'spool');
  const tar = join(folder, 'theirs.tar');
  try {
    await makeFiles(project, bench.isSmall ? filesPerFolder : 40_000);
    await mustRun(['sync']);
    await bench.repeat(() =>
      bench.compare(
        'pack/all',
        () => packInNewProcess(project, spool),
        // to a file: GNU tar reads no contents if it writes to /dev/null
        () => measureSeconds(() => mustRun(['tar', '--create', '--file', tar, '--directory', project, '.'])),
      ),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A new process has compiled nothing yet, like a command that was just started. Its start is not measured. */
async function packInNewProcess(project: string, spool: string): Promise<number> {
  const program = join(import.meta.dirname, 'pack-once.ts');
  return Number(await mustRun([process.execPath, '--import', 'tsx', program, project, spool]));
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
