/** The root file systems of the nodes: one per Debian release and architecture, created once and kept. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { asRoot, mustRun } from './command.ts';
import { architectures, emulations, nodeRows, type RootKind } from './node-table.ts';
import { updateAptLists } from './packages.ts';
import { runStep } from './progress.ts';
import { labFolder, rootsFolder } from './settings.ts';
import { settleAll } from './wait.ts';

const makeScript = scriptPath('make-root-file-system.sh');
const makeWithPackagesScript = scriptPath('make-root-with-packages.sh');
const nativeRuncScript = scriptPath('native-runc.sh');

/** This root file system also holds the lab's programs: emulators, registry, and the native runc for emulated nodes. */
export const toolsKind: RootKind = { suite: 'trixie', architecture: 'amd64' };

export function scriptPath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Folder of a root file system. Its name changes with the scripts that create it, so an outdated one is not used. */
export async function rootFolder(kind: RootKind): Promise<string> {
  return path.join(rootsFolder, await folderName(kind));
}

/** Folder of a root file system that exists. @throws Error if it does not exist */
export async function findRoot(kind: RootKind): Promise<string> {
  const folder = await rootFolder(kind);
  if (existsSync(folder)) {
    return folder;
  }
  throw new Error(
    `The ${kind.suite} root file system for ${kind.architecture} does not exist. Run \`npm run lab -- up --all\`.`,
  );
}

/** Creates those root file systems that are missing, in parallel. That of the tools is one of them. */
export async function ensureRoots(kinds: readonly RootKind[]): Promise<void> {
  const kindOf = new Map<string, RootKind>();
  for (const kind of [toolsKind, ...kinds]) {
    kindOf.set(await rootFolder(kind), kind);
  }
  const missing = [...kindOf].filter(([folder]) => !existsSync(folder)).map(([, kind]) => kind);
  if (missing.length === 0) {
    return;
  }

  await mkdir(rootsFolder, { recursive: true });
  const mirror = await findDebianMirror();
  const aptOptions = await writeAptOptions();
  // emulated nodes wait for the tools, from which they get their runc
  const toolsReady = makeRoot(toolsKind);
  await settleAll(missing.map((kind) => (isTools(kind) ? toolsReady : makeRoot(kind))));

  async function makeRoot(kind: RootKind): Promise<void> {
    const folder = await rootFolder(kind);
    if (existsSync(folder)) {
      return;
    }
    const { debian, emulation } = architectures[kind.architecture];
    await runStep(`root file system of Debian ${kind.suite}, ${kind.architecture}`, async () => {
      // Gets its name when it is complete, so an interrupted run leaves nothing that looks complete. Each run uses a separate
      // temporary folder, since child processes of an interrupted run may still write to theirs.
      const unfinished = `${folder}.unfinished-${process.pid}`;
      const keepEmulators = emulations().map((each) => each.handler);
      const args = [kind.suite, debian, unfinished, aptOptions, mirror, isTools(kind) ? keepEmulators.join(' ') : ''];
      const make = kind.packages ? [makeWithPackagesScript, kind.packages.join(',')] : [makeScript];
      await mustRun(asRoot('bash', ...make, ...args));
      if (emulation) {
        await toolsReady;
        await mustRun(asRoot('bash', nativeRuncScript, unfinished, await rootFolder(toolsKind)));
      }
      await mustRun(asRoot('mv', '--no-target-directory', unfinished, folder));
    });
  }
}

/** Removes root file systems that older scripts created. */
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
  for (const script of [makeScript, nativeRuncScript, ...(kind.packages ? [makeWithPackagesScript] : [])]) {
    recipe.update(await readFile(script));
  }
  recipe.update(kind.packages?.join(',') ?? '');
  return `${kind.suite}-${kind.architecture}-${recipe.digest('hex').slice(0, 8)}`;
}

/** The mirror from which this machine gets Debian packages. Empty for Debian's default mirror, as on Ubuntu. */
export async function findDebianMirror(): Promise<string> {
  // only the package lists show which sources are Debian's
  return (await mirrorInLists()) ?? (await updateAptLists().then(mirrorInLists)) ?? '';
}

async function mirrorInLists(): Promise<string | undefined> {
  const format = ['--format', '$(REPO_URI)'];
  const targets = await mustRun(['apt-get', 'indextargets', ...format, 'Created-By: Packages', 'Origin: Debian']);
  return targets.split('\n').find((uri) => uri !== '' && !uri.includes('security'));
}

/** Writes this machine's settings for its mirror (proxies, certificates, expired lists) to a file for the root file systems. */
export async function writeAptOptions(): Promise<string> {
  const file = path.join(labFolder, 'apt-options');
  const all = (await mustRun(['apt-config', 'dump', '--no-empty'])).split('\n');
  const relevant = all.filter((line) => /^Acquire::(http|https|Check-Valid-Until|Check-Date|Retries)\b/.test(line));
  await writeFile(file, `${relevant.join('\n')}\n`);
  return file;
}

function isTools(kind: RootKind): boolean {
  return kind.suite === toolsKind.suite && kind.architecture === toolsKind.architecture && !kind.packages;
}
