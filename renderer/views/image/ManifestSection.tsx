import { useEffect, useState } from 'react';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { call } from '../../api.ts';
import { CopyButton } from '../../parts/CopyButton.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import styles from './Image.module.css';
import type { ImageSectionProps } from './section-props.ts';

/** Shows the stored manifest list as JSON. */
export function ManifestSection({ reference, list: { digest } }: ImageSectionProps) {
  const [text, setText] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list may have got the reference
  useEffect(() => {
    let isMounted = true;
    call('images.inspect', { reference }).then(
      ({ manifest }) => isMounted && setText(JSON.stringify(manifest, undefined, 2)),
      (error: unknown) => isMounted && setProblem(problemOf(error)),
    );
    return () => {
      isMounted = false;
    };
  }, [reference, digest]);
  if (problem) {
    return <ProblemNote problem={problem} />;
  }
  return text === undefined ? (
    <Waiting>Loading manifest</Waiting>
  ) : (
    <div className={styles.manifest}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must be scrollable by keyboard */}
      <section tabIndex={0} aria-label="JSON of the manifest">
        <pre>{text}</pre>
      </section>
      <CopyButton text={text} what="manifest" size="medium" />
    </div>
  );
}
