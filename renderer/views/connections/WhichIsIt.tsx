import { FixText } from '../../parts/ProblemNote.tsx';
import styles from './Check.module.css';

/** A changed host key has two explanations, and only the machine itself can tell which one it is. */
export function WhichIsIt({ name }: { name: string }) {
  return (
    <div className={styles.which}>
      <h3 className={styles.heading}>Which of the two is it?</h3>
      <ol className={styles.steps}>
        <li>Go to {name} on a way you trust: its own screen, or its provider’s console. Not over this connection.</li>
        <li>
          <FixText
            text={'Have it show its keys: `for key in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $key; done`'}
          />
        </li>
        <li>
          If the fingerprint above is among them, the machine was set up anew: forget the old key and test again. You
          will be asked to trust the new one.
        </li>
        <li>If it is not, somebody stands in between. Nothing was sent, and nothing will be until you decide.</li>
      </ol>
    </div>
  );
}
