import { useId, useState } from 'react';
import type { LoginStore } from '../../../shared/registry.ts';
import { normalRegistryName, registryNameProblem } from '../../../shared/registry-name.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Select } from '../../parts/Select.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { useWork } from '../../parts/use-work.ts';
import { useSettings } from '../../stores/settings.ts';
import { toast } from '../../stores/toasts.ts';
import styles from './Registries.module.css';

export interface SignInDialogProps {
  /** Undefined: it is entered, too. */
  readonly registry: string | undefined;
  /** False: also with any certificate, or plain HTTP. */
  readonly tlsVerify?: boolean;
  readonly onClose: () => void;
  /** Called after the login was accepted and saved. */
  readonly onSignedIn?: () => void;
}

/** Tries a login at a registry, and saves it if the registry accepts it. */
export function SignInDialog({ registry, tlsVerify = true, onClose, onSignedIn }: SignInDialogProps) {
  const [name, setName] = useState(registry ?? '');
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [store, setStore] = useState<LoginStore>('barnraiser');
  const { busy, problem, run } = useWork();
  const remember = useSettings((state) => state.info?.remember);
  const form = useId();
  const normal = normalRegistryName(name);
  const nameProblem = name.trim() === '' ? undefined : registryNameProblem(normal, { path: true });
  const isComplete = name.trim() !== '' && nameProblem === undefined && username !== '' && password !== '';

  async function signIn(): Promise<void> {
    const { checked } = await call('registries.login', { name: normal, username, password, store, tlsVerify });
    onClose();
    onSignedIn?.();
    toast({
      title: `Signed in to ${normal}`,
      ...(checked ? {} : { description: 'The registry asks for no login, so it has not tried this one.' }),
      kind: 'done',
    });
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={registry === undefined ? 'Sign in to a registry' : `Sign in to ${registry}`}
      description="The registry tries the login before it is saved."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            type="submit"
            form={form}
            busy={busy}
            busyLabel="Signing in…"
            reason={!isComplete ? 'Enter a registry, a username and a password.' : undefined}
          >
            Sign in
          </Button>
        </>
      }
    >
      <form
        id={form}
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          // a dialog inside a form must not submit that, too
          event.stopPropagation();
          if (isComplete && !busy) {
            void run(signIn);
          }
        }}
      >
        {problem && <ProblemNote problem={{ ...problem, actions: [] }} />}
        {registry === undefined && (
          <TextField
            label="Registry"
            mono
            autoFocus
            value={name}
            onChange={setName}
            placeholder="registry.example.com"
            error={nameProblem}
          />
        )}
        <TextField
          label="Username"
          autoFocus={registry !== undefined}
          value={username}
          onChange={setUsername}
          autoComplete="off"
        />
        <TextField
          label="Password or token"
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="off"
        />
        <Select
          label="Save in"
          value={store}
          options={[
            {
              value: 'barnraiser',
              label: 'Barnraiser',
              hint: remember?.possible === false ? 'In memory, until Barnraiser is closed' : "In the system's keychain",
            },
            { value: 'podman', label: "podman's file", hint: 'Used by podman, skopeo and buildah, too' },
            { value: 'docker', label: "docker's file", hint: 'By its credential helper, if it has one' },
          ]}
          onChange={setStore}
        />
      </form>
    </Dialog>
  );
}
