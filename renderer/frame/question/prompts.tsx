import { pluralText } from '../../../shared/format.ts';
import type { QuestionOf } from '../../../shared/question.ts';
import { sanitizeLine, sanitizeText } from '../../../shared/untrusted-text.ts';
import { Button } from '../../parts/Button.tsx';
import { HostAndPort } from './Facts.tsx';
import styles from './Question.module.css';
import type { AnswerControls, QuestionContent } from './question-content.ts';
import { SecretForm, type SecretFormField } from './SecretForm.tsx';
import { SourceName, sourceOf, UntrustedName } from './SourceName.tsx';

/** A keyboard-interactive sign-in: the server sends its own prompts, for example for a password or a verification code. */
export function promptsContent(question: QuestionOf<'prompts'>, controls: AnswerControls): QuestionContent {
  const { user, host, port, prompts, wasWrong } = question;
  const source = sourceOf(question);
  return {
    title: `Sign in to ${source.jumpHost ?? source.node}`,
    description: (
      <>
        <SourceName source={source} /> asks this for user <UntrustedName text={user} /> (
        <HostAndPort host={host} port={port} />
        ). Your answer is sent only to this host, over the encrypted connection.
      </>
    ),
    body: (
      <>
        <ServerMessage host={host} title={sanitizeLine(question.title)} text={messageText(question)} />
        <SecretForm
          key={question.id}
          questionId={question.id}
          fields={toFields(prompts)}
          previousError={wasWrong ? 'The host rejected this answer. Try again.' : undefined}
          controls={controls}
        />
      </>
    ),
    refuseLabel: 'Cancel sign-in',
    actions: (
      <Button kind="primary" type="submit" form={controls.formId} busy={controls.busy === 'secrets'}>
        {pluralText(prompts.length, 'Send answer', 'Send answers')}
      </Button>
    ),
  };
}

/** The server's own text, visually set apart and attributed to it. */
function ServerMessage({ host, title, text }: { host: string; title: string; text: string }) {
  return title === '' && text === '' ? null : (
    <figure className={styles.serverMessage}>
      <figcaption className={styles.serverName}>
        <UntrustedName text={host} /> says:
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must be scrollable by keyboard */}
      <div className={styles.serverText} dir="auto" tabIndex={0}>
        {title && <strong>{title}</strong>}
        {title && text && '\n'}
        {text}
      </div>
    </figure>
  );
}

/** Splits a prompt into its last line, which a terminal shows before the cursor, and the lines before that. */
function splitPrompt(text: string): { before: string; last: string } {
  const lines = sanitizeText(text).trimEnd().split('\n');
  return { before: lines.slice(0, -1).join('\n').trim(), last: sanitizeLine(lines.at(-1) ?? '') };
}

/** The text above the fields. A menu of sign-in methods often comes as the first lines of a prompt. */
function messageText({ instructions, prompts }: QuestionOf<'prompts'>): string {
  return [sanitizeText(instructions), ...prompts.map(({ text }) => splitPrompt(text).before)]
    .filter((text) => text !== '')
    .join('\n\n');
}

/** Makes a field of each prompt. The trailing colon of a prompt is removed from its label. */
function toFields(prompts: QuestionOf<'prompts'>['prompts']): SecretFormField[] {
  return prompts.map(({ text, echo }, index) => {
    const number = prompts.length > 1 ? ` ${index + 1}` : '';
    const label = splitPrompt(text).last.replace(/\s*[:：]$/, '') || `Answer${number}`;
    return { label, ...(echo ? {} : { secretName: `answer${number}` }) };
  });
}
