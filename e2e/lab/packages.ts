/**
 * The few packages the lab needs on the machine itself. None of them brings a service: the engines, sshd and the
 * registry live in the root file systems, so the machine keeps no trace of them.
 */
import { asRoot, type Outcome, run } from './command.ts';
import { say, step } from './progress.ts';

const packages = [
  'mmdebstrap',
  'debian-archive-keyring',
  'openssh-client',
  'openssl',
  'skopeo', // for tests, to look at what came out
  'putty-tools', // for tests, to make keys as PuTTY does
  'curl',
  'util-linux',
];

/** The machine's own updates may hold apt's lock for a while. */
const patient = ['-o', 'DPkg::Lock::Timeout=300'];

export function ensurePackages(): Promise<void> {
  return ensureInstalled(packages);
}

/** Installs those of some Debian packages that are missing. Needs root or sudo. */
export async function ensureInstalled(names: readonly string[]): Promise<void> {
  const missing = await missingPackages(names);
  if (missing.length === 0) {
    return;
  }
  await step(`install ${missing.join(' ')}`, async () => {
    if ((await install(missing)).code === 0) {
      return;
    }
    // A fresh machine has no lists of packages yet; old lists name versions that the mirror has dropped.
    const update = await updateAptLists();
    const again = await install(missing);
    if (again.code !== 0) {
      // dpkg's own errors stand among what it says on standard output.
      const dpkg = again.stdout.trim().split('\n').slice(-15).join('\n');
      const reasons = `${update.stderr}${dpkg}\n${again.stderr}`.trim();
      throw new Error(
        `apt-get cannot install ${missing.join(' ')}:\n${reasons}\nInstall them by hand, then run this again.`,
      );
    }
  });
}

/** Fetches the lists of packages. That it fails need not matter: one unreachable source of many is enough for it. */
export function updateAptLists(): Promise<Outcome> {
  say('apt-get update');
  return run(asRoot('apt-get', ...patient, 'update', '-q'));
}

async function missingPackages(names: readonly string[]): Promise<string[]> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query fills in these.
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
      ...patient,
      'install',
      '-qy',
      '--no-install-recommends',
      ...names,
    ),
  );
}
