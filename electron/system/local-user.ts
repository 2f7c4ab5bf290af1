import { homedir, userInfo } from 'node:os';

/** The user that this process runs as. */
export interface LocalUser {
  /** -1 on Windows. */
  readonly uid: number;
  readonly name: string;
  readonly home: string;
}

/**
 * The user of this process. node:os throws for a user that the system does not know, as in a container that runs with
 * any uid: then the environment says the name and the home folder.
 */
export function localUser(env: NodeJS.ProcessEnv = process.env): LocalUser {
  const uid = process.getuid?.() ?? -1;
  const name = orUndefined(() => userInfo().username) || env.USER || env.LOGNAME || env.USERNAME || String(uid);
  return { uid, name, home: orUndefined(homedir) || env.USERPROFILE || '/' };
}

/** The home folder of the user of this process. */
export function homeFolder(): string {
  return localUser().home;
}

function orUndefined(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
