import { useState } from 'react';
import type { ImportReport } from '../../../shared/discovery.ts';
import { formatCount, formatList } from '../../../shared/format.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { formatConnectionsAndFarms, undoImport, useConnectionImport } from '../../stores/connection-import.ts';
import { hrefOf } from '../../stores/navigation.ts';
import styles from './Discovered.module.css';

/** Shows the result of the last import, with a button that undoes it. */
export function ImportResult() {
  const last = useConnectionImport((state) => state.lastImport);
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
      <div className={styles.doneText}>
        <p className={styles.doneTitle}>{resultMessage(report)}</p>
        {resultDetails(report).map((detail) => (
          <p key={detail} className={styles.quiet}>
            {detail}
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
      <Button size="small" kind="quiet" onClick={() => useConnectionImport.setState({ lastImport: undefined })}>
        Close
      </Button>
    </div>
  );
}

/** `Imported 5 connections and 1 farm.`, or that there was nothing to import. Farms that existed before are in the details. */
export function resultMessage({ added, farmsCreated, farmsChanged }: ImportReport): string {
  if (added.length + farmsCreated.length > 0) {
    return `Imported ${formatConnectionsAndFarms(added.length, farmsCreated.length)}.`;
  }
  return farmsChanged.length > 0 ? 'Imported farms.' : 'Nothing to import: everything has already been added.';
}

/** Further sentences: which connections got another name, and which existed before. */
export function resultDetails({ added, known, farmsChanged }: ImportReport): readonly string[] {
  const renamed = added.filter(({ name, connection }) => name !== connection);
  return [
    ...(renamed.length > 0
      ? [
          `Renamed because the name was taken: ${formatList(renamed.map(({ name, connection }) => `${name} to ${connection}`))}.`,
        ]
      : []),
    ...(known.length > 0 && added.length > 0 ? [`${formatCount(known.length, 'connection')} already existed.`] : []),
    ...(farmsChanged.length > 0 ? [`Added nodes to ${formatList(farmsChanged)}.`] : []),
  ];
}
