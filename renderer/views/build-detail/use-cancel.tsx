import { type ReactNode, useState } from 'react';
import { type Build, isEnd, type Job } from '../../../shared/build.ts';
import { formatReferenceShort } from '../../../shared/format.ts';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { cancelBuild } from '../../stores/builds.ts';
import { toastProblem } from '../../stores/toasts.ts';
import { lossesOf } from './cancelling.ts';

interface Asked {
  /** Undefined: the whole build. */
  readonly job: Job | undefined;
  readonly losses: readonly string[];
}

export interface Cancelling {
  /** Cancels the build, or one of its platforms; asks before if more than a minute of work would be lost. */
  readonly cancel: (job?: Job) => void;
  /** The build has been told to end, and has not yet. */
  readonly isCancelling: boolean;
  readonly dialog: ReactNode;
}

export function useCancel(build: Build): Cancelling {
  const [asked, setAsked] = useState<Asked>();
  const [isCancelling, setCancelling] = useState(false);

  async function really(job: Job | undefined): Promise<void> {
    setAsked(undefined);
    setCancelling(job === undefined);
    try {
      await cancelBuild(build.id, job?.platform);
    } catch (error) {
      toastProblem(error);
    } finally {
      setCancelling(false);
    }
  }

  function cancel(job?: Job): void {
    const losses = lossesOf(job ? [job] : build.jobs, Date.now());
    if (losses.length > 0) {
      setAsked({ job, losses });
    } else {
      really(job);
    }
  }

  const present = asked?.job && build.jobs.find(({ platform }) => platform === asked.job?.platform);
  const isStillThere = build.status === 'running' && (!present || !isEnd(present.status));
  const what = asked?.job?.platform ?? `the build of ${formatReferenceShort(build.reference)}`;
  const dialog = (
    <ConfirmDialog
      open={asked !== undefined && isStillThere}
      onClose={() => setAsked(undefined)}
      title={`Cancel ${what}?`}
      description={
        asked?.job
          ? 'The other platforms go on, but only a whole build makes a list. Steps that are done stay cached on the node.'
          : 'Steps that are done stay cached on the nodes. This is lost:'
      }
      losses={inShort(asked?.losses ?? [])}
      action={asked?.job ? `Cancel ${asked.job.platform}` : 'Cancel build'}
      dismiss="Keep building"
      // it takes a while until the nodes have stopped: the build says so, and the question is answered
      onConfirm={() => void really(asked?.job)}
    />
  );
  return { cancel, isCancelling, dialog };
}

/** A build of many platforms may lose many things. */
function inShort(losses: readonly string[]): readonly string[] {
  return losses.length > 7 ? [...losses.slice(0, 6), `${losses.length - 6} platforms more`] : losses;
}
