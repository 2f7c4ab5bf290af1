import { useState } from 'react';
import type { QuestionOf } from '../../../shared/question.ts';
import { sanitizeLine } from '../../../shared/untrusted-text.ts';
import { Button } from '../../parts/Button.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { Facts, HostAndPort } from './Facts.tsx';
import { compareFingerprints, type FingerprintComparison } from './fingerprint.ts';
import styles from './Question.module.css';
import type { AnswerControls, QuestionContent } from './question-content.ts';
import { sourceOf, UntrustedName } from './SourceName.tsx';

/** A host presented a key that no known_hosts file contains. */
export function hostKeyContent(question: QuestionOf<'host-key'>, { busy, answer }: AnswerControls): QuestionContent {
  const { host, port, keyType, fingerprint, notes } = question;
  const source = sourceOf(question);
  return {
    title: `Trust the host key of ${source.jumpHost ?? source.node}?`,
    description:
      source.jumpHost === undefined ? (
        'This host is not known yet. It will receive your build context and return images, so compare its fingerprint before you trust it.'
      ) : (
        <>
          This host is not known yet. It is the jump host for <UntrustedName text={source.node} />, and all traffic to
          the node passes through it, so compare its fingerprint before you trust it.
        </>
      ),
    body: (
      <>
        <Facts
          source={source}
          details={[
            ['Host', <HostAndPort key="host" host={host} port={port} />],
            ['Key', keyType],
            ['Fingerprint', <Copyable key="print" what="fingerprint" text={fingerprint} />],
          ]}
        />
        {notes.length > 0 && (
          <ul className={styles.notes} aria-label="Before you trust this host">
            {notes.map((note) => (
              <li key={note}>
                <Icon name="warning" />
                <bdi>{sanitizeLine(note, 600)}</bdi>
              </li>
            ))}
          </ul>
        )}
        <div className={styles.check}>
          <p>To compare it, run this on the host:</p>
          <Copyable block what="command" text={`ssh-keygen -lf /etc/ssh/ssh_host_${fileOf(keyType)}_key.pub`} />
          <FingerprintField key={question.id} fingerprint={fingerprint} />
        </div>
        <p className={styles.meaning}>
          “Trust and save” adds the key to known_hosts. “Trust once” trusts it until you close Barnraiser.
        </p>
      </>
    ),
    refuseLabel: 'Refuse',
    actions: (
      <>
        <Button busy={busy === 'once'} onClick={() => answer('once')}>
          Trust once
        </Button>
        <Button kind="primary" busy={busy === 'trust'} onClick={() => answer('trust')}>
          Trust and save
        </Button>
      </>
    ),
  };
}

const comparisonErrors: Readonly<Record<FingerprintComparison, string | undefined>> = {
  none: undefined,
  same: undefined,
  different: 'It does not match. Do not trust this host.',
  'no-fingerprint': 'This is not a SHA256 fingerprint. Paste the output of the command.',
};

/** A field for the fingerprint that a person got from the host, which says whether it is the same. */
function FingerprintField({ fingerprint }: { fingerprint: string }) {
  const [text, setText] = useState('');
  const comparison = compareFingerprints(fingerprint, text);
  return (
    <>
      <TextField
        label="Paste what it prints"
        optional
        mono
        placeholder="SHA256:…"
        value={text}
        onChange={setText}
        error={comparisonErrors[comparison]}
      />
      <output className={styles.match}>
        {comparison === 'same' && (
          <>
            <Icon name="check" /> It matches the fingerprint above.
          </>
        )}
      </output>
    </>
  );
}

/** The key type in the name of sshd's key file. @param keyType of the SSH protocol, such as `ecdsa-sha2-nistp256` */
function fileOf(keyType: string): string {
  return /ed25519|ecdsa|rsa/.exec(keyType)?.[0] ?? 'ed25519';
}
