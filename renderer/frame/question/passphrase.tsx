import type { QuestionOf } from '../../../shared/question.ts';
import { sanitizeLine } from '../../../shared/untrusted-text.ts';
import { Button } from '../../parts/Button.tsx';
import { Facts } from './Facts.tsx';
import styles from './Question.module.css';
import type { AnswerControls, QuestionContent } from './question-content.ts';
import { SecretForm } from './SecretForm.tsx';
import { SourceName, sourceOf, UntrustedName } from './SourceName.tsx';

/** Signing in needs a key file that is encrypted. */
export function passphraseContent(question: QuestionOf<'passphrase'>, controls: AnswerControls): QuestionContent {
  const { path, remember, wasWrong, forBuild } = question;
  const source = sourceOf(question);
  return {
    title: `Passphrase for ${sanitizeLine(shortPath(path))}`,
    description: (
      <>
        {forBuild ? 'Steps of the build of ' : 'Barnraiser signs in to '}
        <SourceName source={source} />
        {forBuild ? ' may sign in with this encrypted key.' : ' with this encrypted key.'} The passphrase unlocks it on
        this computer and is not sent anywhere.
      </>
    ),
    body: (
      <>
        <Facts
          {...(forBuild ? { what: 'Build' } : {})}
          source={source}
          details={[
            [
              'Key file',
              <span key="path" className={styles.monospace}>
                <UntrustedName text={path} />
              </span>,
            ],
          ]}
        />
        <SecretForm
          key={question.id}
          questionId={question.id}
          fields={[{ label: 'Passphrase', secretName: 'passphrase' }]}
          previousError={wasWrong ? 'Wrong passphrase. Try again.' : undefined}
          emptyError="Enter the passphrase of the key."
          remember={remember}
          controls={controls}
        />
      </>
    ),
    refuseLabel: forBuild ? 'Cancel build' : 'Cancel sign-in',
    actions: (
      <Button kind="primary" type="submit" form={controls.formId} busy={controls.busy === 'secrets'}>
        Unlock key
      </Button>
    ),
  };
}

/** Abbreviates the home folder in the path of a key in `.ssh`: `~/.ssh/id_ed25519`. Other paths stay as they are. */
export function shortPath(path: string): string {
  return path.replace(/^(?:\/home\/[^/]+|\/Users\/[^/]+|\/root|[A-Za-z]:\\Users\\[^\\]+)(?=[/\\]\.ssh[/\\])/, '~');
}
