import { type ReactNode, useEffect, useState } from 'react';
import { type Problem, problemOf } from '../../../../shared/problem.ts';
import type { Provenance } from '../../../../shared/provenance.ts';
import { call } from '../../../api.ts';
import { Button } from '../../../parts/Button.tsx';
import { Copyable } from '../../../parts/Copyable.tsx';
import { CopyButton } from '../../../parts/CopyButton.tsx';
import { EmptyState } from '../../../parts/EmptyState.tsx';
import { Icon } from '../../../parts/Icon.tsx';
import { ProblemNote } from '../../../parts/ProblemNote.tsx';
import { Waiting } from '../../../parts/Spinner.tsx';
import { navigate } from '../../../stores/navigation.ts';
import imageStyles from '../Image.module.css';
import type { ImageSectionProps } from '../section-props.ts';
import styles from './Attestations.module.css';
import { ReproducePanel } from './ReproducePanel.tsx';

type Statement = Provenance['statements'][number];

/** How the image of a platform was made, as it was recorded when it was built. */
export function ProvenanceSection({ reference, platform, list }: ImageSectionProps) {
  const { digest } = list;
  const [provenance, setProvenance] = useState<Provenance>();
  const [problem, setProblem] = useState<Problem>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list may have got the reference
  useEffect(() => {
    const cancel = new AbortController();
    setProvenance(undefined);
    setProblem(undefined);
    call('images.provenance', { reference, platform }, { signal: cancel.signal }).then(
      setProvenance,
      (error: unknown) => !cancel.signal.aborted && setProblem(problemOf(error)),
    );
    return () => cancel.abort();
  }, [reference, platform, digest]);
  if (problem) {
    return <ProblemNote problem={problem} />;
  }
  if (!provenance) {
    return <Waiting>Loading provenance</Waiting>;
  }
  return (
    <>
      {provenance.statements.length === 0 && (
        <EmptyState icon="package" title="Nothing was recorded">
          To record how an image is made, choose <b>Record how the image was made</b> in the options of a build, or in
          the settings for all builds.
        </EmptyState>
      )}
      {provenance.statements.map((each) => (
        <StatementView key={`${each.manifest} ${each.predicateType}`} statement={each} />
      ))}
      <ReproducePanel key={reference} reference={reference} />
    </>
  );
}

function StatementView({
  statement: { predicateType, isOther, form, manifest, summary, statement },
}: {
  statement: Statement;
}) {
  const { program, builder, buildType, invocation, startedAt, finishedAt, dependencies } = summary;
  const isOwn = builder?.startsWith('https://barnraiser.dev/');
  const rows: readonly [string, ReactNode][] = [
    ['Format', `${predicateType}${form === 'list' ? ', in the manifest list' : ''}`],
    ['Recorded by', program],
    ['Built by', builder],
    ['Kind of build', buildType],
    [
      'Build',
      invocation &&
        (isOwn ? (
          <span className={styles.build}>
            <Button kind="quiet" size="small" onClick={() => navigate({ view: 'build', id: invocation })}>
              {invocation}
            </Button>
          </span>
        ) : (
          invocation
        )),
    ],
    ['Started', startedAt],
    ['Finished', finishedAt],
    ['Attestation', <Copyable key="manifest" text={manifest} what="digest of the attestation" />],
  ];
  const text = JSON.stringify(statement, undefined, 2);
  return (
    <section className={styles.statement}>
      {isOther && (
        <p className={styles.invalid}>
          <Icon name="warning" size={14} /> This statement is about another image.
        </p>
      )}
      <p className={styles.quiet}>Recorded by the builder. A signature shows whether to believe it.</p>
      <dl className={imageStyles.settings}>
        {rows
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      {dependencies.length > 0 && (
        <>
          <h2>Made of</h2>
          <ul className={styles.dependencies}>
            {dependencies.map(({ uri, digest }) => (
              <li key={`${uri} ${digest}`}>
                <code>{uri}</code>
                {digest && <code className={styles.quiet}>{digest}</code>}
              </li>
            ))}
          </ul>
        </>
      )}
      <details>
        <summary>Statement</summary>
        <div className={imageStyles.manifest}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must be scrollable by keyboard */}
          <pre tabIndex={0}>{text}</pre>
          <CopyButton text={text} what="statement" size="medium" />
        </div>
      </details>
    </section>
  );
}
