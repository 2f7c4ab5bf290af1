/**
 * The packages that the lab needs on this machine. None of them installs a service: the engines, sshd and the registry are in
 * the root file systems only.
 */
import { asRoot, type Outcome, run } from './command.ts';
import { reportProgress, runStep } from './progress.ts';

const packages = [
  'mmdebstrap',
  'debian-archive-keyring',
  'openssh-client',
  'openssl',
  'skopeo', // for tests, to inspect images
  'putty-tools', // for tests, to generate PuTTY's keys
  'curl',
  'util-linux',
  // for tests, as login shells of nodes
  'tcsh',
  'csh',
  'fish',
  'ksh',
  'mksh',
  'zsh',
  'busybox',
];

/** Automatic updates may hold the lock of apt for some time. */
const waitForAptLock = ['-o', 'DPkg::Lock::Timeout=300'];

export function ensurePackages(): Promise<void> {
  return ensureInstalled(packages);
}

/** Installs the Debian packages that are missing. Needs root or sudo. @throws Error if apt-get fails */
export async function ensureInstalled(names: readonly string[]): Promise<void> {
  const missing = await missingPackages(names);
  if (missing.length === 0) {
    return;
  }
  await runStep(`install ${missing.join(' ')}`, async () => {
    if ((await install(missing)).code === 0) {
      return;
    }
    // a new machine has no package lists, and old lists name versions that the mirror no longer has
    const update = await updateAptLists();
    const again = await install(missing);
    if (again.code !== 0) {
      // dpkg prints errors to standard output
      const dpkg = again.stdout.trim().split('\n').slice(-15).join('\n');
      const reasons = `${update.stderr}${dpkg}\n${again.stderr}`.trim();
      throw new Error(
        `apt-get could not install ${missing.join(' ')}:\n${reasons}\nInstall the packages manually, then try again.`,
      );
    }
  });
}

/** Updates the package lists. A failure may not matter: apt-get fails if any one of the sources is unreachable. */
export function updateAptLists(): Promise<Outcome> {
  reportProgress('apt-get update');
  return run(asRoot('apt-get', ...waitForAptLock, 'update', '-q'));
}

async function missingPackages(names: readonly string[]): Promise<string[]> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query replaces these
  const format = '--showformat=${db:Status-Status} ${Package}\\n';
  const { stdout } = await run(['dpkg-query', '--show', format, ...names]);
  const installed = stdout.split('\n').filter((line) => line.startsWith('installed '));
  return names.filter((name) => !installed.includes(`installed ${name}`));
}

function install(names: string[]): Promise<Outcome> {
  return run(
    asRoot(
      'env',
      'DEBIAN_FRONTEND=noninteractive',
      'apt-get',
      ...waitForAptLock,
      'install',
      '-qy',
      '--no-install-recommends',
      ...names,
    ),
  );
}
