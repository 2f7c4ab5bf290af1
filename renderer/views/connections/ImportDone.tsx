import { useState } from 'react';
import type { ImportReport } from '../../../shared/discovery.ts';
import { formatCount, formatList } from '../../../shared/format.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { countWords, undoImport, useExchange } from '../../stores/exchange.ts';
import { hrefOf } from '../../stores/navigation.ts';
import styles from './Found.module.css';

/** What the last import has done, with the way to take it back. */
export function ImportDone() {
  const last = useExchange((state) => state.last);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  if (!last) {
    return null;
  }
  const { report } = last;
  const farms = [...report.farmsCreated, ...report.farmsChanged];

  async function undo(): Promise<void> {
    if (last) {
      setBusy(true);
      setProblem(undefined);
      try {
        await undoImport(last);
      } catch (error) {
        setProblem(problemOf(error));
      } finally {
        setBusy(false);
      }
    }
  }

  return (
    <div role="status" className={styles.done}>
      <Icon name="check" />
      <div className={styles.doneWords}>
        <p className={styles.doneTitle}>{doneWords(report)}</p>
        {sayings(report).map((saying) => (
          <p key={saying} className={styles.quiet}>
            {saying}
          </p>
        ))}
        {farms.length > 0 && (
          <p>
            {farms.map((name, index) => (
              <span key={name}>
                {index > 0 && ', '}
                <a href={hrefOf({ view: 'farm', name })}>Open farm {name}</a>
              </span>
            ))}
          </p>
        )}
        {problem && <ProblemNote problem={problem} />}
      </div>
      <Button size="small" busy={busy} onClick={() => void undo()}>
        Undo import
      </Button>
      <Button size="small" kind="quiet" onClick={() => useExchange.setState({ last: undefined })}>
        Close
      </Button>
    </div>
  );
}

/** `Imported 5 connections and 1 farm.`, or that there was nothing to do. */
export function doneWords({ added, farmsCreated, farmsChanged }: ImportReport): string {
  const farms = farmsCreated.length + farmsChanged.length;
  return added.length + farms === 0
    ? 'Nothing to do: all of it was here already.'
    : `Imported ${countWords(added.length, farms)}.`;
}

/** What else a person wants to know: what has another name here, what was here before. */
export function sayings({ added, known, farmsChanged }: ImportReport): readonly string[] {
  const renamed = added.filter(({ name, connection }) => name !== connection);
  return [
    ...(renamed.length > 0
      ? [`${formatList(renamed.map(({ name, connection }) => `${name} is called ${connection}`))} here.`]
      : []),
    ...(known.length > 0 && added.length > 0 ? [`${formatCount(known.length, 'was', 'were')} here already.`] : []),
    ...(farmsChanged.length > 0 ? [`${formatList(farmsChanged)} got what it lacked.`] : []),
  ];
}
