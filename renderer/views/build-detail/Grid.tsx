import { type KeyboardEvent, useState } from 'react';
import type { Build, Job } from '../../../shared/build.ts';
import { classes } from '../../parts/classes.ts';
import { useNavigation } from '../../stores/navigation.ts';
import { Cell } from './Cell.tsx';
import styles from './Grid.module.css';
import { nextPlace } from './grid-keys.ts';
import type { Source } from './source.ts';

/** From this many platforms on, cells are rows. */
const manyCells = 9;

export interface GridProps {
  readonly build: Build;
  readonly contextBytes: number | undefined;
  readonly source: Source | undefined;
  readonly onCancel: (job: Job) => void;
}

/** A cell for each platform: one is wide, a few stand side by side, many are rows. They never change places. */
export function Grid({ build, contextBytes, source, onCancel }: GridProps) {
  const log = useNavigation((state) => state.place?.log);
  const { jobs } = build;
  const opened = log?.id === build.id ? log.platform : undefined;
  const [focused, setFocused] = useState<string>();
  const stop = [focused, opened].find((platform) => jobs.some((job) => job.platform === platform));
  const shape = jobs.length === 1 ? 'wide' : jobs.length < manyCells ? 'card' : 'row';

  function onKeyDown(event: KeyboardEvent<HTMLUListElement>): void {
    const cells = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-cell]')];
    const place = event.target instanceof HTMLElement ? cells.indexOf(event.target) : -1;
    if (place < 0 || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const next = nextPlace(
      cells.map((cell) => cell.getBoundingClientRect()),
      place,
      event.key,
    );
    if (next !== undefined) {
      event.preventDefault();
      cells[next]?.focus();
    }
  }

  return (
    <div className={styles.container}>
      {shape === 'row' && <Heads />}
      <ul
        aria-label="Platforms"
        className={classes(shape === 'row' ? styles.rows : styles.cards)}
        data-count={Math.min(jobs.length, manyCells)}
        onKeyDown={onKeyDown}
        onFocus={({ target }) => setFocused((before) => target.dataset.cell ?? before)}
      >
        {jobs.map((job, index) => (
          <Cell
            key={job.platform}
            build={build}
            job={job}
            contextBytes={contextBytes}
            source={source}
            shape={shape}
            isOpen={job.platform === opened}
            isStop={stop === undefined ? index === 0 : job.platform === stop}
            onCancel={onCancel}
          />
        ))}
      </ul>
    </div>
  );
}

function Heads() {
  return (
    <div className={styles.heads} aria-hidden="true">
      <span>Platform</span>
      <span>Node</span>
      <span>Phase</span>
      <span>Step</span>
      <span />
      <span data-traffic="">Sent, received</span>
      <span data-cached="" className={styles.end}>
        Cached
      </span>
      <span data-activity="">Activity</span>
      <span className={styles.end}>Time</span>
    </div>
  );
}
