import type { ReactNode } from 'react';
import type { Build } from '../../../shared/build.ts';
import { formatBytes, formatCount } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { Spinner } from '../../parts/Spinner.tsx';
import type { ContextProgress } from '../../stores/builds.ts';
import { hrefOf } from '../../stores/navigation.ts';
import styles from './BuildDetail.module.css';
import { failuresOf } from './failure.ts';
import { headlineOf } from './headline.ts';

export interface SummaryProps {
  readonly build: Build;
  readonly packing: ContextProgress | undefined;
}

/** The state of the build in one sentence, and its context, project, nodes and start time. Its height never changes. */
export function Summary({ build, packing }: SummaryProps) {
  const { text, detail } = headlineOf(build);
  const { farm, connections, context } = build.request;
  const { jobs: failed } = failuresOf(build);
  return (
    <div className={styles.summary}>
      <div className={styles.headline}>
        <p className={styles.sentence} title={text}>
          {text}
        </p>
        {detail && <p className={styles.detail}>{detail}</p>}
        {failed.length > 0 && (
          <Button size="small" kind="quiet" icon="chevron-down" onClick={showFailures}>
            Show details
          </Button>
        )}
      </div>
      <dl className={styles.facts}>
        <Fact name="Context">
          <ContextFact build={build} packing={packing} />
        </Fact>
        <Fact name="Project">
          <a href={hrefOf({ view: 'builds', project: context })} title={context} className={styles.link}>
            {context.split('/').filter(Boolean).at(-1) ?? context}
          </a>
        </Fact>
        <Fact name={farm ? 'Farm' : 'Nodes'}>
          {farm ? (
            <a href={hrefOf({ view: 'farm', name: farm })} className={styles.link}>
              {farm}
            </a>
          ) : (
            (connections?.join(', ') ?? 'all connections')
          )}
        </Fact>
        <Fact name="Started">
          <RelativeTime time={build.createdAt} />
        </Fact>
      </dl>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={styles.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function ContextFact({ build, packing }: Pick<SummaryProps, 'build' | 'packing'>) {
  const known = build.context ?? packing;
  const size = known && `${formatCount(known.files, 'file')}, ${formatBytes(known.bytes)}`;
  const isPacking = build.status === 'running' && !build.context && !packing?.done;
  if (isPacking) {
    return (
      <span className={styles.packing}>
        <Spinner />
        packing{size ? `: ${size}` : ''}
      </span>
    );
  }
  return size ?? 'not packed';
}

function showFailures(): void {
  const failures = document.getElementById('build-failures');
  failures?.scrollIntoView({ block: 'start', behavior: 'smooth' });
  failures?.querySelector('summary')?.focus({ preventScroll: true });
}
