import { type KeyboardEvent, useState } from 'react';
import type { Build, Job } from '../../../shared/build.ts';
import { Button } from '../../parts/Button.tsx';
import { classes } from '../../parts/classes.ts';
import { type PhaseState, phaseWord } from '../../parts/PhaseBadge.tsx';
import { Segmented } from '../../parts/Segmented.tsx';
import { useNavigation } from '../../stores/navigation.ts';
import { stateCounts } from '../builds/outcome.ts';
import { arrangeJobs } from './arrange-jobs.ts';
import { nextCellIndex } from './grid-keys.ts';
import { PlatformCell } from './PlatformCell.tsx';
import styles from './PlatformGrid.module.css';

/** With this many platforms or more, cells are rows. */
const rowLayoutFrom = 9;

export interface PlatformGridProps {
  readonly build: Build;
  readonly contextBytes: number | undefined;
  readonly onCancel: (job: Job) => void;
}

/** A cell for each platform, in a fixed order: a wide cell for a single platform, cards for a few, rows for many. */
export function PlatformGrid({ build, contextBytes, onCancel }: PlatformGridProps) {
  const log = useNavigation((state) => state.route?.log);
  const { jobs } = build;
  const opened = log?.id === build.id ? log.platform : undefined;
  const [focused, setFocused] = useState<string>();
  const tabStopOf = (all: readonly Job[]): string | undefined =>
    [focused, opened].find((platform) => all.some((job) => job.platform === platform));
  const shape = jobs.length === 1 ? 'wide' : jobs.length < rowLayoutFrom ? 'card' : 'row';
  const [filter, setFilter] = useState<PhaseState | 'all'>('all');
  const [isFailedFirst, setFailedFirst] = useState(false);
  const shown = shape === 'row' ? arrangeJobs(jobs, filter, isFailedFirst) : jobs;

  const tabStop = tabStopOf(shown);

  function onKeyDown(event: KeyboardEvent<HTMLUListElement>): void {
    const cells = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-cell]')];
    const index = event.target instanceof HTMLElement ? cells.indexOf(event.target) : -1;
    if (index < 0 || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const next = nextCellIndex(
      cells.map((cell) => cell.getBoundingClientRect()),
      index,
      event.key,
    );
    if (next !== undefined) {
      event.preventDefault();
      cells[next]?.focus();
    }
  }

  return (
    <div className={styles.container}>
      {shape === 'row' && (
        <div className={styles.tools}>
          <Segmented
            label="Show platforms"
            value={shown.length === jobs.length ? 'all' : filter}
            options={[
              { value: 'all', label: `All ${jobs.length}` },
              ...stateCounts(jobs).map(({ state, count }) => ({
                value: state,
                label: `${count} ${phaseWord(state).toLowerCase()}`,
              })),
            ]}
            onChange={setFilter}
          />
          <Button
            size="small"
            kind="quiet"
            icon="filter"
            pressed={isFailedFirst}
            onClick={() => setFailedFirst(!isFailedFirst)}
          >
            Failed first
          </Button>
        </div>
      )}
      {shape === 'row' && <ColumnHeads />}
      <ul
        aria-label="Platforms"
        className={classes(shape === 'row' ? styles.rows : styles.cards)}
        data-count={Math.min(jobs.length, rowLayoutFrom)}
        onKeyDown={onKeyDown}
        onFocus={({ target }) => setFocused((previous) => target.dataset.cell ?? previous)}
      >
        {shown.map((job, index) => (
          <PlatformCell
            key={job.platform}
            build={build}
            job={job}
            contextBytes={contextBytes}
            shape={shape}
            isOpen={job.platform === opened}
            isTabStop={tabStop === undefined ? index === 0 : job.platform === tabStop}
            onCancel={onCancel}
          />
        ))}
      </ul>
    </div>
  );
}

function ColumnHeads() {
  return (
    <div className={styles.columnHeads} aria-hidden="true">
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
