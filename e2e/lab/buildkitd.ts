/** The BuildKit daemon, which the lab builds from Debian's sources once, and keeps. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { asRoot, mustRun } from './command.ts';
import { runStep } from './progress.ts';
import { findDebianMirror, scriptPath, writeAptOptions } from './root-file-system.ts';
import { labFolder } from './settings.ts';

const folder = path.join(labFolder, 'buildkitd');
const makeScript = scriptPath('make-buildkitd.sh');
const programs = ['buildkitd', 'buildctl'];

/** Builds the programs if they do not exist, which takes some minutes. */
export async function ensureBuildkitd(): Promise<void> {
  const finished = await programsFolder();
  if (existsSync(finished)) {
    return;
  }
  // those of older scripts, and what interrupted runs have left
  await mustRun(asRoot('rm', '-rf', '--one-file-system', folder));
  await mkdir(folder);
  await runStep('build of buildkitd', async () => {
    const unfinished = `${finished}.unfinished-${process.pid}`;
    await mustRun(asRoot('bash', makeScript, unfinished, await writeAptOptions(), await findDebianMirror()));
    await mustRun(asRoot('mv', '--no-target-directory', unfinished, finished));
  });
}

/** Copies the programs into the folder of a node, where node-init.sh finds them. */
export async function copyBuildkitd(nodeFolder: string): Promise<void> {
  const bin = path.join(nodeFolder, 'bin');
  await mkdir(bin, { recursive: true });
  for (const program of programs) {
    await copyFile(path.join(await programsFolder(), program), path.join(bin, program));
  }
}

/** Its name changes with the script, so outdated programs are not used. */
async function programsFolder(): Promise<string> {
  const recipe = createHash('sha256').update(await readFile(makeScript));
  return path.join(folder, recipe.digest('hex').slice(0, 8));
}
