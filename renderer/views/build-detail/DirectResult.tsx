import type { Build } from '../../../shared/build.ts';
import { formatDigest } from '../../../shared/format.ts';
import type { Push } from '../../../shared/push.ts';
import { Copyable } from '../../parts/Copyable.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { PushedTo } from '../../parts/PushedTo.tsx';
import styles from './Result.module.css';

/** What became of a push by the nodes: the manifest list is in the registry only. */
export function DirectResult({ build, push }: { build: Build; push: Push }) {
  const { destination, digest, problem, notDirect = [] } = push;
  const failed = build.status === 'failed' ? problem : undefined;
  if (!digest && !failed && notDirect.length === 0) {
    return null;
  }
  return (
    <section aria-labelledby="build-result" className={styles.result}>
      <header className={styles.header}>
        <h2 id="build-result">Manifest list</h2>
        <span className={styles.note}>
          {digest
            ? `In the registry only${notDirect.length === 0 ? ', pushed by the nodes themselves' : ''}.`
            : `${destination} was not changed.`}
        </span>
        {digest && (
          <Copyable text={digest} shown={`sha256:${formatDigest(digest)}`} what="digest of the manifest list" />
        )}
      </header>
      <div className={styles.pushes}>
        {failed && <ProblemNote problem={failed} />}
        {notDirect.map(({ node, problem: reason }) => (
          <ProblemNote
            key={node}
            warning
            problem={{ ...reason, message: `The images of ${node} went through this computer. ${reason.message}` }}
          />
        ))}
        {digest && <PushedTo reference={build.reference} digest={digest} />}
      </div>
    </section>
  );
}
