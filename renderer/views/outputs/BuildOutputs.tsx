import type { Build } from '../../../shared/build.ts';
import { OutputRow } from './OutputRow.tsx';
import styles from './Outputs.module.css';

/** The outputs of a build. Nothing if it has none. */
export function BuildOutputs({ build }: { readonly build: Build }) {
  const { outputs = [], status, list } = build;
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
