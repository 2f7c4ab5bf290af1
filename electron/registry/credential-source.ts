import { posix, win32 } from 'node:path';

/**
 * The credentials for a registry. `source` says inside a sentence where they come from: `entered for this push`,
 * `from <file>`.
 */
export type Credentials =
  | { readonly username: string; readonly password: string; readonly source: string }
  | { readonly identityToken: string; readonly source: string };

/** Where credentials are searched. */
export interface CredentialSource {
  /** The credentials that the user entered for this push. If they are set, nothing else is searched. */
  readonly explicit?: { readonly username: string; readonly password: string } | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** The numeric user id, if the system has one. Without a session, podman stores logins in /run/containers/<uid>. */
  readonly uid?: number | undefined;
}

/** The credential files of podman and docker, in the order of the search. Source: containers-auth.json(5). */
export function credentialFiles(source: CredentialSource): string[] {
  const { env, home } = source;
  const { join } = source.platform === 'win32' ? win32 : posix;
  const files: string[] = [];
  if (env.REGISTRY_AUTH_FILE) {
    files.push(env.REGISTRY_AUTH_FILE);
  }
  if (source.platform !== 'win32' && source.platform !== 'darwin') {
    const { uid } = source;
    const runtimeFolder = env.XDG_RUNTIME_DIR;
    if (runtimeFolder) {
      files.push(join(runtimeFolder, 'containers', 'auth.json'));
    } else if (uid !== undefined) {
      files.push(`/run/containers/${uid}/auth.json`);
    }
  }
  files.push(join(env.XDG_CONFIG_HOME || join(home, '.config'), 'containers', 'auth.json'));
  files.push(join(env.DOCKER_CONFIG || join(home, '.docker'), 'config.json'));
  return [...new Set(files)];
}
