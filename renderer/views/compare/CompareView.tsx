/** Compare: what differs between two images, of local storage, of registries or of builds. */

import { type FormEvent, useId, useState } from 'react';
import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Page } from '../../parts/Page.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { useImages } from '../../stores/images.ts';
import { replaceView } from '../../stores/navigation.ts';
import styles from './Compare.module.css';
import { ComparisonResult } from './ComparisonResult.tsx';
import { useComparison } from './use-comparison.ts';

export interface CompareViewProps {
  readonly a?: string | undefined;
  readonly b?: string | undefined;
}

export function CompareView({ a, b }: CompareViewProps) {
  return (
    <Page title="Compare images" layout="padded">
      <div className={styles.page}>
        <Picker key={`${a} ${b}`} a={a} b={b} />
        <Compared a={a} b={b} />
      </div>
    </Page>
  );
}

function Picker({ a = '', b = '' }: CompareViewProps) {
  const [first, setFirst] = useState(a);
  const [second, setSecond] = useState(b);
  const references = useImages((state) => state.lists);
  const listId = useId();
  const show = (one: string, other: string): void =>
    replaceView({ view: 'compare', a: one.trim() || undefined, b: other.trim() || undefined });
  const help = 'NAME:TAG here, docker://REGISTRY/NAME:TAG, or the id of a build';
  return (
    <form
      className={styles.picker}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        show(first, second);
      }}
    >
      <TextField label="First image" mono list={listId} value={first} onChange={setFirst} placeholder="api:1.3" />
      <IconButton icon="compare" label="Swap the images" type="button" onClick={() => show(second, first)} />
      <TextField label="Second image" mono list={listId} value={second} onChange={setSecond} placeholder="api:1.4" />
      <Button
        kind="primary"
        type="submit"
        reason={first.trim() === '' || second.trim() === '' ? 'Choose two images.' : undefined}
      >
        Compare
      </Button>
      <p className={styles.hint}>{help}</p>
      <datalist id={listId}>
        {references.map(({ reference }) => (
          <option key={reference} value={reference} />
        ))}
      </datalist>
    </form>
  );
}

/** The result of a comparison, or why there is none. */
export function Compared({ a, b }: CompareViewProps) {
  const { comparison, problem, isRunning, fetch, retryInsecure } = useComparison(a, b);
  if (!a || !b) {
    return (
      <EmptyState icon="compare" title="Choose two images">
        Platforms, layers, configuration, packages and files are compared.
      </EmptyState>
    );
  }
  return (
    <>
      {problem && <ProblemNote problem={problem} handlers={{ 'push-without-tls': retryInsecure }} />}
      {isRunning && <Waiting>{comparison ? 'Fetching layers' : 'Comparing'}</Waiting>}
      {comparison && <ComparisonResult comparison={comparison} onFetch={fetch} />}
    </>
  );
}
