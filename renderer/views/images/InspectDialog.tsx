import { useEffect, useState } from 'react';
import { formatReferenceShort } from '../../../shared/format.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { call } from '../../api.ts';
import { CopyButton } from '../../parts/CopyButton.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import styles from './Images.module.css';

/** The manifest of a list as it is stored. */
export function InspectDialog({ reference, onClose }: { reference: string; onClose: () => void }) {
  const [text, setText] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    let isWanted = true;
    call('images.inspect', { reference }).then(
      ({ manifest }) => isWanted && setText(JSON.stringify(manifest, undefined, 2)),
      (error: unknown) => isWanted && setProblem(problemOf(error)),
    );
    return () => {
      isWanted = false;
    };
  }, [reference]);
  return (
    <Dialog open wide onClose={onClose} title={`Manifest of ${formatReferenceShort(reference)}`}>
      {problem && <ProblemNote problem={problem} />}
      {text === undefined ? (
        !problem && <Waiting>Reading the manifest</Waiting>
      ) : (
        <div className={styles.manifest}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and keys must be able to scroll it */}
          <pre tabIndex={0}>{text}</pre>
          <CopyButton text={text} what="manifest" size="medium" />
        </div>
      )}
    </Dialog>
  );
}
