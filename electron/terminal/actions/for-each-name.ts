import { Failure } from '../../../shared/problem.ts';
import type { TerminalFrontEnd } from '../front-end.ts';

/**
 * Calls `action` for each name, one after another. Reports failures and goes on with the next name.
 * @returns the exit code: 0 if every action succeeded, else 1
 */
export async function forEachName(
  frontEnd: TerminalFrontEnd,
  names: readonly string[],
  action: (name: string) => Promise<void>,
): Promise<number> {
  let code = 0;
  for (const name of names) {
    try {
      await action(name);
    } catch (error) {
      if (!(error instanceof Failure)) {
        throw error;
      }
      frontEnd.reportProblem(error.problem);
      code = 1;
    }
  }
  return code;
}
