import type { ReactNode } from 'react';
import type { Build, Job } from '../../../shared/build.ts';
import { formatBytes, formatCount, formatDuration, formatReferenceShort } from '../../../shared/format.ts';
import type { Step } from '../../../shared/step.ts';
import { wordOf } from '../../../shared/words.ts';
import { Button } from '../../parts/Button.tsx';
import { classes } from '../../parts/classes.ts';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { PhaseBadge } from '../../parts/PhaseBadge.tsx';
import { Duration, RelativeTime } from '../../parts/Quantity.tsx';
import { Sheet } from '../../parts/Sheet.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { useOpenBuild } from '../../stores/builds.ts';
import { hrefOf, navigate } from '../../stores/navigation.ts';
import styles from './CompareSheet.module.css';
import {
  type Change,
  changeOf,
  compareOptions,
  comparePlatforms,
  type OptionPair,
  oldestFirst,
  type PlatformPair,
  type StepPair,
  stepChange,
} from './compare.ts';

export interface CompareSheetProps {
  readonly ids: readonly [string, string];
  readonly onClose: () => void;
}

/** Compares the options of two builds, and their durations by platform and step; the earlier build is A. */
export function CompareSheet({ ids, onClose }: CompareSheetProps) {
  const { build: one, problem } = useOpenBuild(ids[0]);
  const { build: other, problem: otherProblem = problem } = useOpenBuild(ids[1]);
  if (!one || !other) {
    return (
      <Sheet title="Compare builds" onClose={onClose}>
        {otherProblem ? (
          <EmptyState icon="compare" title="One of these builds cannot be read">
            {otherProblem.message}
          </EmptyState>
        ) : (
          <Waiting>Loading builds</Waiting>
        )}
      </Sheet>
    );
  }
  const [before, after] = oldestFirst(one, other);
  return (
    <Sheet
      title="Compare builds"
      onClose={onClose}
      footer={
        <>
          {before.list && after.list && (
            <Button icon="images" onClick={() => navigate({ view: 'compare', a: before.id, b: after.id })}>
              Compare images
            </Button>
          )}
          <Button onClick={onClose}>Close</Button>
        </>
      }
    >
      <div className={styles.builds}>
        <BuildHead side={sides[0]} build={before} />
        <BuildHead side={sides[1]} build={after} />
      </div>
      <table className={styles.table} aria-label="Whole build">
        <Columns />
        <tbody>
          <tr>
            <th scope="row">Whole build</th>
            <Times before={before.durationMs} after={after.durationMs} />
          </tr>
          <tr>
            <th scope="row">Context</th>
            <td>{contextText(before)}</td>
            <td>{contextText(after)}</td>
            <td className={styles.quiet}>
              {before.context &&
                after.context &&
                (before.context.digest === after.context.digest ? 'unchanged' : 'changed')}
            </td>
          </tr>
        </tbody>
      </table>
      <Options pairs={compareOptions(before, after)} />
      {comparePlatforms(before, after).map((pair) => (
        <Platform key={pair.platform} pair={pair} />
      ))}
    </Sheet>
  );
}

function Options({ pairs }: { pairs: readonly OptionPair[] }) {
  if (pairs.length === 0) {
    return null;
  }
  const lines = (texts: readonly string[]) =>
    texts.length === 0 ? (
      <span className={styles.quiet}>–</span>
    ) : (
      texts.map((line) => (
        <code key={line} className={styles.line}>
          {line}
        </code>
      ))
    );
  return (
    <section aria-label="Options" className={styles.platform}>
      <h3 className={styles.heading}>
        Options
        <span className={styles.quiet}>other than the defaults in one of the builds</span>
      </h3>
      <table className={classes(styles.table, styles.options)} aria-label="Options of the builds">
        <Columns first={formatCount(pairs.length, 'option')} />
        <tbody>
          {pairs.map(({ name, label, flag, before, after, isSame }) => (
            <tr key={name}>
              <th scope="row">
                {label}
                {flag && <code className={styles.flag}>{flag}</code>}
              </th>
              <td>{lines(before)}</td>
              <td>{lines(after)}</td>
              <td className={isSame ? styles.quiet : undefined}>{isSame ? 'same' : 'changed'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function contextText({ context }: Build): string {
  return context ? formatBytes(context.bytes) : '–';
}

interface CompareSide {
  readonly letter: string;
  /** What screen readers say instead of the letter. */
  readonly name: string;
}

const sides = [
  { letter: 'A', name: 'First build' },
  { letter: 'B', name: 'Second build' },
] as const satisfies readonly CompareSide[];

function Side({ letter, name }: CompareSide) {
  return (
    <>
      <span aria-hidden="true">{letter}</span>
      <span className="visually-hidden">{name}</span>
    </>
  );
}

function BuildHead({ side, build }: { side: CompareSide; build: Build }) {
  const { id, reference, status, createdAt } = build;
  return (
    <div className={styles.build}>
      <span className={styles.letter}>
        <Side {...side} />
      </span>
      <div className={styles.text}>
        <a href={hrefOf({ view: 'build', id })} className={styles.reference} title={reference}>
          {formatReferenceShort(reference)}
        </a>
        <span className={styles.quiet}>
          <RelativeTime time={createdAt} />
        </span>
        <PhaseBadge phase={status} />
      </div>
    </div>
  );
}

function Columns({ first = '' }: { first?: ReactNode }) {
  return (
    <thead>
      <tr>
        <td className={styles.first}>{first}</td>
        {sides.map((side) => (
          <th key={side.letter} scope="col" className={styles.number}>
            <Side {...side} />
          </th>
        ))}
        <th scope="col" className={styles.change}>
          Change
        </th>
      </tr>
    </thead>
  );
}

function Platform({ pair }: { pair: PlatformPair }) {
  const { platform, before, after, steps, longestMs } = pair;
  return (
    <section aria-label={platform} className={styles.platform}>
      <h3 className={styles.heading}>
        {platform}
        <span className={styles.quiet}>{nodesText(before, after)}</span>
      </h3>
      <table className={styles.table} aria-label={`Steps of ${platform}`}>
        <Columns first={formatCount(steps.length, 'step')} />
        <tbody>
          {steps.map((step, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: instructions can be equal, and their order is fixed
            <StepRow key={index} pair={step} longestMs={longestMs} />
          ))}
          <tr className={styles.total}>
            <th scope="row">Total with context and image transfer</th>
            <Times before={before?.durationMs} after={after?.durationMs} />
          </tr>
        </tbody>
      </table>
    </section>
  );
}

function nodesText(before: Job | undefined, after: Job | undefined): string {
  if (!before || !after) {
    return before ? `only in A, on ${before.node}` : `only in B, on ${after?.node ?? ''}`;
  }
  const nodeText = ({ node, mode }: Job): string => `${node}, ${wordOf(mode)}`;
  return nodeText(before) === nodeText(after) ? `on ${nodeText(after)}` : `on ${nodeText(before)} → ${nodeText(after)}`;
}

function StepRow({ pair: { text, before, after }, longestMs }: { pair: StepPair; longestMs: number }) {
  // a cached step was not run, whatever time the node took to find that out
  const percent = (step: Step | undefined): number => (step?.cached ? 0 : (100 * (step?.durationMs ?? 0)) / longestMs);
  return (
    <tr>
      <th scope="row">
        <code className={styles.step} title={text}>
          {text}
        </code>
        <span className={styles.bars} aria-hidden="true">
          <Bar percent={percent(before)} className={styles.barBefore} />
          <Bar percent={percent(after)} className={styles.barAfter} />
        </span>
      </th>
      <td>{stepText(before)}</td>
      <td>{stepText(after)}</td>
      <ChangeCell change={stepChange(before, after)} />
    </tr>
  );
}

/** Very short steps have no bar, since a dot looks like a rendering error. */
function Bar({ percent, className }: { percent: number; className: string | undefined }) {
  return <span className={className} style={{ width: percent < 1 ? 0 : `${percent}%` }} />;
}

function stepText(step: Step | undefined): ReactNode {
  if (!step) {
    return <span className={styles.quiet}>–</span>;
  }
  return step.cached
    ? wordOf('cached')
    : step.durationMs === undefined
      ? 'not finished'
      : formatDuration(step.durationMs);
}

function Times({ before, after }: { before: number | undefined; after: number | undefined }) {
  return (
    <>
      <td>{before === undefined ? '–' : <Duration ms={before} />}</td>
      <td>{after === undefined ? '–' : <Duration ms={after} />}</td>
      <ChangeCell change={changeOf(before, after)} />
    </>
  );
}

function ChangeCell({ change }: { change: Change | undefined }) {
  return <td className={classes(styles.changed, change && styles[change.kind])}>{change?.text ?? '–'}</td>;
}
