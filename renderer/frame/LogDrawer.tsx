import { useEffect, useState } from 'react';
import { Resizer } from '../parts/Resizer.tsx';
import { closeLog, type OpenLog } from '../stores/navigation.ts';
import { LogPanel } from '../views/log/LogPanel.tsx';
import styles from './LogDrawer.module.css';

const key = 'log-height';
const least = 140;

/** The log of a job below the view; its height is remembered. */
export function LogDrawer({ log }: { log: OpenLog }) {
  const [height, setHeight] = useState(() => Number(localStorage.getItem(key)) || 300);
  const [most, setMost] = useState(() => mostOf(window.innerHeight));
  useEffect(() => {
    const onResize = (): void => setMost(mostOf(window.innerHeight));
    window.addEventListener('resize', onResize);
    return () => window.removeEventListener('resize', onResize);
  }, []);
  const shown = Math.min(height, most);
  return (
    <aside aria-label="Log" className={styles.drawer} style={{ height: shown }}>
      <Resizer
        label="Height of the log"
        value={shown}
        min={least}
        max={most}
        onChange={(next) => {
          setHeight(next);
          localStorage.setItem(key, String(next));
        }}
      />
      <div className={styles.content}>
        <LogPanel key={`${log.id} ${log.platform}`} {...log} ownWindow={false} onClose={closeLog} />
      </div>
    </aside>
  );
}

/** A part of the view stays in sight. */
function mostOf(windowHeight: number): number {
  return Math.max(least, windowHeight - 160);
}
