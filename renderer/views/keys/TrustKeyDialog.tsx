import { useState } from 'react';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { KeyField } from './KeyField.tsx';

interface TrustKeyDialogProps {
  readonly onTrusted: () => void;
  readonly onClose: () => void;
}

/** Copies a public key to those whose signatures are trusted. */
export function TrustKeyDialog({ onTrusted, onClose }: TrustKeyDialogProps) {
  const [file, setFile] = useState('');
  const [name, setName] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  async function trust(): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      await call('keys.trust', { file: file.trim(), ...(name.trim() === '' ? {} : { name: name.trim() }) });
      onTrusted();
      onClose();
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title="Trust a key"
      description="Images that this key has signed are shown as valid."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            type="submit"
            form="trust-key"
            busy={busy}
            reason={file.trim() === '' ? 'Enter a public key.' : undefined}
          >
            Trust key
          </Button>
        </>
      }
    >
      <form
        id="trust-key"
        onSubmit={(event) => {
          event.preventDefault();
          void trust();
        }}
      >
        <KeyField
          label="Public key"
          placeholder="/home/me/cosign.pub"
          value={file}
          onChange={setFile}
          description="A file on the computer that runs Barnraiser. Its content is copied."
        />
        <TextField label="Name" optional value={name} onChange={setName} description="Default: the name of the file." />
      </form>
      {problem && <ProblemNote problem={problem} />}
    </Dialog>
  );
}
