import { foreignCommand } from '../../../shared/foreign-text.ts';
import type { QuestionOf } from '../../../shared/question.ts';
import { Button } from '../../parts/Button.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { AskerName, askerOf, Name } from './asker.tsx';
import { Facts } from './Facts.tsx';
import type { Answering, QuestionParts } from './parts.ts';
import styles from './Question.module.css';

/** The SSH configuration reaches a host by a command of this computer: may it be run? */
export function proxyCommandParts(question: QuestionOf<'proxy-command'>, { busy, answer }: Answering): QuestionParts {
  const { host, command, file, line } = question;
  const asker = askerOf(question.connection);
  return {
    title: `Run a command to reach ${asker.jump ?? asker.node}?`,
    description: (
      <>
        Your SSH configuration reaches <AskerName asker={asker} /> through a command. It runs on this computer with all
        that you may do, so run it only if you know what it does.
      </>
    ),
    body: (
      <>
        {/* before all else: however long it is, nothing else is in the way of reading it */}
        <div className={styles.check}>
          <p>The command, as it would be run:</p>
          <Copyable block what="command" text={foreignCommand(command)} />
        </div>
        <Facts
          asker={asker}
          more={[
            ['Host', <Name key="host" text={host} />],
            [
              'Written in',
              <span key="place" className={styles.print}>
                <Name text={`${file}:${line}`} />
              </span>,
            ],
          ]}
        />
        <p className={styles.meaning}>
          “Always run” runs it whenever the configuration has this very command for this host; Settings takes that back.
          “Run once” runs it until Barnraiser is closed.
        </p>
      </>
    ),
    refuse: 'Don’t run',
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
