import { foreignLine } from '../../../shared/foreign-text.ts';
import type { QuestionOf } from '../../../shared/question.ts';
import { Button } from '../../parts/Button.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { askerOf, Name } from './asker.tsx';
import { Facts, HostAndPort } from './Facts.tsx';
import type { Answering, QuestionParts } from './parts.ts';
import styles from './Question.module.css';

/** A host that nobody has met before shows its key: is it the one that is meant? */
export function hostKeyParts(question: QuestionOf<'host-key'>, { busy, answer }: Answering): QuestionParts {
  const { host, port, keyType, fingerprint, notes } = question;
  const asker = askerOf(question.connection);
  return {
    title: `Is this ${asker.jump ?? asker.node}?`,
    description:
      asker.jump === undefined ? (
        'Its host key is not known yet. Whoever holds the key gets your context and sends images back, so compare the fingerprint before you trust it.'
      ) : (
        <>
          It is a jump host on the way to <Name text={asker.node} />, and its host key is not known yet. All that goes
          to the node goes through it, so compare the fingerprint before you trust it.
        </>
      ),
    body: (
      <>
        <Facts
          asker={asker}
          more={[
            ['Host', <HostAndPort key="host" host={host} port={port} />],
            ['Key', keyType],
            [
              'Fingerprint',
              <span key="print" className={styles.print}>
                {fingerprint}
              </span>,
            ],
          ]}
        />
        {notes.length > 0 && (
          <ul className={styles.notes} aria-label="Know before you decide">
            {notes.map((note) => (
              <li key={note}>
                <Icon name="warning" />
                <bdi>{foreignLine(note, 600)}</bdi>
              </li>
            ))}
          </ul>
        )}
        <div className={styles.check}>
          <p>On the host itself, this prints the same line:</p>
          <Copyable block what="command" text={`ssh-keygen -lf /etc/ssh/ssh_host_${fileOf(keyType)}_key.pub`} />
        </div>
        <p className={styles.meaning}>
          “Trust and save” writes the key to known_hosts. “Use once” trusts it until Barnraiser is closed, and writes
          nothing.
        </p>
      </>
    ),
    refuse: 'Refuse',
    actions: (
      <>
        <Button busy={busy === 'once'} onClick={() => answer('once')}>
          Use once
        </Button>
        <Button kind="primary" busy={busy === 'trust'} onClick={() => answer('trust')}>
          Trust and save
        </Button>
      </>
    ),
  };
}

/** The part of sshd's key file names that stands for a type as the protocol names it (`ssh-ed25519`, `ecdsa-sha2-nistp256`). */
function fileOf(keyType: string): string {
  return /ed25519|ecdsa|rsa/.exec(keyType)?.[0] ?? 'ed25519';
}
