import { dirname } from 'node:path';

/** Our own scripts that pass a command line on, as package.json names them. */
const scripts = new Set(['barnraiser', 'start']);

/**
 * The folder that relative paths on the command line start from. `npm run barnraiser` changes to the package's folder before
 * it runs the script, and leaves the person's folder in INIT_CWD. But INIT_CWD is inherited: where the command line is called
 * from some other npm script, it is the folder of whoever called npm, and the present folder is the right one.
 */
export function userFolder(env: Readonly<Record<string, string | undefined>>, cwd: string): string {
  const byOurScript =
    env.npm_package_name === 'barnraiser' &&
    scripts.has(env.npm_lifecycle_event ?? '') &&
    env.npm_package_json !== undefined &&
    dirname(env.npm_package_json) === cwd;
  return byOurScript && env.INIT_CWD ? env.INIT_CWD : cwd;
}
