/** Registries: how they are reached, who is signed in, what is wrong with one. */

import { useState } from 'react';
import { formatCount } from '../../../shared/format.ts';
import type { Registry, RegistryLogin } from '../../../shared/registry.ts';
import { call } from '../../api.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { Page } from '../../parts/Page.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { openSheet, replaceView } from '../../stores/navigation.ts';
import styles from './Registries.module.css';
import { RegistryDialog } from './RegistryDialog.tsx';
import { RegistryRow } from './RegistryRow.tsx';
import { SignInDialog } from './SignInDialog.tsx';
import { useRegistries } from './use-registries.ts';

/** With more registries, there is a filter. */
const maxWithoutFilter = 12;

type Open =
  | { readonly kind: 'sign-in' | 'settings'; readonly registry: string | undefined }
  | { readonly kind: 'sign-out'; readonly login: RegistryLogin }
  | { readonly kind: 'remove'; readonly registry: string };

export interface RegistriesViewProps {
  /** The registry that is shown first. */
  readonly name: string | undefined;
  /** Whether the dialog to sign in to it is open. */
  readonly signIn: boolean | undefined;
}

export function RegistriesView({ name, signIn }: RegistriesViewProps) {
  const { registries, problem, load } = useRegistries();
  const [filter, setFilter] = useState('');
  const [open, setOpen] = useState<Open | undefined>(signIn ? { kind: 'sign-in', registry: name } : undefined);
  const close = (): void => {
    setOpen(undefined);
    if (signIn) {
      replaceView({ view: 'registries', ...(name === undefined ? {} : { name }) });
    }
  };
  useCommands(
    () => [
      {
        id: 'registries:sign-in',
        label: 'Sign in to a registry…',
        group: 'view',
        icon: 'key',
        keywords: ['login', 'password', 'token'],
        run: () => setOpen({ kind: 'sign-in', registry: undefined }),
      },
      {
        id: 'registries:add',
        label: 'Add a registry…',
        group: 'view',
        icon: 'plus',
        keywords: ['certificate', 'mirror', 'proxy', 'insecure'],
        run: () => setOpen({ kind: 'settings', registry: undefined }),
      },
    ],
    [],
  );
  const shown = (registries ?? []).filter((registry) => matches(registry, filter));
  return (
    <Page
      title="Registries"
      note={registries && registries.length > 0 && formatCount(registries.length, 'registry', 'registries')}
      layout="column"
      actions={
        <>
          <Button icon="images" onClick={() => openSheet({ sheet: 'list' })}>
            Manifest list…
          </Button>
          <Button icon="plus" onClick={() => setOpen({ kind: 'settings', registry: undefined })}>
            Add registry…
          </Button>
          <Button icon="key" onClick={() => setOpen({ kind: 'sign-in', registry: undefined })}>
            Sign in…
          </Button>
        </>
      }
    >
      {problem && <ProblemNote problem={problem} actions={<Button onClick={load}>Try again</Button>} />}
      {!registries && !problem && <Waiting>Loading registries</Waiting>}
      {registries?.length === 0 && (
        <EmptyState icon="registry" title="No registries yet">
          Sign in to a registry, or add one that has its own certificate, a mirror or a proxy. Registries that podman
          and docker know, and those that you have pushed to, are listed here, too.
        </EmptyState>
      )}
      {(registries?.length ?? 0) > maxWithoutFilter && (
        <TextField
          label="Filter registries"
          hideLabel
          type="search"
          icon="search"
          placeholder="Filter by name, user or mirror"
          value={filter}
          onChange={setFilter}
          className={styles.filter}
        />
      )}
      {registries && registries.length > 0 && shown.length === 0 && <p className={styles.quiet}>No matches</p>}
      {shown.length > 0 && (
        <ul className={styles.rows} aria-label="Registries">
          {shown.map((registry) => (
            <RegistryRow
              key={registry.name}
              registry={registry}
              isCurrent={registry.name === name}
              onSignIn={() => setOpen({ kind: 'sign-in', registry: registry.name })}
              onSettings={() => setOpen({ kind: 'settings', registry: registry.name })}
              onSignOut={(login) => setOpen({ kind: 'sign-out', login })}
              onRemove={() => setOpen({ kind: 'remove', registry: registry.name })}
            />
          ))}
        </ul>
      )}
      {open?.kind === 'sign-in' && <SignInDialog registry={open.registry} onClose={close} />}
      {open?.kind === 'settings' && (
        <RegistryDialog
          name={open.registry}
          settings={registries?.find((registry) => registry.name === open.registry)?.own}
          onClose={close}
        />
      )}
      <ConfirmDialog
        open={open?.kind === 'sign-out'}
        onClose={close}
        title={open?.kind === 'sign-out' ? `Sign out of ${open.login.name}?` : ''}
        description={open?.kind === 'sign-out' ? `Removes the login from ${open.login.keptIn}.` : ''}
        action="Sign out"
        onConfirm={async () => {
          if (open?.kind === 'sign-out') {
            await call('registries.logout', { name: open.login.name, store: open.login.store });
          }
        }}
      />
      <ConfirmDialog
        open={open?.kind === 'remove'}
        onClose={close}
        title={open?.kind === 'remove' ? `Remove the settings of ${open.registry}?` : ''}
        description="What podman's files say of it holds then. Logins and certificate files are kept."
        action="Remove settings"
        onConfirm={async () => {
          if (open?.kind === 'remove') {
            await call('registries.remove', { name: open.registry });
          }
        }}
      />
    </Page>
  );
}

function matches({ name, logins, mirrors }: Registry, filter: string): boolean {
  const words = filter.toLowerCase().split(/\s+/);
  const text = [name, ...logins.map(({ username = '' }) => username), ...mirrors.map(({ location }) => location)]
    .join(' ')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}
