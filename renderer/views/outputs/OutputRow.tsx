import { formatBytes } from '../../../shared/format.ts';
import type { OutputState } from '../../../shared/output-state.ts';
import { canShowItem, showItem } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { PhaseBadge, phaseWord } from '../../parts/PhaseBadge.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { ProgressBar } from '../../parts/ProgressBar.tsx';
import { Bytes } from '../../parts/Quantity.tsx';
import { SpokenProgress } from '../../parts/SpokenProgress.tsx';
import { cancelOutput, repeatOutput } from '../../stores/outputs.ts';
import { toastProblem } from '../../stores/toasts.ts';
import styles from './Outputs.module.css';
import { describeOutput } from './output-draft.ts';

/** One output of a build: its progress, or what became of it. */
export function OutputRow({ output, canRepeat }: { readonly output: OutputState; readonly canRepeat: boolean }) {
  const { id, buildId, status, totalBytes, doneBytes, path, images, notes = [], problem } = output;
  const { label, where } = describeOutput(output.output);
  const text = images?.join(', ') || where;
  return (
    <li className={styles.row}>
      <span className={styles.phase}>
        <PhaseBadge phase={status} word={status === 'done' && images ? 'Loaded' : words[status]} />
      </span>
      <span className={styles.label}>{label}</span>
      <SpokenProgress
        what={`${label} ${text}`}
        share={totalBytes > 0 ? doneBytes / totalBytes : undefined}
        end={status === 'running' ? undefined : phaseWord(status)}
      />
      <span className={styles.where} title={text}>
        {text}
      </span>
      {status === 'running' && (
        <>
          <span className={styles.bar}>
            <ProgressBar
              label={`${label} ${text}`}
              value={totalBytes > 0 ? doneBytes : undefined}
              max={totalBytes}
              thin
            />
          </span>
          <span className={styles.size}>
            <Bytes value={doneBytes} of={totalBytes} />
          </span>
          <Button size="small" onClick={() => void cancelOutput(id).catch(toastProblem)}>
            Cancel
          </Button>
        </>
      )}
      {status === 'done' && (
        <>
          {totalBytes > 0 && <span className={styles.size}>{formatBytes(totalBytes)}</span>}
          {path !== undefined && canShowItem() && (
            <Button size="small" icon="folder" onClick={() => showItem(path)}>
              Show in folder
            </Button>
          )}
        </>
      )}
      {status !== 'running' && status !== 'done' && canRepeat && buildId !== undefined && (
        <Button
          size="small"
          icon="refresh"
          onClick={() => void repeatOutput(buildId, output.output).catch(toastProblem)}
        >
          Write again
        </Button>
      )}
      {notes.map((note) => (
        <span key={note} className={styles.more}>
          {note}
        </span>
      ))}
      {status === 'failed' && problem && (
        <div className={styles.more}>
          <ProblemNote problem={problem} />
        </div>
      )}
    </li>
  );
}

const words: Readonly<Record<OutputState['status'], string>> = {
  running: 'Writing',
  done: 'Written',
  failed: 'Failed',
  cancelled: 'Cancelled',
};
