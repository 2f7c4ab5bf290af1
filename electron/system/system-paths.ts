import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';

/** Where things are on this computer. */
export interface SystemPaths {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** Of the person; -1 on Windows. */
  readonly uid: number;
  /** What paths of the system begin with, such as /etc and /run: `/`. */
  readonly root: string;
}

export function systemPaths(env: NodeJS.ProcessEnv = process.env): SystemPaths {
  return { env, home: homedir(), platform: process.platform, uid: userInfo().uid, root: '/' };
}

/** The folder of a person's configuration of podman. Source: containers/common, pkg/config, userConfigPath(). */
export function containersFolder({ env, home, platform }: SystemPaths): string {
  if (platform === 'win32' && env.APPDATA) {
    return join(env.APPDATA, 'containers');
  }
  return join(env.XDG_CONFIG_HOME || join(home, '.config'), 'containers');
}

export function runtimeFolder({ env, uid, root }: SystemPaths): string {
  return env.XDG_RUNTIME_DIR || join(root, 'run', 'user', String(uid));
}

/** A path as a person writes it, where `~/` is the home. */
export function expandHome(path: string, home: string): string {
  return /^~[\\/]/.test(path) ? join(home, path.slice(2)) : path;
}
