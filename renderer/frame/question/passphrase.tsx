import { foreignLine } from '../../../shared/foreign-text.ts';
import type { QuestionOf } from '../../../shared/question.ts';
import { Button } from '../../parts/Button.tsx';
import { AskerName, askerOf, Name } from './asker.tsx';
import { Facts } from './Facts.tsx';
import type { Answering, QuestionParts } from './parts.ts';
import styles from './Question.module.css';
import { SecretForm } from './SecretForm.tsx';
import { shortPath } from './short-path.ts';

/** A key file is encrypted, and a node is signed in to with it. */
export function passphraseParts(question: QuestionOf<'passphrase'>, answering: Answering): QuestionParts {
  const { path, remember, wasWrong } = question;
  const asker = askerOf(question.connection);
  return {
    title: `Passphrase for ${foreignLine(shortPath(path))}`,
    description: (
      <>
        Barnraiser signs in to <AskerName asker={asker} /> with this key, which is encrypted. The passphrase unlocks it
        on this computer and is sent nowhere.
      </>
    ),
    body: (
      <>
        <Facts
          asker={asker}
          more={[
            [
              'Key file',
              <span key="path" className={styles.print}>
                <Name text={path} />
              </span>,
            ],
          ]}
        />
        <SecretForm
          key={question.id}
          question={question.id}
          fields={[{ label: 'Passphrase', secret: 'passphrase' }]}
          wrong={wasWrong ? 'That passphrase does not unlock the key. Type it again.' : undefined}
          empty="Type the passphrase of the key."
          remember={remember}
          answering={answering}
        />
      </>
    ),
    refuse: 'Cancel sign-in',
    actions: (
      <Button kind="primary" type="submit" form={answering.form} busy={answering.busy === 'secrets'}>
        Unlock key
      </Button>
    ),
  };
}
