import { useEffect, useState } from 'react';
import { Resizer } from '../parts/Resizer.tsx';
import { isNumberFrom, remembered, rememberValue, useRemembered } from '../stores/memory.ts';
import { closeLog, type OpenLog } from '../stores/navigation.ts';
import { LogPanel } from '../views/log/LogPanel.tsx';
import styles from './LogDrawer.module.css';

const minHeight = 140;
const heightMemory = remembered('log.height', isNumberFrom(minHeight), 300);

/** Shows the log of a job below the view. The window remembers its height. */
export function LogDrawer({ log }: { log: OpenLog }) {
  const height = useRemembered(heightMemory);
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
        onChange={(next) => rememberValue(heightMemory, next)}
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
