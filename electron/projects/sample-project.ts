/** Sample projects, for a first build. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../shared/problem.ts';
import { type SampleName, samples } from '../../shared/samples.ts';
import { errnoCode } from '../system/file-errors.ts';
import { runGit } from '../system/git.ts';
import { findRepository } from './git-facts.ts';

/** The folders of the samples: beside the bundle, or in the repository. */
const folders = [join(import.meta.dirname, 'samples'), join(import.meta.dirname, '..', '..', 'samples')];

/**
 * Writes a sample into a folder. Existing files are not changed.
 * @throws Failure `input.invalid` if it needs a repository and git cannot make one
 */
export async function writeSampleProject(name: SampleName, folder: string): Promise<void> {
  const samplesFolder = folders.find(existsSync);
  if (samplesFolder === undefined) {
    throw new Error('this installation has no samples');
  }
  await copyNewFiles(join(samplesFolder, name), folder);
  if (samples[name].isRepository && (await findRepository(folder)) === undefined) {
    await commitAll(folder);
  }
}

/** Reads and writes each file, because files in the archive of the desktop app cannot be copied. */
async function copyNewFiles(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if ((await stat(source)).isDirectory()) {
      await copyNewFiles(source, target);
      continue;
    }
    await writeFile(target, await readFile(source), { flag: 'wx' }).catch((error: unknown) => {
      if (errnoCode(error) !== 'EEXIST') {
        throw error;
      }
    });
  }
}

async function commitAll(folder: string): Promise<void> {
  // it is committed under a name of its own: a user may not have set one
  const settings = ['user.name=Barnraiser', 'user.email=samples@barnraiser.invalid', 'commit.gpgSign=false'];
  for (const args of [
    ['init', '--quiet'],
    ['add', '--all'],
    ['commit', '--quiet', '--message=sample'],
  ]) {
    const answer = await runGit(folder, args, { settings });
    if (!answer.ok) {
      throw fail(
        'input.invalid',
        `The sample in ${folder} needs a git repository: its tag is the hash of its files.`,
        answer.problem === 'missing' ? 'Install git, then try again.' : 'Run `git init` there, and commit its files.',
        answer.errors,
      );
    }
  }
}
