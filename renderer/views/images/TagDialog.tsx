import { type FormEvent, useId, useState } from 'react';
import { formatReferenceShort } from '../../../shared/format.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { useImages } from '../../stores/images.ts';
import { tagImage } from '../../stores/local-images.ts';

export interface TagDialogProps {
  readonly reference: string;
  readonly onClose: () => void;
}

/** Gives an image another name. */
export function TagDialog({ reference, onClose }: TagDialogProps) {
  const lists = useImages((state) => state.lists);
  const [name, setName] = useState(reference);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const formId = useId();
  const taken = lists.find((list) => list.reference === name && name !== reference);

  async function tag(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await tagImage(reference, name);
      onClose();
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  }

  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={`Tag ${formatReferenceShort(reference)}`}
      description="The image keeps its name and gets another one. Nothing is copied."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            type="submit"
            form={formId}
            busy={busy}
            reason={name === '' || name === reference ? 'Enter another name.' : undefined}
          >
            Tag image
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={(event) => void tag(event)}>
        <TextField
          label="New name"
          mono
          value={name}
          onChange={setName}
          autoFocus
          placeholder="registry.example.com/team/api:1.4"
          description={taken ? `Another image is ${name} now. It loses the name and is kept for 7 days.` : undefined}
        />
      </form>
      {problem && <ProblemNote problem={problem} />}
    </Dialog>
  );
}
