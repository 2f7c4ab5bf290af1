import { useMemo } from 'react';
import type { Build } from '../../../shared/build.ts';
import { withOutput } from '../../../shared/output-list.ts';
import type { OutputState } from '../../../shared/output-state.ts';
import { useOutputs } from '../../stores/outputs.ts';
import { OutputRow } from './OutputRow.tsx';
import styles from './Outputs.module.css';

/** The outputs of a build. Nothing if it has none. */
export function BuildOutputs({ build }: { readonly build: Build }) {
  const { id, outputs: recorded = [], status, list } = build;
  const byId = useOutputs((state) => state.byId);
  // one that is written again is recorded when it has ended
  const outputs = useMemo(
    () =>
      Object.values(byId)
        .filter((output) => output.buildId === id && output.status === 'running')
        .reduce<readonly OutputState[]>(withOutput, recorded),
    [byId, id, recorded],
  );
  if (outputs.length === 0) {
    return null;
  }
  return (
    <section aria-labelledby="build-outputs" className={styles.outputs}>
      <header className={styles.head}>
        <h2 id="build-outputs">Outputs</h2>
      </header>
      <ul className={styles.rows}>
        {outputs.map((output) => (
          <OutputRow key={output.output} output={output} canRepeat={status !== 'running' && list !== undefined} />
        ))}
      </ul>
    </section>
  );
}
