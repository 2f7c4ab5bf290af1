import { useCallback, useEffect, useState } from 'react';
import { formatPlatform } from '../../../../shared/format.ts';
import { type Problem, problemOf } from '../../../../shared/problem.ts';
import { type Signature, type Signed, type Verdict, verdictTexts } from '../../../../shared/signature.ts';
import { call } from '../../../api.ts';
import { Button } from '../../../parts/Button.tsx';
import { classes } from '../../../parts/classes.ts';
import { Icon } from '../../../parts/Icon.tsx';
import { lazyPart } from '../../../parts/lazy-part.tsx';
import { Presence } from '../../../parts/Presence.tsx';
import { ProblemNote } from '../../../parts/ProblemNote.tsx';
import { RelativeTime } from '../../../parts/Quantity.tsx';
import { Waiting } from '../../../parts/Spinner.tsx';
import { KeyField } from '../../keys/KeyField.tsx';
import type { ImageSectionProps } from '../section-props.ts';
import styles from './Attestations.module.css';

const SignDialog = lazyPart(async () => (await import('./SignDialog.tsx')).SignDialog);

/** The signatures of the list and of the images of its platforms. */
export function SignaturesSection({ reference, list: { digest } }: ImageSectionProps) {
  const [signed, setSigned] = useState<readonly Signed[]>();
  const [problem, setProblem] = useState<Problem>();
  const [key, setKey] = useState('');
  const [busy, setBusy] = useState(false);
  const [isSigning, setIsSigning] = useState(false);
  const load = useCallback(
    async (publicKey: string, signal?: AbortSignal): Promise<void> => {
      setProblem(undefined);
      try {
        setSigned(
          await call(
            'images.signatures',
            { reference, ...(publicKey === '' ? { trusted: true } : { key: publicKey }) },
            signal ? { signal } : {},
          ),
        );
      } catch (error) {
        if (!signal?.aborted) {
          setProblem(problemOf(error));
        }
      }
    },
    [reference],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list may have got the reference
  useEffect(() => {
    const cancel = new AbortController();
    void load('', cancel.signal);
    return () => cancel.abort();
  }, [load, digest]);

  async function check(): Promise<void> {
    setBusy(true);
    await load(key.trim());
    setBusy(false);
  }

  return (
    <>
      <form
        className={styles.key}
        onSubmit={(event) => {
          event.preventDefault();
          void check();
        }}
      >
        <KeyField
          label="Public key"
          placeholder="/home/me/cosign.pub"
          value={key}
          onChange={setKey}
          description="A file on the computer that runs Barnraiser. Without it, the trusted keys of the settings count."
        />
        <Button type="submit" busy={busy}>
          Verify signatures
        </Button>
        <Button icon="key" onClick={() => setIsSigning(true)}>
          Sign…
        </Button>
      </form>
      {problem && <ProblemNote problem={problem} />}
      {signed ? <SignedList signed={signed} /> : !problem && <Waiting>Loading signatures</Waiting>}
      <Presence>
        {isSigning && (
          <SignDialog
            reference={reference}
            onSigned={() => void load(key.trim())}
            onClose={() => setIsSigning(false)}
          />
        )}
      </Presence>
    </>
  );
}

function SignedList({ signed }: { signed: readonly Signed[] }) {
  return (
    <ul className={styles.signed}>
      {signed.map(({ platform, digest, signatures }) => (
        <li key={`${platform} ${digest}`}>
          <h2>{platform ? formatPlatform(platform) : 'Manifest list'}</h2>
          <code className={styles.quiet}>{digest}</code>
          {signatures.length === 0 ? (
            <p className={styles.quiet}>Not signed</p>
          ) : (
            signatures.map((signature, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two signatures may have the same payload
              <SignatureRow key={`${signature.digest} ${index}`} signature={signature} />
            ))
          )}
        </li>
      ))}
    </ul>
  );
}

const tones: Readonly<Record<Verdict, 'valid' | 'doubtful' | 'invalid'>> = {
  valid: 'valid',
  'other-key': 'doubtful',
  changed: 'invalid',
  'other-image': 'invalid',
  unreadable: 'invalid',
};

function SignatureRow({ signature: { verdict, signer, identity, key, creator, createdAt } }: { signature: Signature }) {
  return (
    <p className={styles.signature}>
      {verdict ? (
        <span className={classes(styles.verdict, styles[tones[verdict]])}>
          <Icon name={verdict === 'valid' ? 'check' : 'warning'} size={14} /> {verdictTexts[verdict]}
          {signer && `, ${signer}`}
        </span>
      ) : (
        <span className={classes(styles.unverified, styles.quiet)}>
          <Icon name="key" size={14} /> Signed, not verified yet
        </span>
      )}
      {identity && <code>{identity}</code>}
      {createdAt && <RelativeTime time={createdAt} />}
      {creator && <span className={styles.quiet}>{creator}</span>}
      {key && <span className={styles.quiet}>key {key.slice(0, 12)}</span>}
    </p>
  );
}
