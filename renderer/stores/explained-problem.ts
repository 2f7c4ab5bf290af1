import { create } from 'zustand';
import type { ProblemCode } from '../../shared/failure.ts';

/** The code whose page the window shows over its view. */
export const useExplainedProblem = create<{ readonly code: ProblemCode | undefined }>(() => ({ code: undefined }));

export function explainProblem(code: ProblemCode | undefined): void {
  useExplainedProblem.setState({ code });
}
