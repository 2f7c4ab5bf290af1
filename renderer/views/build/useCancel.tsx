import { type ReactNode, useRef, useState } from 'react';
import { type Build, isEnd, type Job } from '../../../shared/build.ts';
import { formatReferenceShort } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { cancelBuild } from '../../stores/builds.ts';
import { toastProblem } from '../../stores/toasts.ts';
import styles from './Build.module.css';
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
  const keep = useRef<HTMLElement>(null);

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
    <Dialog
      open={asked !== undefined && isStillThere}
      onClose={() => setAsked(undefined)}
      title={`Cancel ${what}?`}
      description={
        asked?.job
          ? 'The other platforms go on, but only a whole build makes a list. Steps that are done stay cached on the node.'
          : 'Steps that are done stay cached on the nodes. This is lost:'
      }
      required
      initialFocus={keep}
      footer={
        <>
          <Button ref={keep} onClick={() => setAsked(undefined)}>
            Keep building
          </Button>
          <Button kind="danger" onClick={() => void really(asked?.job)}>
            {asked?.job ? `Cancel ${asked.job.platform}` : 'Cancel build'}
          </Button>
        </>
      }
    >
      <ul className={styles.losses} aria-label="What is lost">
        {asked?.losses.slice(0, 6).map((loss) => (
          <li key={loss}>{loss}</li>
        ))}
        {asked && asked.losses.length > 6 && <li>and {asked.losses.length - 6} platforms more</li>}
      </ul>
    </Dialog>
  );
  return { cancel, isCancelling, dialog };
}
