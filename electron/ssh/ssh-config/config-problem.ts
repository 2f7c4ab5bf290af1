import { type Failure, fail } from '../../../shared/problem.ts';

/** A line of a configuration file, counted from 1. */
export interface ConfigLocation {
  readonly file: string;
  readonly line: number;
}

/** A failure about one line. ssh also stops at a line that it cannot read, so no meaning is guessed here. */
export function configProblem({ file, line }: ConfigLocation, what: string, fix = 'Correct the line.'): Failure {
  return fail(
    'ssh.config',
    `${file}:${line}: ${what}`,
    `${fix} \`ssh -G -F ${file} HOST\` checks the file, and \`man ssh_config\` explains it.`,
  );
}
