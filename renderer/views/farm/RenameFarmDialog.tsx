import { type FormEvent, useId, useState } from 'react';
import { invalidName, isName } from '../../../shared/connection.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { updateFarm, useFarms } from '../../stores/farms.ts';

/** @returns why a name is not valid for a farm, as a sentence; undefined if it is valid */
export function farmNameError(name: string, takenNames: readonly string[]): string | undefined {
  if (name === '') {
    return 'Enter a name.';
  }
  if (takenNames.includes(name)) {
    return `A farm named ${name} already exists.`;
  }
  return isName(name) ? undefined : invalidName;
}

interface RenameFarmDialogProps {
  readonly name: string;
  readonly onClose: () => void;
  readonly onRenamed: (name: string) => void;
}

export function RenameFarmDialog({ name, onClose, onRenamed }: RenameFarmDialogProps) {
  const farms = useFarms((state) => state.farms);
  const [newName, setNewName] = useState(name);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const formId = useId();
  const takenNames = farms.map((farm) => farm.name).filter((other) => other !== name);
  const error = farmNameError(newName, takenNames);

  async function rename(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (error) {
      return;
    }
    if (newName === name) {
      onClose();
      return;
    }
    setBusy(true);
    setProblem(undefined);
    try {
      await updateFarm({ name, rename: newName });
      onRenamed(newName);
    } catch (cause) {
      setProblem(problemOf(cause));
      setBusy(false);
    }
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={`Rename farm ${name}`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form={formId} busy={busy} reason={error}>
            Rename farm
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={(event) => void rename(event)}>
        <TextField label="Name" value={newName} onChange={setNewName} error={error} autoFocus />
      </form>
      {problem && <ProblemNote problem={problem} />}
    </Dialog>
  );
}
