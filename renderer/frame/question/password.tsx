import type { QuestionOf } from '../../../shared/question.ts';
import { sanitizeLine } from '../../../shared/untrusted-text.ts';
import { Button } from '../../parts/Button.tsx';
import { Facts, HostAndPort } from './Facts.tsx';
import type { AnswerControls, QuestionContent } from './question-content.ts';
import { SecretForm } from './SecretForm.tsx';
import { SourceName, sourceOf, UntrustedName } from './SourceName.tsx';

/** A host asks for the password of its user. */
export function passwordContent(question: QuestionOf<'password'>, controls: AnswerControls): QuestionContent {
  const { user, host, port, remember, wasWrong } = question;
  const source = sourceOf(question);
  return {
    title: `Password for ${sanitizeLine(user)}@${sanitizeLine(host)}`,
    description: (
      <>
        <SourceName source={source} /> asks for a password. It is sent only to this host, over the encrypted connection.
      </>
    ),
    body: (
      <>
        <Facts
          source={source}
          details={[
            ['User', <UntrustedName key="user" text={user} />],
            ['Host', <HostAndPort key="host" host={host} port={port} />],
          ]}
        />
        <SecretForm
          key={question.id}
          questionId={question.id}
          fields={[{ label: 'Password', secretName: 'password' }]}
          previousError={wasWrong ? 'The host rejected this password. Try again.' : undefined}
          emptyError="Enter the password of the user."
          remember={remember}
          controls={controls}
        />
      </>
    ),
    refuseLabel: 'Cancel sign-in',
    actions: (
      <Button kind="primary" type="submit" form={controls.formId} busy={controls.busy === 'secrets'}>
        Sign in
      </Button>
    ),
  };
}
