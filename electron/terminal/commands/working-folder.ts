import { dirname } from 'node:path';

/** The scripts of our package.json that pass on a command line. */
const npmScripts = new Set(['barnraiser', 'start']);

/**
 * Finds the folder that relative paths on the command line start from. `npm run barnraiser` changes to the package's folder
 * before it runs the script, and keeps the folder it was called from in INIT_CWD. INIT_CWD is inherited: if another npm
 * script calls this program, INIT_CWD belongs to that script, and the current folder is the right one.
 */
export function findWorkingFolder(env: Readonly<Record<string, string | undefined>>, cwd: string): string {
  const isRunByOurScript =
    env.npm_package_name === 'barnraiser' &&
    npmScripts.has(env.npm_lifecycle_event ?? '') &&
    env.npm_package_json !== undefined &&
    dirname(env.npm_package_json) === cwd;
  return isRunByOurScript && env.INIT_CWD ? env.INIT_CWD : cwd;
}
