/** Checks that this machine can run the lab, before anything is changed. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { asRoot, isRoot, run } from './command.ts';

const hint = '`npm start` works without a lab.';

/** @throws Error with the reason if this machine cannot run the lab */
export async function checkHost(): Promise<void> {
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) {
    throw new Error(`The lab needs Debian or Ubuntu with apt; this is ${await systemName()}. ${hint}`);
  }
  if (process.arch !== 'x64') {
    throw new Error(`The lab needs an amd64 machine; this one is ${process.arch}. ${hint}`);
  }
  if (!isRoot && !existsSync('/usr/bin/sudo')) {
    throw new Error(`The lab needs root to create its nodes. Run it as root, or install sudo. ${hint}`);
  }
  const namespaces = await run(asRoot('unshare', '--fork', '--mount', '--uts', '--ipc', '--pid', 'true'));
  if (namespaces.code !== 0) {
    const reason = namespaces.stderr.trim();
    throw new Error(
      `The lab's nodes need namespaces, which this machine does not allow (${reason}). ` +
        `In a container, run it with full privileges. ${hint}`,
    );
  }
}

async function systemName(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(release)?.[1] ?? process.platform;
}
