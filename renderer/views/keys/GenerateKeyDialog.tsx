import { useEffect, useState } from 'react';
import type { CallOutput } from '../../../shared/contract.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { SecretField } from '../../parts/SecretField.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { toast } from '../../stores/toasts.ts';

interface GenerateKeyDialogProps {
  readonly onMade: (key: CallOutput<'keys.generate'>) => void;
  readonly onClose: () => void;
}

/** Makes a key pair in two files. The password is not kept. */
export function GenerateKeyDialog({ onMade, onClose }: GenerateKeyDialogProps) {
  const [prefix, setPrefix] = useState('');
  const [password, setPassword] = useState('');
  const [repeated, setRepeated] = useState('');
  const [trusts, setTrusts] = useState(true);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    // the home folder is only a suggestion, so a failure is ignored
    call('folders.list', {}).then(
      ({ path }) => setPrefix((typed) => typed || `${path.replace(/[/\\]+$/, '')}/cosign`),
      () => undefined,
    );
  }, []);
  const isDifferent = repeated !== '' && repeated !== password;

  async function generate(): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      const made = await call('keys.generate', { prefix: prefix.trim(), password });
      if (trusts) {
        await call('keys.trust', { file: made.publicKey });
      }
      toast({
        title: 'Made a key',
        description: `${made.privateKey} signs: keep it secret. Give ${made.publicKey} to others.`,
        kind: 'done',
      });
      onMade(made);
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
      title="Generate a key"
      description="A key of ECDSA P-256, as cosign makes it: a private file that signs, and a public one that verifies."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            type="submit"
            form="generate-key"
            busy={busy}
            reason={
              prefix.trim() === '' || repeated !== password
                ? 'Enter where to write the key, and the same password twice.'
                : undefined
            }
          >
            Generate key
          </Button>
        </>
      }
    >
      <form
        id="generate-key"
        onSubmit={(event) => {
          event.preventDefault();
          void generate();
        }}
      >
        <TextField
          label="Files"
          mono
          value={prefix}
          onChange={setPrefix}
          description={`On the computer that runs Barnraiser: ${prefix || 'PATH'}.key and ${prefix || 'PATH'}.pub.`}
        />
        <SecretField label="Password" what="password" value={password} onChange={setPassword} />
        <SecretField
          label="Password again"
          what="repeated password"
          value={repeated}
          onChange={setRepeated}
          error={isDifferent ? 'The passwords differ.' : undefined}
        />
        <Checkbox label="Trust signatures of this key" checked={trusts} onChange={setTrusts} />
      </form>
      {problem && <ProblemNote problem={problem} />}
    </Dialog>
  );
}
