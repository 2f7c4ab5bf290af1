import { type Failure, fail } from '../../shared/problem.ts';

/** Where something is in a file. `line` is counted from 1. */
export interface Location {
  /** As it is shown: relative to the project. */
  readonly file: string;
  readonly line: number;
}

/** A failure that names the line. */
export function invalidAt({ file, line }: Location, message: string, fix = 'Correct the file.'): Failure {
  return fail('recipe.invalid', `${file}, line ${line}: ${message}`, fix);
}
