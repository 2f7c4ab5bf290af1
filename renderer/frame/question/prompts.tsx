import { foreignLine, foreignLines } from '../../../shared/foreign-text.ts';
import type { QuestionOf } from '../../../shared/question.ts';
import { Button } from '../../parts/Button.tsx';
import { AskerName, askerOf, Name } from './asker.tsx';
import { HostAndPort } from './Facts.tsx';
import type { Answering, QuestionParts } from './parts.ts';
import styles from './Question.module.css';
import { type AskedField, SecretForm } from './SecretForm.tsx';

/** A server asks for what it wants in its own words: a code, a password, both, anything. */
export function promptsParts(question: QuestionOf<'prompts'>, answering: Answering): QuestionParts {
  const { user, host, port, prompts, wasWrong } = question;
  const asker = askerOf(question.connection);
  return {
    title: `Sign in to ${asker.jump ?? asker.node}`,
    description: (
      <>
        <AskerName asker={asker} /> asks this of <Name text={user} /> (<HostAndPort host={host} port={port} />
        ). What you answer goes to this host alone, over the encrypted connection.
      </>
    ),
    body: (
      <>
        <Said host={host} title={foreignLine(question.title)} words={wordsOf(question)} />
        <SecretForm
          key={question.id}
          question={question.id}
          fields={fieldsOf(prompts)}
          wrong={wasWrong ? 'The host did not accept that. Answer again.' : undefined}
          answering={answering}
        />
      </>
    ),
    refuse: 'Cancel sign-in',
    actions: (
      <Button kind="primary" type="submit" form={answering.form} busy={answering.busy === 'secrets'}>
        {prompts.length > 1 ? 'Send answers' : 'Send answer'}
      </Button>
    ),
  };
}

/** The server's own words, in a frame that says whose they are. */
function Said({ host, title, words }: { host: string; title: string; words: string }) {
  return title === '' && words === '' ? null : (
    <figure className={styles.said}>
      <figcaption className={styles.saidBy}>
        <Name text={host} /> says:
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and keys must be able to scroll it */}
      <div className={styles.words} dir="auto" tabIndex={0}>
        {title && <strong>{title}</strong>}
        {title && words && '\n'}
        {words}
      </div>
    </figure>
  );
}

/** The lines of a prompt: the last one is what stands before the cursor of a terminal. */
function linesOf(text: string): { before: string; last: string } {
  const lines = foreignLines(text).trimEnd().split('\n');
  return { before: lines.slice(0, -1).join('\n').trim(), last: foreignLine(lines.at(-1) ?? '') };
}

/** All that is said before somebody is to type: a menu of ways to sign in often comes as the first lines of a prompt. */
function wordsOf({ instructions, prompts }: QuestionOf<'prompts'>): string {
  return [foreignLines(instructions), ...prompts.map(({ text }) => linesOf(text).before)]
    .filter((text) => text !== '')
    .join('\n\n');
}

/** A field a prompt. The colon that prompts end in belongs to terminals. */
function fieldsOf(prompts: QuestionOf<'prompts'>['prompts']): AskedField[] {
  return prompts.map(({ text, echo }, index) => {
    const nth = prompts.length > 1 ? ` ${index + 1}` : '';
    const label = linesOf(text).last.replace(/\s*[:：]$/, '') || `Answer${nth}`;
    return { label, ...(echo ? {} : { secret: `answer${nth}` }) };
  });
}
