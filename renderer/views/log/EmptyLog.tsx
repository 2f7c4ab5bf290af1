import { isEnd, type Job } from '../../../shared/build.ts';
import { formatWait } from '../../../shared/queue-text.ts';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import styles from './Log.module.css';

/** Shown instead of the lines of an empty log: what the job is waiting for, or why there is no output. */
export function EmptyLog({ job, isLoaded }: { job: Job; isLoaded: boolean }) {
  if (!isLoaded) {
    return (
      <div className={styles.waiting}>
        <Waiting>Loading log</Waiting>
      </div>
    );
  }
  const [title, text] = emptyTexts(job);
  return (
    <>
      {job.problem && isEnd(job.status) && (
        <div className={styles.problem}>
          <ProblemNote problem={job.problem} />
        </div>
      )}
      <EmptyState icon={job.status === 'queued' ? 'clock' : 'log'} title={title}>
        {text}
      </EmptyState>
    </>
  );
}

function emptyTexts({ status, node, platform, wait }: Job): [title: string, text: string] {
  switch (status) {
    case 'queued':
      return [
        wait ? `Queued: waiting for ${formatWait(wait, node)}` : `Queued on ${node}`,
        'Output appears here when the job starts.',
      ];
    case 'context':
      return [`Sending the context to ${node}`, 'The first step starts when the context has been sent.'];
    case 'building':
    case 'transferring':
      return ['No output yet', `${node} is building ${platform} and has not written any output.`];
    case 'cancelling':
      return ['Cancelling', `${node} is stopping the build of ${platform}.`];
    case 'done':
      return ['No output', 'The engine wrote nothing to this log.'];
    case 'failed':
      return ['Failed before any output', 'Nothing was built, so there is no log.'];
    case 'cancelled':
      return ['Cancelled before any output', 'Nothing was built, so there is no log.'];
    case 'interrupted':
      return ['Interrupted before any output', 'Nothing was built, so there is no log.'];
  }
}
