import type { Problem } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { runCheck } from '../../stores/checks.ts';

export interface LastProbeProps {
  readonly name: string;
  readonly problem: Problem;
  readonly onEdit: () => void;
}

/** Where nobody has tested a connection yet: why its last probe failed, and the offer to look closer. */
export function LastProbe({ name, problem, onEdit }: LastProbeProps) {
  return (
    <ProblemNote
      problem={problem}
      actions={
        <>
          <Button size="small" icon="refresh" onClick={() => void runCheck(name)}>
            Test stage by stage
          </Button>
          <Button size="small" icon="edit" onClick={onEdit}>
            Edit connection
          </Button>
        </>
      }
    />
  );
}
