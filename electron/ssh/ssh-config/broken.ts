import { type Failure, fail } from '../../../shared/problem.ts';

/** A line of a configuration file; lines count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** What is wrong with a line, as a failure that names it. ssh stops at such a line too, so nothing is guessed. */
export function broken({ file, line }: Place, what: string, fix = 'Correct the line.'): Failure {
  return fail(
    'ssh.config',
    `${file}:${line}: ${what}`,
    `${fix} \`ssh -G -F ${file} HOST\` checks the file, and man ssh_config explains it.`,
  );
}
