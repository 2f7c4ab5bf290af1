/**
 * Emulators of the foreign nodes. A binfmt_misc handler belongs to the kernel, not to a node or a folder: other labs and
 * the system's own qemu packages register theirs beside ours. Ours is the one whose interpreter lies in our folder; the
 * kernel asks the newest handler first, so ours works beside others, and only ours is ever removed.
 */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { asRoot, mustRun } from './command.ts';
import { fileExists } from './file-exists.ts';
import { type Emulation, emulations } from './node-table.ts';
import { existingRootOf, toolsKind } from './root-file-system.ts';
import { firstNodePort, labFolder } from './settings.ts';

const binfmt = '/proc/sys/fs/binfmt_misc';
const emulatorsFolder = path.join(labFolder, 'emulators');

export async function ensureEmulators(): Promise<void> {
  const registered = await ourHandlers();
  for (const emulation of emulations()) {
    const interpreter = path.join(emulatorsFolder, emulation.handler);
    if (registered.some((handler) => handler.interpreter === interpreter)) {
      continue;
    }
    await installInterpreter(emulation, interpreter);
    await register(emulation, interpreter);
  }
}

export async function removeEmulators(): Promise<void> {
  for (const handler of await ourHandlers()) {
    await mustRun(asRoot('tee', path.join(binfmt, handler.name)), { input: '-1' });
  }
}

async function installInterpreter({ handler }: Emulation, interpreter: string): Promise<void> {
  const source = path.join(await existingRootOf(toolsKind), 'usr/bin', handler);
  await mkdir(emulatorsFolder, { recursive: true });
  await mustRun(asRoot('cp', source, `${interpreter}.unfinished`));
  await mustRun(asRoot('mv', `${interpreter}.unfinished`, interpreter));
}

async function register({ handler, magic, mask }: Emulation, interpreter: string): Promise<void> {
  if (!(await fileExists(path.join(binfmt, 'register')))) {
    await mustRun(asRoot('mount', '-t', 'binfmt_misc', 'binfmt_misc', binfmt));
  }
  const taken = await readdir(binfmt);
  const name = taken.includes(handler) ? `${handler}-lab-${firstNodePort}` : handler;
  // Flags: O and P hand over the program as it was called; F opens the interpreter now, so that it works in every root.
  await mustRun(asRoot('tee', path.join(binfmt, 'register')), {
    input: `:${name}:M::${magic}:${mask}:${interpreter}:OPF`,
  });
}

async function ourHandlers(): Promise<{ name: string; interpreter: string }[]> {
  const names = (await readdir(binfmt).catch(() => [])).filter((name) => name !== 'register' && name !== 'status');
  const handlers = await Promise.all(
    names.map(async (name) => {
      const description = await readFile(path.join(binfmt, name), 'utf8').catch(() => '');
      const interpreter = /^enabled\ninterpreter (.*)$/m.exec(description)?.[1] ?? '';
      return { name, interpreter };
    }),
  );
  return handlers.filter(({ interpreter }) => path.dirname(interpreter) === emulatorsFolder);
}
