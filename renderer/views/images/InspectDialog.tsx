import { useEffect, useState } from 'react';
import { formatReferenceShort } from '../../../shared/format.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { call } from '../../api.ts';
import { CopyButton } from '../../parts/CopyButton.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import styles from './Images.module.css';

/** Shows the stored manifest list as JSON. */
export function InspectDialog({ reference, onClose }: { reference: string; onClose: () => void }) {
  const [text, setText] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    let isMounted = true;
    call('images.inspect', { reference }).then(
      ({ manifest }) => isMounted && setText(JSON.stringify(manifest, undefined, 2)),
      (error: unknown) => isMounted && setProblem(problemOf(error)),
    );
    return () => {
      isMounted = false;
    };
  }, [reference]);
  return (
    <Dialog open wide onClose={onClose} title={`Manifest of ${formatReferenceShort(reference)}`}>
      {problem && <ProblemNote problem={problem} />}
      {text === undefined ? (
        !problem && <Waiting>Loading manifest</Waiting>
      ) : (
        <div className={styles.manifest}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must be scrollable by keyboard */}
          <pre tabIndex={0}>{text}</pre>
          <CopyButton text={text} what="manifest" size="medium" />
        </div>
      )}
    </Dialog>
  );
}
