import { useState } from 'react';
import type { Remembered } from '../../../shared/question.ts';
import { Button } from '../../parts/Button.tsx';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { FixText } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { useSettings } from '../../stores/settings.ts';
import { Group, Row } from './rows.tsx';
import styles from './Settings.module.css';
import { useFocusWhenShorter } from './use-kept-list.ts';
import { useRemembered } from './use-remembered.ts';

const kinds: Readonly<Record<Remembered['kind'], { readonly words: string; readonly action: string }>> = {
  passphrase: { words: 'Passphrase of a key', action: 'Forget passphrase' },
  password: { words: 'Password', action: 'Forget password' },
};

/** What the system's keychain keeps for sign-ins. What it is never comes here: it can only be forgotten. */
export function RememberedSecrets() {
  const { secrets, problem, forget } = useRemembered();
  const remember = useSettings((state) => state.info?.remember);
  const [forgetting, setForgetting] = useState<Remembered>();
  const heading = useFocusWhenShorter(secrets?.length);

  return (
    <Group ref={heading} title="Remembered secrets">
      {remember?.possible === false && <Row title="Nothing can be remembered here" hint={remember.reason} />}
      {problem ? (
        <Row
          title="What is remembered is not known"
          hint={
            <>
              {problem.message} <FixText text={problem.fix} />
            </>
          }
        />
      ) : secrets === undefined ? (
        <div className={styles.row}>
          <Waiting>Asking what is remembered</Waiting>
        </div>
      ) : secrets.length === 0 ? (
        remember?.possible !== false && (
          <Row
            title="Nothing is remembered"
            hint="A passphrase or password is asked for when a node needs it, and is kept here if you choose to remember it then."
          />
        )
      ) : (
        <ul>
          {secrets.map((secret) => (
            <li key={secret.id} className={styles.row}>
              <Icon name="key" className={styles.sign} />
              <div className={styles.secret}>
                <code className={styles.subject}>{secret.subject}</code>
                <p className={styles.hint}>{kinds[secret.kind].words}</p>
              </div>
              <Button onClick={() => setForgetting(secret)}>
                Forget…<span className="visually-hidden"> {secret.subject}</span>
              </Button>
            </li>
          ))}
        </ul>
      )}
      <ConfirmDialog
        open={forgetting !== undefined}
        onClose={() => setForgetting(undefined)}
        title={forgetting ? `Forget the ${forgetting.kind} of ${forgetting.subject}?` : ''}
        description="Barnraiser asks you for it the next time it is needed."
        losses={forgetting ? [`The ${forgetting.kind}, from the system’s keychain`] : []}
        action={forgetting ? kinds[forgetting.kind].action : ''}
        onConfirm={async () => {
          if (forgetting) {
            await forget(forgetting.id);
          }
        }}
      />
    </Group>
  );
}
