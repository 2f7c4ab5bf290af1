import { type ReactNode, useEffect, useState } from 'react';
import type { Build } from '../../../shared/build.ts';
import { contentTagTexts } from '../../../shared/content-tag-text.ts';
import { buildRemainingText } from '../../../shared/estimate-text.ts';
import { formatBytes, formatCount, formatPathShort } from '../../../shared/format.ts';
import type { Trigger } from '../../../shared/trigger.ts';
import { Button } from '../../parts/Button.tsx';
import { lazyPart } from '../../parts/lazy-part.tsx';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { Spinner } from '../../parts/Spinner.tsx';
import { useNow } from '../../parts/use-now.ts';
import { useBake } from '../../stores/bakes.ts';
import type { ContextProgress } from '../../stores/builds.ts';
import { hrefOf } from '../../stores/navigation.ts';
import styles from './BuildDetail.module.css';
import { failuresOf } from './failure.ts';
import { headlineOf } from './headline.ts';

const ChangedOptions = lazyPart(async () => (await import('./ChangedOptions.tsx')).ChangedOptions);

export interface SummaryProps {
  readonly build: Build;
  readonly packing: ContextProgress | undefined;
}

/** The state of the build in one sentence, and its context, project, nodes and start time. Its height never changes. */
export function Summary({ build, packing }: SummaryProps) {
  const { text, detail } = headlineOf(build);
  const { farm, connections, context, bake, trigger } = build.request;
  const { common, groups } = failuresOf(build);
  const hasFailures = common !== undefined || groups.length > 0;
  const canSeeFailures = useInView(hasFailures ? failuresId : undefined);
  return (
    <div className={styles.summary}>
      <div className={styles.headline}>
        <p className={styles.sentence} title={text}>
          {text}
        </p>
        {detail && <p className={styles.detail}>{detail}</p>}
        {build.status === 'running' && <Remaining build={build} />}
        {hasFailures && !canSeeFailures && (
          <Button size="small" kind="quiet" icon="chevron-down" onClick={showFailures}>
            Show why
          </Button>
        )}
      </div>
      <dl className={styles.facts}>
        <Fact name="Context">
          <ContextFact build={build} packing={packing} />
        </Fact>
        <Fact name="Project">
          <a href={hrefOf({ view: 'builds', project: context })} title={context} className={styles.link}>
            {formatPathShort(context)}
          </a>
        </Fact>
        {build.contentTag && (
          <Fact name="Tag">
            <span title={contentTagTexts(build.contentTag).join('\n')}>
              by content{build.contentTag.isDirty ? ', dirty' : ''}
            </span>
          </Fact>
        )}
        {bake && (
          <Fact name="Part of">
            <BakeLink id={bake.id} />
          </Fact>
        )}
        <Fact name={farm ? 'Farm' : 'Nodes'}>
          {farm ? (
            <a href={hrefOf({ view: 'farm', name: farm })} className={styles.link}>
              {farm}
            </a>
          ) : (
            (connections?.join(', ') ?? 'all connections')
          )}
        </Fact>
        <Fact name="Options">
          <ChangedOptions request={build.request} />
        </Fact>
        <Fact name="Started">
          <RelativeTime time={build.createdAt} />
          {trigger && <TriggerLink trigger={trigger} />}
        </Fact>
      </dl>
    </div>
  );
}

/** `about 2 min left`, as far as that is known of all its platforms. */
function Remaining({ build }: { build: Build }) {
  const now = useNow();
  const text = buildRemainingText(build, now);
  return text === undefined ? null : <p className={styles.detail}>{text}</p>;
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={styles.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function TriggerLink({ trigger }: { trigger: Trigger }) {
  return (
    <>
      {' by '}
      <a href={hrefOf({ view: 'schedules' })} className={styles.link}>
        {trigger.kind === 'timer' ? `the schedule ${trigger.name}` : 'a change of the files'}
      </a>
    </>
  );
}

function BakeLink({ id }: { id: string }) {
  const { bake } = useBake(id);
  return (
    <a href={hrefOf({ view: 'bake', id })} className={styles.link}>
      a bake of {bake ? formatCount(bake.images.length, 'image') : 'several images'}
    </a>
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

/** The id of the element with the failures. */
export const failuresId = 'build-failures';

/** Whether a part of the element with this id is visible. Known after it was rendered; until then, it counts as visible. */
function useInView(id: string | undefined): boolean {
  const [isInView, setInView] = useState(true);
  useEffect(() => {
    const element = id === undefined ? null : document.getElementById(id);
    if (!element) {
      return undefined;
    }
    const observer = new IntersectionObserver(([entry]) => setInView(entry?.isIntersecting ?? true));
    observer.observe(element);
    return () => observer.disconnect();
  }, [id]);
  return isInView;
}

function showFailures(): void {
  const failures = document.getElementById(failuresId);
  failures?.scrollIntoView({ block: 'start', behavior: 'smooth' });
  failures?.querySelector('summary')?.focus({ preventScroll: true });
}
