/**
 * Emulators for nodes of a foreign architecture. binfmt_misc handlers are global to the kernel: other labs and the system's
 * qemu packages register handlers too. A handler is the lab's if its interpreter is in the lab's folder. The kernel uses the
 * newest matching handler, so the lab's handler takes precedence. Only the lab's handlers are removed.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { asRoot, mustRun } from './command.ts';
import { type Emulation, emulations } from './node-table.ts';
import { findRoot, toolsKind } from './root-file-system.ts';
import { firstNodePort, labFolder } from './settings.ts';

const binfmt = '/proc/sys/fs/binfmt_misc';
const emulatorsFolder = path.join(labFolder, 'emulators');

export async function ensureEmulators(): Promise<void> {
  const registered = await findLabHandlers();
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
  for (const handler of await findLabHandlers()) {
    await mustRun(asRoot('tee', path.join(binfmt, handler.name)), { input: '-1' });
  }
}

async function installInterpreter({ handler }: Emulation, interpreter: string): Promise<void> {
  const source = path.join(await findRoot(toolsKind), 'usr/bin', handler);
  await mkdir(emulatorsFolder, { recursive: true });
  await mustRun(asRoot('cp', source, `${interpreter}.unfinished`));
  await mustRun(asRoot('mv', `${interpreter}.unfinished`, interpreter));
}

async function register({ handler, magic, mask }: Emulation, interpreter: string): Promise<void> {
  if (!existsSync(path.join(binfmt, 'register'))) {
    await mustRun(asRoot('mount', '-t', 'binfmt_misc', 'binfmt_misc', binfmt));
  }
  // a lab that was removed without `clean` may have left its handler
  const registered = new Set(await readdir(binfmt));
  let name = handler;
  for (let number = firstNodePort; registered.has(name); number += 1) {
    name = `${handler}-lab-${number}`;
  }
  // flags: O passes the open program and P its original argv[0]; F opens the interpreter now, so that it works in any root
  await mustRun(asRoot('tee', path.join(binfmt, 'register')), {
    input: `:${name}:M::${magic}:${mask}:${interpreter}:OPF`,
  });
}

async function findLabHandlers(): Promise<{ name: string; interpreter: string }[]> {
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
