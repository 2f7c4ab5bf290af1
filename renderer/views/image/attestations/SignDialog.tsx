import { useState } from 'react';
import { type Problem, problemOf } from '../../../../shared/problem.ts';
import { call } from '../../../api.ts';
import { Button } from '../../../parts/Button.tsx';
import { Checkbox } from '../../../parts/Checkbox.tsx';
import { Dialog } from '../../../parts/Dialog.tsx';
import { lazyPart } from '../../../parts/lazy-part.tsx';
import { Presence } from '../../../parts/Presence.tsx';
import { ProblemNote } from '../../../parts/ProblemNote.tsx';
import { SecretField } from '../../../parts/SecretField.tsx';
import { useSettings } from '../../../stores/settings.ts';
import { toast } from '../../../stores/toasts.ts';
import { KeyField } from '../../keys/KeyField.tsx';

const GenerateKeyDialog = lazyPart(async () => (await import('../../keys/GenerateKeyDialog.tsx')).GenerateKeyDialog);

export interface SignDialogProps {
  readonly reference: string;
  readonly onSigned: () => void;
  readonly onClose: () => void;
}

/** Signs an image in local storage with a key file. The password is not kept. */
export function SignDialog({ reference, onSigned, onClose }: SignDialogProps) {
  const [key, setKey] = useState(useSettings(({ settings }) => settings.signKey ?? ''));
  const [password, setPassword] = useState('');
  const [recursive, setRecursive] = useState(true);
  const [attestations, setAttestations] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const [isGenerating, setGenerating] = useState(false);

  async function sign(): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      await call('images.sign', {
        ...{ reference, key: key.trim(), recursive, attestations },
        ...(password === '' ? {} : { password }),
      });
      toast({ title: `Signed ${reference}`, description: 'Every push brings the signature along.', kind: 'done' });
      onSigned();
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
      title="Sign image"
      description={reference}
      footerStart={
        <Button icon="key" onClick={() => setGenerating(true)}>
          Generate a key…
        </Button>
      }
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            type="submit"
            form="sign-image"
            busy={busy}
            reason={key.trim() === '' ? 'Enter a private key.' : undefined}
          >
            Sign image
          </Button>
        </>
      }
    >
      <form
        id="sign-image"
        onSubmit={(event) => {
          event.preventDefault();
          void sign();
        }}
      >
        <KeyField
          label="Private key"
          placeholder="/home/me/cosign.key"
          value={key}
          onChange={setKey}
          description="A file on the computer that runs Barnraiser: a key of cosign, or PEM."
        />
        <SecretField label="Password" what="password" value={password} onChange={setPassword} />
        <Checkbox label="Sign the images of all platforms, too" checked={recursive} onChange={setRecursive} />
        <Checkbox label="Sign provenance and SBOM, too" checked={attestations} onChange={setAttestations} />
      </form>
      {problem && <ProblemNote problem={problem} />}
      <Presence>
        {isGenerating && (
          <GenerateKeyDialog onMade={({ privateKey }) => setKey(privateKey)} onClose={() => setGenerating(false)} />
        )}
      </Presence>
    </Dialog>
  );
}
