import { type FormEvent, useId, useState } from 'react';
import { nameSchema } from '../../../shared/connection.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { updateFarm, useFarms } from '../../stores/farms.ts';

/** What is wrong with a name for a farm, in a sentence; undefined where nothing is. */
export function farmNameError(name: string, taken: readonly string[]): string | undefined {
  if (name === '') {
    return 'Give the farm a name.';
  }
  if (taken.includes(name)) {
    return `There is a farm ${name} already.`;
  }
  const parsed = nameSchema.safeParse(name);
  return parsed.success ? undefined : parsed.error.issues[0]?.message;
}

interface RenameFarmProps {
  readonly name: string;
  readonly onClose: () => void;
  readonly onRenamed: (name: string) => void;
}

export function RenameFarm({ name, onClose, onRenamed }: RenameFarmProps) {
  const farms = useFarms((state) => state.farms);
  const [typed, setTyped] = useState(name);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const form = useId();
  const others = farms.map((farm) => farm.name).filter((other) => other !== name);
  const error = farmNameError(typed, others);

  async function rename(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (error) {
      return;
    }
    if (typed === name) {
      onClose();
      return;
    }
    setBusy(true);
    setProblem(undefined);
    try {
      await updateFarm({ name, rename: typed });
      onRenamed(typed);
    } catch (thrown) {
      setProblem(problemOf(thrown));
      setBusy(false);
    }
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={`Rename ${name}`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form={form} busy={busy} disabled={error !== undefined}>
            Rename farm
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={(event) => void rename(event)}>
        <TextField label="Name" value={typed} onChange={setTyped} error={error} autoFocus />
      </form>
      {problem && <ProblemNote problem={problem} />}
    </Dialog>
  );
}
