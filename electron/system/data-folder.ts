import envPaths from 'env-paths';

/** The data folder: `$BARNRAISER_HOME`, else the usual one of the platform. */
export function dataFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env.BARNRAISER_HOME ?? envPaths('barnraiser', { suffix: '' }).data;
}
