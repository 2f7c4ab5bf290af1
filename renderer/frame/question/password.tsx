import { foreignLine } from '../../../shared/foreign-text.ts';
import type { QuestionOf } from '../../../shared/question.ts';
import { Button } from '../../parts/Button.tsx';
import { AskerName, askerOf, Name } from './asker.tsx';
import { Facts, HostAndPort } from './Facts.tsx';
import type { Answering, QuestionParts } from './parts.ts';
import { SecretForm } from './SecretForm.tsx';

/** A host lets its user in with a password. */
export function passwordParts(question: QuestionOf<'password'>, answering: Answering): QuestionParts {
  const { user, host, port, remember, wasWrong } = question;
  const asker = askerOf(question.connection);
  return {
    title: `Password for ${foreignLine(user)}@${foreignLine(host)}`,
    description: (
      <>
        <AskerName asker={asker} /> asks for a password. It goes to this host alone, over the encrypted connection.
      </>
    ),
    body: (
      <>
        <Facts
          asker={asker}
          more={[
            ['User', <Name key="user" text={user} />],
            ['Host', <HostAndPort key="host" host={host} port={port} />],
          ]}
        />
        <SecretForm
          key={question.id}
          question={question.id}
          fields={[{ label: 'Password', secret: 'password' }]}
          wrong={wasWrong ? 'The host did not accept that password. Type it again.' : undefined}
          empty="Type the password of the user."
          remember={remember}
          answering={answering}
        />
      </>
    ),
    refuse: 'Cancel sign-in',
    actions: (
      <Button kind="primary" type="submit" form={answering.form} busy={answering.busy === 'secrets'}>
        Sign in
      </Button>
    ),
  };
}
