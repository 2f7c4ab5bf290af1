import { memo } from 'react';
import type { Job } from '../../../shared/build.ts';
import { formatReferenceShort } from '../../../shared/format.ts';
import type { Platform } from '../../../shared/platform.ts';
import { Button } from '../../parts/Button.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Menu } from '../../parts/Menu.tsx';
import { shortcuts } from '../../parts/shortcut-table.ts';
import styles from './Log.module.css';
import { PlatformTabs } from './PlatformTabs.tsx';

/** The actions of the header. A stable object with stable functions. */
export interface HeaderActions {
  readonly choosePlatform: (platform: Platform) => void;
  readonly find: () => void;
  readonly foldAll: () => void;
  readonly toggleTimes: () => void;
  readonly toggleWrap: () => void;
  readonly copyAll: () => void;
  readonly save: () => void;
  readonly cancelSave: () => void;
  readonly openWindow: () => void;
  readonly close: () => void;
}

export interface LogHeaderProps {
  readonly reference: string;
  readonly jobs: readonly Job[];
  readonly platform: Platform;
  /** The id of the element that the tabs control. */
  readonly panelId: string;
  readonly isOwnWindow: boolean;
  readonly hasLines: boolean;
  readonly hasSteps: boolean;
  readonly hasFolds: boolean;
  /** Whether each line is shown with its time. */
  readonly hasTimes: boolean;
  /** Whether long lines are wrapped. */
  readonly isWrapped: boolean;
  /** The saved share of the log from 0 to 1, while it is being saved. */
  readonly savedShare: number | undefined;
  readonly actions: HeaderActions;
}

/** The platforms of the build, and the actions for the log. */
export const LogHeader = memo(function LogHeader({
  reference,
  jobs,
  platform,
  panelId,
  isOwnWindow,
  hasLines,
  hasSteps,
  hasFolds,
  hasTimes,
  isWrapped,
  savedShare,
  actions,
}: LogHeaderProps) {
  return (
    <header className={styles.bar}>
      {isOwnWindow && <h1 className={styles.reference}>{formatReferenceShort(reference)}</h1>}
      <PlatformTabs jobs={jobs} platform={platform} panelId={panelId} onChoose={actions.choosePlatform} />
      {savedShare !== undefined && (
        <span className={styles.saving}>
          <output>Saving {Math.round(savedShare * 100)} %</output>
          <Button size="small" onClick={actions.cancelSave}>
            Cancel
          </Button>
        </span>
      )}
      <IconButton icon="clock" label="Show times" size="small" aria-pressed={hasTimes} onClick={actions.toggleTimes} />
      <IconButton
        icon="wrap"
        label="Wrap long lines"
        size="small"
        aria-pressed={isWrapped}
        onClick={actions.toggleWrap}
      />
      <IconButton
        icon="search"
        label="Find"
        shortcut={shortcuts.find.keys}
        size="small"
        disabled={!hasLines}
        onClick={actions.find}
      />
      <Menu
        trigger={<IconButton icon="more" label="More about this log" size="small" />}
        items={[
          {
            label: hasFolds ? 'Unfold all steps' : 'Fold all steps',
            icon: hasFolds ? 'chevron-down' : 'chevron-right',
            disabled: !hasSteps,
            run: actions.foldAll,
          },
          'separator',
          { label: 'Copy all', icon: 'copy', disabled: !hasLines, run: actions.copyAll },
          { label: 'Save to file…', icon: 'download', disabled: !hasLines, run: actions.save },
        ]}
      />
      {!isOwnWindow && (
        <>
          <IconButton icon="window" label="Open in a new window" size="small" onClick={actions.openWindow} />
          <IconButton icon="cross" label="Close log" size="small" onClick={actions.close} />
        </>
      )}
    </header>
  );
});
