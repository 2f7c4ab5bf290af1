import { Fragment, type ReactNode } from 'react';
import styles from './Question.module.css';
import type { QuestionSource } from './SourceName.tsx';
import { UntrustedName } from './SourceName.tsx';

type Fact = readonly [label: string, value: ReactNode];

/** The facts that a person needs to answer: the node, the jump host and the `details` of the question. */
export function Facts({
  what = 'Node',
  source,
  details,
}: {
  /** What the source is. */
  what?: string;
  source: QuestionSource;
  details: readonly Fact[];
}) {
  const jump: Fact = ['Jump host', <UntrustedName key="jump" text={source.jumpHost ?? ''} />];
  const facts: readonly Fact[] = [
    [what, <UntrustedName key="node" text={source.node} />],
    ...(source.jumpHost === undefined ? [] : [jump]),
    ...details,
  ];
  return (
    <dl className={styles.facts}>
      {facts.map(([label, value]) => (
        <Fragment key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}

/** `graviton.eu.example.com, port 22`. */
export function HostAndPort({ host, port }: { host: string; port: number }) {
  return (
    <>
      <UntrustedName text={host} />, port {port}
    </>
  );
}
