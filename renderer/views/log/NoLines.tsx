import { isEnd, type Job } from '../../../shared/build.ts';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import styles from './Log.module.css';

/** A log that has no lines yet says what its job waits for; one that never got any says so. */
export function NoLines({ job, loaded }: { job: Job; loaded: boolean }) {
  if (!loaded) {
    return (
      <div className={styles.waiting}>
        <Waiting>Reading the log</Waiting>
      </div>
    );
  }
  const [title, text] = wordsOf(job);
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

function wordsOf({ status, node, platform }: Job): [title: string, text: string] {
  switch (status) {
    case 'queued':
      return [`Queued: waiting for a slot on ${node}`, 'Its first lines stand here as soon as it begins.'];
    case 'context':
      return [`Sending the context to ${node}`, 'The first step begins when it is there.'];
    case 'building':
    case 'pulling':
      return ['No lines yet', `${node} builds ${platform} and has said nothing so far.`];
    case 'done':
      return ['It built without a word', 'The engine wrote nothing into this log.'];
    case 'failed':
      return ['It failed before its first line', 'Nothing was built, so there is nothing to read.'];
    case 'cancelled':
      return ['Cancelled before its first line', 'Nothing was built, so there is nothing to read.'];
  }
}
