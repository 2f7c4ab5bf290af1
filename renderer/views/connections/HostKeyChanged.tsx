import { FixText } from '../../parts/ProblemNote.tsx';
import styles from './ConnectionCheck.module.css';

/** Explains how to find out whether a changed host key is harmless. */
export function HostKeyChanged({ name }: { name: string }) {
  return (
    <div className={styles.hostKeyChanged}>
      <h3 className={styles.heading}>Why did the host key change?</h3>
      <ol className={styles.steps}>
        <li>
          Log in to {name} in a way that you trust, such as its local console or the console of its provider. Do not use
          this connection.
        </li>
        <li>
          <FixText
            text={'Print its host keys: `for key in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $key; done`'}
          />
        </li>
        <li>
          If the fingerprint above is among them, the machine was reinstalled or its keys were replaced. Remove the old
          key and check the connection again. You will be asked to trust the new key.
        </li>
        <li>
          If it is not, someone may be intercepting the connection. Nothing has been sent, and nothing will be sent
          until you trust the new key.
        </li>
      </ol>
    </div>
  );
}
