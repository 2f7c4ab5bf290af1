import { useCallback, useState } from 'react';
import type { RememberedSecret } from '../../../shared/question.ts';
import { wordOf } from '../../../shared/words.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { FixText } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { useNodes } from '../../stores/nodes.ts';
import { useQuestions } from '../../stores/questions.ts';
import { useSettings } from '../../stores/settings.ts';
import styles from './Settings.module.css';
import { SettingsGroup, SettingsRow } from './SettingsGroup.tsx';
import { useFocusOnRemoval, useReloadedList } from './use-reloaded-list.ts';

const kinds: Readonly<Record<RememberedSecret['kind'], { readonly label: string; readonly action: string }>> = {
  passphrase: { label: 'Key passphrase', action: 'Remove passphrase' },
  password: { label: 'Password', action: 'Remove password' },
  registry: { label: 'Registry login', action: 'Remove login' },
};

/** Lists the passwords and passphrases in the system keychain. They can be removed, but the page never receives their values. */
export function SavedSecrets() {
  const { secrets, problem, remove } = useSavedSecrets();
  const remember = useSettings((state) => state.info?.remember);
  const [secretToRemove, setSecretToRemove] = useState<RememberedSecret>();
  const heading = useFocusOnRemoval(secrets?.length);

  return (
    <SettingsGroup ref={heading} title="Saved passwords and passphrases">
      {remember?.possible === false && (
        <SettingsRow title="Passwords cannot be saved on this computer" hint={remember.reason} />
      )}
      {problem ? (
        <SettingsRow
          title="Could not load saved passwords"
          hint={
            <>
              {problem.message} <FixText text={problem.fix} />
            </>
          }
        />
      ) : secrets === undefined ? (
        <div className={styles.row}>
          <Waiting>Loading saved passwords</Waiting>
        </div>
      ) : secrets.length === 0 ? (
        remember?.possible !== false && (
          <SettingsRow
            title="No saved passwords"
            hint="When a node asks for a password or passphrase, you can save it in the system keychain. It is then listed here."
          />
        )
      ) : (
        <ul>
          {secrets.map((secret) => (
            <li key={secret.id} className={styles.row}>
              <Icon name="key" className={styles.icon} />
              <div className={styles.secret}>
                <code className={styles.subject}>{secret.subject}</code>
                <p className={styles.hint}>{kinds[secret.kind].label}</p>
              </div>
              <Button onClick={() => setSecretToRemove(secret)}>
                Remove…<span className="visually-hidden"> {secret.subject}</span>
              </Button>
            </li>
          ))}
        </ul>
      )}
      <ConfirmDialog
        open={secretToRemove !== undefined}
        onClose={() => setSecretToRemove(undefined)}
        title={secretToRemove ? `Remove the ${wordOf(secretToRemove.kind)} of ${secretToRemove.subject}?` : ''}
        description="Barnraiser will ask for it the next time it is needed."
        losses={secretToRemove ? [`The ${wordOf(secretToRemove.kind)} in the system keychain`] : []}
        action={secretToRemove ? kinds[secretToRemove.kind].action : ''}
        onConfirm={async () => {
          if (secretToRemove) {
            await remove(secretToRemove.id);
          }
        }}
      />
    </SettingsGroup>
  );
}

const listSecrets = () => call('secrets.list', {});

/**
 * Loads the saved secrets, and again whenever the open questions or a node change, because a secret is saved after a successful
 * sign-in.
 */
function useSavedSecrets() {
  const open = useQuestions((state) => state.open);
  const nodes = useNodes((state) => state.byName);
  const { list: secrets, problem, load } = useReloadedList(listSecrets, open, nodes);
  /** @throws Failure */
  const remove = useCallback(
    async (id: string) => {
      await call('secrets.forget', { id });
      await load();
    },
    [load],
  );
  return { secrets, problem, remove };
}
