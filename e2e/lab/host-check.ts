/** Whether this machine can carry a lab at all, said before anything is changed. */
import { readFile } from 'node:fs/promises';
import { asRoot, isRoot, run } from './command.ts';
import { fileExists } from './file-exists.ts';

const without = '`npm start` works without a lab.';

export async function checkHost(): Promise<void> {
  if (process.platform !== 'linux' || !(await fileExists('/usr/bin/apt-get'))) {
    throw new Error(`The lab needs Debian or Ubuntu with apt; this is ${await systemName()}. ${without}`);
  }
  if (process.arch !== 'x64') {
    throw new Error(`The lab needs an amd64 machine so far; this one is ${process.arch}. ${without}`);
  }
  if (!isRoot && !(await fileExists('/usr/bin/sudo'))) {
    throw new Error(`The lab needs root to make its nodes: run it as root, or install sudo. ${without}`);
  }
  const namespaces = await run(asRoot('unshare', '--fork', '--mount', '--uts', '--ipc', '--pid', 'true'));
  if (namespaces.code !== 0) {
    const reason = namespaces.stderr.trim();
    throw new Error(
      `The lab's nodes need namespaces of their own, which this machine refuses (${reason}). ` +
        `In a container, run it with full privileges. ${without}`,
    );
  }
}

async function systemName(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(release)?.[1] ?? process.platform;
}
