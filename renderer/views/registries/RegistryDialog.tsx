import { useId, useState } from 'react';
import type { RegistrySettings, RegistryTls } from '../../../shared/registry.ts';
import { normalRegistryName, registryNameProblem } from '../../../shared/registry-name.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Select } from '../../parts/Select.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { useWork } from '../../parts/use-work.ts';
import styles from './Registries.module.css';

export interface RegistryDialogProps {
  /** The registry whose settings are changed. Undefined: a new one. */
  readonly name: string | undefined;
  readonly settings: RegistrySettings | undefined;
  readonly onClose: () => void;
}

const tlsOptions = [
  { value: 'verify', label: 'Verify the certificate' },
  {
    value: 'no-verify',
    label: 'Do not verify it',
    hint: 'Any certificate, otherwise plain HTTP. Others on the network can read everything.',
  },
  { value: 'plain-http', label: 'Plain HTTP', hint: 'For a registry on this computer.' },
] as const satisfies readonly { value: RegistryTls; label: string; hint?: string }[];

/** Sets up a registry, or changes its settings. */
export function RegistryDialog({ name: known, settings, onClose }: RegistryDialogProps) {
  const [name, setName] = useState(known ?? '');
  const [tls, setTls] = useState<RegistryTls>(settings?.tls ?? 'verify');
  const [ca, setCa] = useState(settings?.ca ?? '');
  const [clientCertificate, setClientCertificate] = useState(settings?.clientCertificate ?? '');
  const [clientKey, setClientKey] = useState(settings?.clientKey ?? '');
  const [mirrors, setMirrors] = useState((settings?.mirrors ?? []).join(', '));
  const [proxy, setProxy] = useState(settings?.proxy ?? '');
  const { busy, problem, run } = useWork();
  const form = useId();
  const normal = normalRegistryName(name);
  const nameProblem = name.trim() === '' ? undefined : registryNameProblem(normal);
  const named = mirrors
    .split(/[\s,]+/)
    .filter((mirror) => mirror !== '')
    .map(normalRegistryName);
  const mirrorProblem = named.map((mirror) => registryNameProblem(mirror, { path: true })).find(Boolean);
  const isComplete = name.trim() !== '' && nameProblem === undefined && mirrorProblem === undefined;

  async function save(): Promise<void> {
    const change = { name: normal, tls, mirrors: named, proxy: proxy.trim() };
    const files = { ca: ca.trim(), clientCertificate: clientCertificate.trim(), clientKey: clientKey.trim() };
    await call(known === undefined ? 'registries.add' : 'registries.set', { ...change, ...files });
    onClose();
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={known === undefined ? 'Add a registry' : `Settings of ${known}`}
      description="Barnraiser reaches the registry this way. Nodes pull base images with their own settings."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            type="submit"
            form={form}
            busy={busy}
            reason={!isComplete ? 'Enter a registry, and files that belong together.' : undefined}
          >
            {known === undefined ? 'Add registry' : 'Save settings'}
          </Button>
        </>
      }
    >
      <form
        id={form}
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (isComplete && !busy) {
            void run(save);
          }
        }}
      >
        {problem && <ProblemNote problem={problem} />}
        {known === undefined && (
          <TextField
            label="Registry"
            mono
            autoFocus
            value={name}
            onChange={setName}
            placeholder="registry.example.com:5000"
            error={nameProblem}
          />
        )}
        <Select label="TLS" value={tls} options={tlsOptions} onChange={setTls} />
        {tls !== 'plain-http' && (
          <>
            <TextField
              label="Certificate authority"
              optional
              mono
              value={ca}
              onChange={setCa}
              placeholder="/path/to/ca.pem"
              description="Trusted for this registry, besides those of this computer."
            />
            <div className={styles.pair}>
              <TextField
                label="Client certificate"
                optional
                mono
                value={clientCertificate}
                onChange={setClientCertificate}
                placeholder="/path/to/client.pem"
              />
              <TextField
                label="Its key"
                optional
                mono
                value={clientKey}
                onChange={setClientKey}
                placeholder="/path/to/client-key.pem"
              />
            </div>
          </>
        )}
        <TextField
          label="Mirrors"
          optional
          mono
          value={mirrors}
          onChange={setMirrors}
          placeholder="mirror.example.com/hub"
          description="Asked first when something is read. What is pushed goes to the registry itself."
          error={mirrorProblem}
        />
        <TextField
          label="Proxy"
          optional
          mono
          value={proxy}
          onChange={setProxy}
          placeholder="http://proxy.example.com:3128"
          description="For this registry only. Enter none to use no proxy; leave it empty for that of the environment."
        />
      </form>
    </Dialog>
  );
}
