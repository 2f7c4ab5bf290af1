import type { QuestionOf } from '../../../shared/question.ts';
import { escapeHiddenCharacters } from '../../../shared/untrusted-text.ts';
import { Button } from '../../parts/Button.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { Facts } from './Facts.tsx';
import styles from './Question.module.css';
import type { AnswerControls, QuestionContent } from './question-content.ts';
import { SourceName, sourceOf, UntrustedName } from './SourceName.tsx';

/** The SSH configuration has a ProxyCommand, which runs on this computer. */
export function proxyCommandContent(
  question: QuestionOf<'proxy-command'>,
  { busy, answer }: AnswerControls,
): QuestionContent {
  const { host, command, file, line } = question;
  const source = sourceOf(question);
  return {
    title: `Run a command to reach ${source.jumpHost ?? source.node}?`,
    description: (
      <>
        Your SSH configuration reaches <SourceName source={source} /> through a command. It runs on this computer with
        your permissions, so run it only if you know what it does.
      </>
    ),
    body: (
      <>
        {/* first, so that even a long command is not pushed out of sight */}
        <div className={styles.check}>
          <p>Command:</p>
          <Copyable block what="command" text={escapeHiddenCharacters(command)} />
        </div>
        <Facts
          source={source}
          details={[
            ['Host', <UntrustedName key="host" text={host} />],
            [
              'Configured in',
              <span key="position" className={styles.monospace}>
                <UntrustedName text={`${file}:${line}`} />
              </span>,
            ],
          ]}
        />
        <p className={styles.meaning}>
          “Always run” allows exactly this command for this host until you remove it in Settings. “Run once” allows it
          until you close Barnraiser.
        </p>
      </>
    ),
    refuseLabel: 'Don’t run',
    actions: (
      <>
        <Button busy={busy === 'once'} onClick={() => answer('once')}>
          Run once
        </Button>
        <Button kind="primary" busy={busy === 'trust'} onClick={() => answer('trust')}>
          Always run
        </Button>
      </>
    ),
  };
}
