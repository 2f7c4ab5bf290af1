import { pathsOf, type SystemPaths } from '../system/system-paths.ts';
import type { HostSettings } from './registry-settings.ts';

/**
 * The credentials for a registry. `source` says inside a sentence where they come from: `entered for this push`,
 * `from <file>`.
 */
export type Credentials =
  | { readonly username: string; readonly password: string; readonly source: string }
  | { readonly identityToken: string; readonly source: string };

/** The credentials alone, as an engine gets them. */
export function withoutSource(credentials: Credentials) {
  return 'identityToken' in credentials
    ? { identityToken: credentials.identityToken }
    : { username: credentials.username, password: credentials.password };
}

/** Where the credentials, certificates and settings of registries are searched. */
export interface CredentialSource extends SystemPaths {
  /** The credentials that the user entered for this push. If they are set, nothing else is searched. */
  readonly explicit?: { readonly username: string; readonly password: string } | undefined;
  /**
   * The first login that Barnraiser keeps for one of these names, the most specific name first.
   * @throws Failure `settings.*`
   */
  readonly saved?: (names: readonly string[]) => Promise<Credentials | undefined>;
  /** How a registry is reached. Without it: with a trusted certificate. @throws Failure `settings.*` */
  readonly settings?: (target: { readonly registry: string; readonly repository: string }) => Promise<HostSettings>;
}

/** The credential files of podman and docker, in the order of the search. Source: containers-auth.json(5). */
export function credentialFiles(source: CredentialSource): string[] {
  const { env, home, platform, uid, root } = source;
  const { join } = pathsOf(platform);
  const files: string[] = [];
  if (env.REGISTRY_AUTH_FILE) {
    files.push(env.REGISTRY_AUTH_FILE);
  }
  if (platform !== 'win32' && platform !== 'darwin') {
    // without a session, podman stores logins by the number of the user
    files.push(
      env.XDG_RUNTIME_DIR
        ? join(env.XDG_RUNTIME_DIR, 'containers', 'auth.json')
        : join(root, 'run', 'containers', String(uid), 'auth.json'),
    );
  }
  files.push(join(env.XDG_CONFIG_HOME || join(home, '.config'), 'containers', 'auth.json'));
  files.push(join(env.DOCKER_CONFIG || join(home, '.docker'), 'config.json'));
  return [...new Set(files)];
}
