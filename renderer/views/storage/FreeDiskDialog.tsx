/** Shows what a prune of nodes would remove, and removes it. */
import { useEffect, useRef, useState } from 'react';
import { formatBytes, formatCount, formatList } from '../../../shared/format.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { keptReasons, type PrunePart, pruneOrder, pruneParts } from '../../../shared/storage-kinds.ts';
import type { PruneReport } from '../../../shared/storage-use.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { closeFreeDisk } from '../../stores/free-disk.ts';
import { measureNodes } from '../../stores/storage-use.ts';
import { toast } from '../../stores/toasts.ts';
import { LimitFields } from './LimitFields.tsx';
import { PreviewList } from './PreviewList.tsx';
import { draftOf, keepError, type RulesDraft, rulesOf } from './prune-rules.ts';
import styles from './Storage.module.css';
import { partSums, sumOf } from './sums.ts';
import { usePrunePreview } from './use-prune-preview.ts';

export function FreeDiskDialog({ nodes }: { nodes: readonly string[] }) {
  const [draft, setDraft] = useState<RulesDraft>(draftOf);
  const { parts } = draft;
  const rules = rulesOf(draft);
  const { all, chosen, problem: previewProblem, isCurrent } = usePrunePreview(nodes, rules);
  const { prune, isPruning, problem, reports } = usePrune(nodes);
  const cancel = useRef<HTMLElement>(null);

  const sums = partSums(all?.nodes ?? []);
  const { count, bytes } = sumOf(chosen?.nodes.flatMap((node) => node.parts) ?? []);
  const isLowerBound = chosen?.nodes.some(({ atLeast }) => atLeast) ?? false;
  const shownProblem = problem ?? previewProblem;
  return (
    <Dialog
      open
      wide
      required
      onClose={closeFreeDisk}
      title={`Free disk space on ${nodes.length > 3 ? formatCount(nodes.length, 'node') : formatList(nodes)}`}
      description="What a container or a build uses is kept. What is removed cannot be restored."
      initialFocus={cancel}
      footerStart={isPruning ? <Waiting>Removing</Waiting> : !isCurrent && !shownProblem && <Waiting>Looking</Waiting>}
      footer={
        <>
          <Button ref={cancel} onClick={closeFreeDisk}>
            Cancel
          </Button>
          <Button
            kind="danger"
            busy={isPruning}
            disabled={!isCurrent || count === 0 || keepError(draft) !== undefined || reports !== undefined}
            onClick={() => chosen && void prune(chosen.id)}
          >
            {count === 0 ? 'Nothing to remove' : `Remove ${formatCount(count, 'item')}, ${formatBytes(bytes)}`}
          </Button>
        </>
      }
    >
      <fieldset className={styles.rules} disabled={isPruning}>
        <legend className="visually-hidden">What to remove</legend>
        {pruneOrder.map((part) => (
          <PartRow
            key={part}
            part={part}
            checked={parts.has(part)}
            sum={all ? (sums.get(part) ?? { count: 0, bytes: 0 }) : undefined}
            onChange={(checked) =>
              setDraft({
                ...draft,
                parts: new Set(pruneOrder.filter((each) => (each === part ? checked : parts.has(each)))),
              })
            }
          />
        ))}
      </fieldset>
      <LimitFields draft={draft} onChange={setDraft} />
      {chosen && <PreviewList preview={chosen} />}
      {isLowerBound && count > 0 && (
        <p className={styles.notes}>More may become free: docker does not say how images share layers.</p>
      )}
      {reports && <KeptAfter reports={reports} />}
      {shownProblem && <ProblemNote problem={shownProblem} />}
    </Dialog>
  );
}

interface PartRowProps {
  readonly part: PrunePart;
  readonly checked: boolean;
  /** Undefined until it is known. */
  readonly sum: { readonly count: number; readonly bytes: number } | undefined;
  readonly onChange: (checked: boolean) => void;
}

function PartRow({ part, checked, sum, onChange }: PartRowProps) {
  return (
    <div className={styles.rule}>
      <Checkbox
        label={pruneParts[part].name}
        description={pruneParts[part].loss}
        checked={checked}
        onChange={onChange}
      />
      <span className={styles.quiet}>
        {sum && (sum.count === 0 ? 'none' : `${formatCount(sum.count, 'item')}, ${formatBytes(sum.bytes)}`)}
      </span>
    </div>
  );
}

/** What was to go and stayed, after a prune that removed only a part. */
function KeptAfter({ reports }: { reports: readonly PruneReport[] }) {
  return (
    <ul className={styles.notes} aria-label="What was kept">
      {reports.flatMap(({ node, kept }) =>
        kept.map(({ reason, count, bytes }) => (
          <li key={`${node} ${reason}`}>
            {node}: kept {formatCount(count, 'item')}, {formatBytes(bytes)}: {keptReasons[reason]}
          </li>
        )),
      )}
    </ul>
  );
}

/** Removes what a preview shows. Closing the dialog cancels it. */
function usePrune(nodes: readonly string[]) {
  const [isPruning, setIsPruning] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const [reports, setReports] = useState<readonly PruneReport[]>();
  const closed = useRef(new AbortController());
  useEffect(() => {
    closed.current = new AbortController();
    return () => closed.current.abort();
  }, []);

  async function prune(id: string): Promise<void> {
    setIsPruning(true);
    setProblem(undefined);
    try {
      const result = await call('storage.prune', { id }, { signal: closed.current.signal });
      report(result);
      const failed = result.find((each) => each.problem)?.problem;
      if (failed || result.some(({ kept }) => kept.length > 0)) {
        setReports(result);
        setProblem(failed);
      } else {
        closeFreeDisk();
      }
    } catch (error) {
      if (!closed.current.signal.aborted) {
        setProblem(problemOf(error));
      }
    } finally {
      setIsPruning(false);
      void measureNodes(nodes);
    }
  }
  return { prune, isPruning, problem, reports };
}

function report(reports: readonly PruneReport[]): void {
  const done = reports.filter(({ removed }) => removed > 0);
  const bytes = done.reduce((sum, { reclaimedBytes }) => sum + reclaimedBytes, 0);
  if (done.length > 0) {
    const where = done.length > 3 ? formatCount(done.length, 'node') : formatList(done.map(({ node }) => node));
    toast({ kind: 'done', title: `Freed ${formatBytes(bytes)} on ${where}` });
  }
}
