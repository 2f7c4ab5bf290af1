import { type ReactNode, useState } from 'react';
import { type Build, isEnd, type Job } from '../../../shared/build.ts';
import { formatClock, formatReferenceShort } from '../../../shared/format.ts';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { cancelBuild } from '../../stores/builds.ts';
import { toastProblem } from '../../stores/toasts.ts';

/** Jobs that have run for less than this are cancelled without confirmation, in milliseconds. */
const confirmAfterMs = 60_000;

interface PendingCancel {
  /** Undefined: the whole build. */
  readonly job: Job | undefined;
  readonly losses: readonly string[];
}

export interface CancelControl {
  /** Cancels the build or one of its jobs. Asks for confirmation if more than a minute of work would be lost. */
  readonly cancel: (job?: Job) => void;
  /** The whole build was asked to stop, and the app has not answered yet. */
  readonly isRequested: boolean;
  readonly dialog: ReactNode;
}

/** Cancelling a build or one of its platforms, with a confirmation dialog to render. */
export function useCancel(build: Build): CancelControl {
  const [pending, setPending] = useState<PendingCancel>();
  const [isRequested, setRequested] = useState(false);

  async function cancelNow(job: Job | undefined): Promise<void> {
    setPending(undefined);
    setRequested(job === undefined);
    try {
      await cancelBuild(build.id, job?.platform);
    } catch (error) {
      toastProblem(error);
    } finally {
      setRequested(false);
    }
  }

  function cancel(job?: Job): void {
    const losses = cancelLosses(job ? [job] : build.jobs, Date.now());
    if (losses.length > 0) {
      setPending({ job, losses });
    } else {
      cancelNow(job);
    }
  }

  const currentJob = pending?.job && build.jobs.find(({ platform }) => platform === pending.job?.platform);
  const canStillCancel = build.status === 'running' && (!currentJob || !isEnd(currentJob.status));
  const target = pending?.job?.platform ?? `the build of ${formatReferenceShort(build.reference)}`;
  const dialog = (
    <ConfirmDialog
      open={pending !== undefined && canStillCancel}
      onClose={() => setPending(undefined)}
      title={`Cancel ${target}?`}
      description={
        pending?.job
          ? 'The other platforms continue, but a manifest list needs all of them. Completed steps stay cached on the node.'
          : 'Completed steps stay cached on the nodes. You will lose:'
      }
      losses={shortened(pending?.losses ?? [])}
      action={pending?.job ? `Cancel ${pending.job.platform}` : 'Cancel build'}
      dismiss="Keep building"
      // not awaited: nodes need a while to stop, and the page shows that the build is being cancelled
      onConfirm={() => void cancelNow(pending?.job)}
    />
  );
  return { cancel, isRequested, dialog };
}

/**
 * What is lost if these jobs are cancelled: one line for each job with more than a minute of work. A done job counts as
 * well, since its image is in no manifest list if the build is cancelled.
 */
export function cancelLosses(jobs: readonly Job[], now: number): string[] {
  return jobs.flatMap((job) => {
    if (job.startedAt === undefined || (isEnd(job.status) && job.status !== 'done')) {
      return [];
    }
    const workedMs = job.durationMs ?? now - Date.parse(job.startedAt);
    const time = formatClock(workedMs);
    const loss = isEnd(job.status) ? `its image, built in ${time}` : `${time} of work`;
    return workedMs > confirmAfterMs ? `${job.platform} on ${job.node}: ${loss}` : [];
  });
}

/** Seven lines at most. */
function shortened(losses: readonly string[]): readonly string[] {
  return losses.length > 7 ? [...losses.slice(0, 6), `${losses.length - 6} more platforms`] : losses;
}
