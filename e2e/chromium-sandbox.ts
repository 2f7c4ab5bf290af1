/** Whether Linux lets Electron's Chromium start its sandbox, which Electron does not start without. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface SandboxOptions {
  /** -1 on Windows. */
  readonly uid: number;
  readonly platform: NodeJS.Platform;
  /** Where the system's files are. */
  readonly root?: string;
}

/**
 * Why the sandbox of a program cannot start, and the commands that allow it; undefined if it can, as far as is known. The
 * sandbox needs namespaces of unprivileged users, or a helper that root owns. Ubuntu 23.10 and newer lets only programs with
 * an AppArmor profile create such namespaces; the packages of Barnraiser install one.
 */
export function findSandboxProblem(
  program: string,
  { uid, platform, root = '/' }: SandboxOptions,
): { readonly message: string; readonly commands: readonly string[] } | undefined {
  // root starts without the sandbox
  if (platform !== 'linux' || uid === 0 || hasHelper(program)) {
    return undefined;
  }
  const kernel = (name: string): string => read(join(root, 'proc', 'sys', name)).trim();
  if (kernel('kernel/apparmor_restrict_unprivileged_userns') === '1' && !hasProfile(root, program)) {
    return {
      message: "AppArmor does not let Electron start Chromium's sandbox from this folder.",
      commands: [
        `printf 'abi <abi/4.0>,\\ninclude <tunables/global>\\nprofile barnraiser-sources "%s" flags=(unconfined) {\\n  userns,\\n}\\n' ${quoted(program)} | sudo tee /etc/apparmor.d/barnraiser-sources`,
        'sudo apparmor_parser --replace /etc/apparmor.d/barnraiser-sources',
      ],
    };
  }
  if (kernel('kernel/unprivileged_userns_clone') === '0') {
    return {
      message: "This kernel does not let Electron start Chromium's sandbox: user namespaces are reserved to root.",
      commands: ['sudo sysctl -w kernel.unprivileged_userns_clone=1'],
    };
  }
  if (kernel('user/max_user_namespaces') === '0') {
    return {
      message: "This kernel does not let Electron start Chromium's sandbox: it allows no user namespaces.",
      commands: ['sudo sysctl -w user.max_user_namespaces=15000'],
    };
  }
  return undefined;
}

/** Whether the helper of older kernels is set up: it is owned by root and has the setuid bit. */
function hasHelper(program: string): boolean {
  const helper = statSync(join(dirname(program), 'chrome-sandbox'), { throwIfNoEntry: false });
  return helper?.uid === 0 && (helper.mode & 0o4000) !== 0;
}

/** Whether a profile names the program. Profiles with patterns are not understood. */
function hasProfile(root: string, program: string): boolean {
  const folder = join(root, 'etc', 'apparmor.d');
  try {
    return readdirSync(folder, { withFileTypes: true }).some(
      (entry) => entry.isFile() && read(join(folder, entry.name)).includes(program),
    );
  } catch {
    return false;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** For a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
