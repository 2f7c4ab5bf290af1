import { Failure } from '../../shared/problem.ts';
import type { TerminalFrontEnd } from './terminal.ts';

/** Does something with each of what was named, also after one where it fails. Resolves with the exit code: 0 only when all was done. */
export async function forEach(
  door: TerminalFrontEnd,
  names: readonly string[],
  work: (name: string) => Promise<void>,
): Promise<number> {
  let code = 0;
  for (const name of names) {
    try {
      await work(name);
    } catch (error) {
      if (!(error instanceof Failure)) {
        throw error;
      }
      door.tell(error.problem);
      code = 1;
    }
  }
  return code;
}
