import { Fragment, type ReactNode } from 'react';
import type { Asker } from './asker.tsx';
import { Name } from './asker.tsx';
import styles from './Question.module.css';

type Fact = readonly [label: string, value: ReactNode];

/** What there is to check before answering, with who it is that asks. */
export function Facts({ asker, more }: { asker: Asker; more: readonly Fact[] }) {
  const facts: readonly Fact[] = [
    ['Node', <Name key="node" text={asker.node} />],
    ...(asker.jump === undefined ? [] : [['Jump host', <Name key="jump" text={asker.jump} />] as const]),
    ...more,
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
      <Name text={host} />, port {port}
    </>
  );
}
