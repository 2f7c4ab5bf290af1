import { type KeyboardEvent, useEffect, useRef } from 'react';
import type { Job } from '../../../shared/build.ts';
import { formatPlatform } from '../../../shared/format.ts';
import type { Platform } from '../../../shared/platform.ts';
import { PhaseGlyph, phaseWord } from '../../parts/PhaseBadge.tsx';
import styles from './Log.module.css';

/** Choosing another platform mounts another log, whose tab must get the focus if it was chosen with the keyboard. */
let shouldFocusTab = false;

export interface PlatformTabsProps {
  readonly jobs: readonly Job[];
  readonly platform: Platform;
  /** The id of the element that the tabs control. */
  readonly panelId: string;
  readonly onChoose: (platform: Platform) => void;
}

/** The platforms of a build as tabs, each with its phase. */
export function PlatformTabs({ jobs, platform, panelId, onChoose }: PlatformTabsProps) {
  const selectedTab = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    selectedTab.current?.scrollIntoView?.({ block: 'nearest', inline: 'nearest' });
    if (shouldFocusTab) {
      shouldFocusTab = false;
      selectedTab.current?.focus();
    }
  }, []);

  function onKeyDown(event: KeyboardEvent): void {
    const index = jobs.findIndex((job) => job.platform === platform);
    const nextIndexes: Readonly<Record<string, number>> = {
      ArrowRight: (index + 1) % jobs.length,
      ArrowLeft: (index - 1 + jobs.length) % jobs.length,
      Home: 0,
      End: jobs.length - 1,
    };
    const next = jobs[nextIndexes[event.key] ?? -1];
    if (next) {
      event.preventDefault();
      shouldFocusTab = true;
      onChoose(next.platform);
    }
  }

  return (
    <div role="tablist" aria-label="Platforms" className={styles.tabs} onKeyDown={onKeyDown} tabIndex={-1}>
      {jobs.map((job) => {
        const isSelected = job.platform === platform;
        return (
          <button
            key={job.platform}
            ref={isSelected ? selectedTab : undefined}
            type="button"
            role="tab"
            aria-selected={isSelected}
            aria-controls={isSelected ? panelId : undefined}
            tabIndex={isSelected ? 0 : -1}
            className={styles.tab}
            title={`${job.platform} on ${job.node}: ${phaseWord(job.status).toLowerCase()}`}
            onClick={() => onChoose(job.platform)}
          >
            <PhaseGlyph phase={job.status} />
            {formatPlatform(job.platform)}
            <span className="visually-hidden">, {phaseWord(job.status).toLowerCase()}</span>
          </button>
        );
      })}
    </div>
  );
}
