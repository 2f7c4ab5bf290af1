import type { QuestionOf } from '../../../shared/question.ts';
import { sanitizeLine } from '../../../shared/untrusted-text.ts';
import { Button } from '../../parts/Button.tsx';
import type { AnswerControls, QuestionContent } from './question-content.ts';
import { SecretForm } from './SecretForm.tsx';
import { UntrustedName } from './SourceName.tsx';

/** A build needs the value of a secret that is typed. */
export function secretContent(question: QuestionOf<'secret'>, controls: AnswerControls): QuestionContent {
  return {
    title: `Secret ${sanitizeLine(question.secret)}`,
    description: (
      <>
        The build of <UntrustedName text={question.connection} /> gives this secret to the steps that ask for it. It is
        neither saved nor a part of the image.
      </>
    ),
    body: (
      <SecretForm
        key={question.id}
        questionId={question.id}
        fields={[{ label: 'Value', secretName: 'value' }]}
        emptyError="Enter the value of the secret."
        controls={controls}
      />
    ),
    refuseLabel: 'Cancel build',
    actions: (
      <Button kind="primary" type="submit" form={controls.formId} busy={controls.busy === 'secrets'}>
        Use secret
      </Button>
    ),
  };
}
