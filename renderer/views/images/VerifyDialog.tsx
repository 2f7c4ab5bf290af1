import { useEffect, useRef, useState } from 'react';
import { formatBytes, formatBytesOf, formatCount, formatDigest, formatReferenceShort } from '../../../shared/format.ts';
import type { ImagesProgress, Verification } from '../../../shared/local-images.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { wordOf } from '../../../shared/words.ts';
import { Button } from '../../parts/Button.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { ProgressBar } from '../../parts/ProgressBar.tsx';
import { SpokenProgress } from '../../parts/SpokenProgress.tsx';
import { loadImages } from '../../stores/images.ts';
import { callWithProgress } from '../../stores/local-images.ts';
import { openSheet } from '../../stores/navigation.ts';
import { toastProblem } from '../../stores/toasts.ts';
import styles from './Images.module.css';

export interface VerifyDialogProps {
  /** Undefined: all images. */
  readonly reference: string | undefined;
  /** Repairs at once. */
  readonly repairs?: boolean;
  readonly onClose: () => void;
}

/** Compares the parts of images with their digests, and repairs them. Closing the dialog cancels it. */
export function VerifyDialog({ reference, repairs = false, onClose }: VerifyDialogProps) {
  const [progress, setProgress] = useState<ImagesProgress>();
  const [result, setResult] = useState<Verification>();
  const [problem, setProblem] = useState<Problem>();
  const [isRepairing, setIsRepairing] = useState(repairs);
  const running = useRef<AbortController>(undefined);

  async function run(repair: boolean): Promise<void> {
    running.current?.abort();
    const cancel = new AbortController();
    running.current = cancel;
    setIsRepairing(repair);
    setResult(undefined);
    setProgress(undefined);
    setProblem(undefined);
    try {
      const input = { ...(reference === undefined ? {} : { references: [reference] }), repair };
      setResult(await callWithProgress('images.verify', input, setProgress, cancel.signal));
      if (repair) {
        await loadImages();
      }
    } catch (error) {
      if (!cancel.signal.aborted) {
        setProblem(problemOf(error));
      }
    }
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when the dialog opens
  useEffect(() => {
    run(repairs).catch(toastProblem);
    return () => running.current?.abort();
  }, []);

  const left =
    result?.images.filter((image) => image.problems.some(({ repairedFrom }) => repairedFrom === undefined)) ?? [];
  const isRunning = !result && !problem;
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={`${isRepairing ? 'Repair' : 'Verify'} ${reference === undefined ? 'all images' : formatReferenceShort(reference)}`}
      description="Every part of the image is read and compared with its digest."
      footer={
        <>
          <Button onClick={onClose}>{isRunning ? 'Cancel' : 'Close'}</Button>
          {left.length > 0 && (
            <Button kind={isRepairing ? 'secondary' : 'primary'} icon="refresh" onClick={() => void run(true)}>
              {isRepairing ? 'Retry repair' : 'Repair'}
            </Button>
          )}
        </>
      }
    >
      <SpokenProgress
        what={progress?.text ?? 'Verifying'}
        share={progress?.totalBytes === undefined ? undefined : progress.doneBytes / progress.totalBytes}
        end={isRunning ? undefined : 'Done'}
      />
      {isRunning && (
        <div className={styles.loading}>
          <p>
            {progress?.text ?? 'Verifying'}
            {progress?.totalBytes !== undefined && (
              <small> {formatBytesOf(progress.doneBytes, progress.totalBytes)}</small>
            )}
          </p>
          <ProgressBar
            label={progress?.text ?? 'Verifying'}
            value={progress?.totalBytes === undefined ? undefined : progress.doneBytes}
            max={progress?.totalBytes ?? 1}
          />
        </div>
      )}
      {problem && <ProblemNote problem={problem} />}
      {result && <Result result={result} damaged={left.length} onClose={onClose} />}
    </Dialog>
  );
}

/** As the beginning of a sentence. */
function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

interface ResultProps {
  readonly result: Verification;
  readonly damaged: number;
  readonly onClose: () => void;
}

function Result({ result: { images, blobs, bytes }, damaged, onClose }: ResultProps) {
  const broken = images.filter(({ problems }) => problems.length > 0);
  return (
    <>
      <p className={styles.verdict}>
        <Icon name={damaged > 0 ? 'warning' : 'check'} size={14} />
        {damaged > 0
          ? formatCount(damaged, 'image is damaged.', 'images are damaged.')
          : broken.length > 0
            ? 'All damage is repaired.'
            : 'All is whole.'}
        <span className={styles.quiet}>
          {formatCount(blobs, 'blob')}, {formatBytes(bytes)}
        </span>
      </p>
      {broken.map(({ reference = 'An image that is kept for later builds', problems, failures = [], builtBy }) => (
        <section key={reference} aria-label={reference} className={styles.brokenImage}>
          <h3>{reference}</h3>
          <ul>
            {problems.map(({ digest, kind, what, repairedFrom }) => (
              <li key={`${digest} ${what}`}>
                {sentence(what)} (<code title={digest}>{formatDigest(digest)}</code>){' '}
                {repairedFrom === undefined
                  ? `is ${wordOf(kind)}.`
                  : `was ${wordOf(kind)} and is repaired from ${repairedFrom}.`}
              </li>
            ))}
          </ul>
          {failures.map((failure) => (
            <ProblemNote key={failure.message} problem={failure} warning />
          ))}
          {builtBy !== undefined && (
            <div>
              <Button
                icon="refresh"
                onClick={() => {
                  onClose();
                  openSheet({ sheet: 'new-build', from: builtBy.id });
                }}
              >
                Rebuild…
              </Button>
            </div>
          )}
        </section>
      ))}
    </>
  );
}
