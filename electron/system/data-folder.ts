import { homeFolder } from './local-user.ts';
import { pathsOf } from './system-paths.ts';

const name = 'barnraiser';

/**
 * The data folder: `$BARNRAISER_HOME`, else the usual one of the platform. Not by the package `env-paths`, which fails for a
 * user that the system does not know.
 */
export function dataFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homeFolder(),
): string {
  const { join } = pathsOf(platform);
  if (env.BARNRAISER_HOME !== undefined) {
    return env.BARNRAISER_HOME;
  }
  switch (platform) {
    case 'darwin':
      return join(home, 'Library', 'Application Support', name);
    case 'win32':
      return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), name, 'Data');
    default:
      return join(env.XDG_DATA_HOME || join(home, '.local', 'share'), name);
  }
}
