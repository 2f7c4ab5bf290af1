import { type KeyboardEvent, useEffect, useRef } from 'react';
import type { Job } from '../../../shared/build.ts';
import { formatPlatform } from '../../../shared/format.ts';
import type { Platform } from '../../../shared/platform.ts';
import { PhaseGlyph, wordOf } from '../../parts/PhaseBadge.tsx';
import styles from './Log.module.css';

/** Another platform is another log, drawn anew: the tab that was chosen with keys gets the focus back in it. */
let focusIsOnTabs = false;

export interface PlatformTabsProps {
  readonly jobs: readonly Job[];
  readonly platform: Platform;
  /** The id of what the tabs show. */
  readonly panel: string;
  readonly onChoose: (platform: Platform) => void;
}

/** The platforms of a build, each with how it goes. */
export function PlatformTabs({ jobs, platform, panel, onChoose }: PlatformTabsProps) {
  const chosen = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    chosen.current?.scrollIntoView?.({ block: 'nearest', inline: 'nearest' });
    if (focusIsOnTabs) {
      focusIsOnTabs = false;
      chosen.current?.focus();
    }
  }, []);

  function onKeyDown(event: KeyboardEvent): void {
    const at = jobs.findIndex((job) => job.platform === platform);
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: (at + 1) % jobs.length,
      ArrowLeft: (at - 1 + jobs.length) % jobs.length,
      Home: 0,
      End: jobs.length - 1,
    };
    const next = jobs[steps[event.key] ?? -1];
    if (next) {
      event.preventDefault();
      focusIsOnTabs = true;
      onChoose(next.platform);
    }
  }

  return (
    <div role="tablist" aria-label="Platforms" className={styles.tabs} onKeyDown={onKeyDown} tabIndex={-1}>
      {jobs.map((job) => {
        const isChosen = job.platform === platform;
        return (
          <button
            key={job.platform}
            ref={isChosen ? chosen : undefined}
            type="button"
            role="tab"
            aria-selected={isChosen}
            aria-controls={isChosen ? panel : undefined}
            tabIndex={isChosen ? 0 : -1}
            className={styles.tab}
            title={`${job.platform} on ${job.node}: ${wordOf(job.status).toLowerCase()}`}
            onClick={() => onChoose(job.platform)}
          >
            <PhaseGlyph phase={job.status} />
            {formatPlatform(job.platform)}
            <span className="visually-hidden">, {wordOf(job.status).toLowerCase()}</span>
          </button>
        );
      })}
    </div>
  );
}
