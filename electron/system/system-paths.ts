import { join, posix, win32 } from 'node:path';
import { homeFolder, localUser } from './local-user.ts';

/** What decides where this computer keeps files. */
export interface SystemPaths {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** The user's number; -1 on Windows. */
  readonly uid: number;
  /** The folder that holds `/etc` and `/run`: `/`, except in tests. */
  readonly root: string;
}

export function systemPaths(env: NodeJS.ProcessEnv = process.env): SystemPaths {
  const { uid, home } = localUser();
  return { env, home, platform: process.platform, uid, root: '/' };
}

/** The folder of the user's podman configuration. Source: containers/common, pkg/config, userConfigPath(). */
export function containersFolder({ env, home, platform }: SystemPaths): string {
  if (platform === 'win32' && env.APPDATA) {
    return join(env.APPDATA, 'containers');
  }
  return join(env.XDG_CONFIG_HOME || join(home, '.config'), 'containers');
}

/** The folder of the user's sockets and other files that last until they log out. */
export function runtimeFolder({ env, uid, root }: SystemPaths): string {
  return env.XDG_RUNTIME_DIR || join(root, 'run', 'user', String(uid));
}

/** The folder of the system's SSH configuration and host keys. */
export function sshSystemFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  return platform === 'win32' ? win32.join(env.ProgramData || 'C:\\ProgramData', 'ssh') : '/etc/ssh';
}

/** How a platform writes paths. */
export function pathsOf(platform: NodeJS.Platform): typeof posix {
  return platform === 'win32' ? win32 : posix;
}

/** Replaces a leading `~/` by the home folder. */
export function expandHome(path: string, home: string = homeFolder()): string {
  return /^~[\\/]/.test(path) ? join(home, path.slice(2)) : path;
}
