import { useEffect, useState } from 'react';
import { Resizer } from '../parts/Resizer.tsx';
import { closeLog, type OpenLog } from '../stores/navigation.ts';
import { LogPanel } from '../views/log/LogPanel.tsx';
import styles from './LogDrawer.module.css';

const storageKey = 'log-height';
const minHeight = 140;

/** Shows the log of a job below the view. Its height is kept in localStorage. */
export function LogDrawer({ log }: { log: OpenLog }) {
  const [height, setHeight] = useState(() => Number(localStorage.getItem(storageKey)) || 300);
  const [maxHeight, setMaxHeight] = useState(() => maxHeightFor(window.innerHeight));
  useEffect(() => {
    const onResize = (): void => setMaxHeight(maxHeightFor(window.innerHeight));
    window.addEventListener('resize', onResize);
    return () => window.removeEventListener('resize', onResize);
  }, []);
  const shown = Math.min(height, maxHeight);
  return (
    <aside aria-label="Log" className={styles.drawer} style={{ height: shown }}>
      <Resizer
        label="Resize log"
        value={shown}
        min={minHeight}
        max={maxHeight}
        onChange={(next) => {
          setHeight(next);
          localStorage.setItem(storageKey, String(next));
        }}
      />
      <div className={styles.content}>
        <LogPanel key={`${log.id} ${log.platform}`} {...log} isOwnWindow={false} onClose={closeLog} />
      </div>
    </aside>
  );
}

/** Leaves 160 px for the view. */
function maxHeightFor(windowHeight: number): number {
  return Math.max(minHeight, windowHeight - 160);
}
