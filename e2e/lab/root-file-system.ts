/** The nodes' root file systems, one per Debian release and architecture, made once and kept. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { asRoot, mustRun } from './command.ts';
import { fileExists } from './file-exists.ts';
import { type Architecture, architectures, emulations, nodeRows, type Suite } from './node-table.ts';
import { updateAptLists } from './packages.ts';
import { step } from './progress.ts';
import { labFolder } from './settings.ts';
import { together } from './together.ts';

const rootsFolder = path.join(labFolder, 'roots');
const makeScript = scriptPath('make-root-file-system.sh');
const nativeRuncScript = scriptPath('native-runc.sh');

export interface RootKind {
  suite: Suite;
  architecture: Architecture;
}

/** This one also holds the programs the lab runs itself: emulators, registry, and the native runc of emulated nodes. */
export const toolsKind: RootKind = { suite: 'trixie', architecture: 'amd64' };

export function scriptPath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Folder of a root file system. It changes with the scripts that make it, so an outdated one is never used again. */
export async function rootOf(kind: RootKind): Promise<string> {
  return path.join(rootsFolder, await folderName(kind));
}

/** As `rootOf`, for a caller that needs what is in it. */
export async function existingRootOf(kind: RootKind): Promise<string> {
  const folder = await rootOf(kind);
  if (await fileExists(folder)) {
    return folder;
  }
  throw new Error(
    `There is no ${kind.suite} root file system for ${kind.architecture} yet: run \`npm run lab -- up\`.`,
  );
}

/** Makes the root file systems that are missing, all at once. */
export async function ensureRoots(): Promise<void> {
  const wanted = new Map([toolsKind, ...nodeRows].map((kind) => [`${kind.suite}-${kind.architecture}`, kind] as const));
  const missing: RootKind[] = [];
  for (const kind of wanted.values()) {
    if (!(await fileExists(await rootOf(kind)))) {
      missing.push(kind);
    }
  }
  if (missing.length === 0) {
    return;
  }

  await mkdir(rootsFolder, { recursive: true });
  const mirror = await debianMirror();
  const aptOptions = await aptOptionsFile();
  // The tools come first among those that wait for each other: an emulated node takes its runc from them.
  const tools = make(toolsKind);
  await together(missing.map((kind) => (isTools(kind) ? tools : make(kind))));

  async function make(kind: RootKind): Promise<void> {
    const folder = await rootOf(kind);
    if (await fileExists(folder)) {
      return;
    }
    const { debian, emulation } = architectures[kind.architecture];
    await step(`root file system of Debian ${kind.suite}, ${kind.architecture}`, async () => {
      // Only a finished one gets its name, so a run that was interrupted leaves nothing that looks finished. Every run
      // works in a folder of its own: children of an interrupted run may still be at work in theirs.
      const unfinished = `${folder}.unfinished-${process.pid}`;
      const keepEmulators = emulations().map((each) => each.handler);
      const args = [kind.suite, debian, unfinished, aptOptions, mirror, isTools(kind) ? keepEmulators.join(' ') : ''];
      await mustRun(asRoot('bash', makeScript, ...args));
      if (emulation) {
        await tools;
        await mustRun(asRoot('bash', nativeRuncScript, unfinished, await rootOf(toolsKind)));
      }
      await mustRun(asRoot('mv', '--no-target-directory', unfinished, folder));
    });
  }
}

/** Removes what older scripts made. */
export async function removeOutdatedRoots(): Promise<void> {
  const current = await Promise.all([toolsKind, ...nodeRows].map(folderName));
  const outdated = (await readdir(rootsFolder)).filter((name) => !current.includes(name));
  if (outdated.length === 0) {
    return;
  }
  await mustRun(asRoot('rm', '-rf', '--one-file-system', ...outdated.map((name) => path.join(rootsFolder, name))));
}

async function folderName(kind: RootKind): Promise<string> {
  const recipe = createHash('sha256');
  for (const script of [makeScript, nativeRuncScript]) {
    recipe.update(await readFile(script));
  }
  return `${kind.suite}-${kind.architecture}-${recipe.digest('hex').slice(0, 8)}`;
}

/** The mirror this machine takes its own Debian packages from; empty where it has none (Ubuntu): Debian's own. */
export async function debianMirror(): Promise<string> {
  // Which sources are Debian's is known from the lists only.
  return (await mirrorInLists()) ?? (await updateAptLists().then(mirrorInLists)) ?? '';
}

async function mirrorInLists(): Promise<string | undefined> {
  const format = ['--format', '$(REPO_URI)'];
  const targets = await mustRun(['apt-get', 'indextargets', ...format, 'Created-By: Packages', 'Origin: Debian']);
  return targets.split('\n').find((uri) => uri !== '' && !uri.includes('security'));
}

/** How this machine reaches its mirror (proxies, certificates, an old snapshot's dates) holds for the root file systems. */
export async function aptOptionsFile(): Promise<string> {
  const file = path.join(labFolder, 'apt-options');
  const all = (await mustRun(['apt-config', 'dump', '--no-empty'])).split('\n');
  const wanted = all.filter((line) => /^Acquire::(http|https|Check-Valid-Until|Check-Date|Retries)\b/.test(line));
  await writeFile(file, `${wanted.join('\n')}\n`);
  return file;
}

function isTools(kind: RootKind): boolean {
  return kind.suite === toolsKind.suite && kind.architecture === toolsKind.architecture;
}
