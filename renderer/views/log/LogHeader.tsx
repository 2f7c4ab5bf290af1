import { memo } from 'react';
import type { Job } from '../../../shared/build.ts';
import { formatReferenceShort } from '../../../shared/format.ts';
import type { Platform } from '../../../shared/platform.ts';
import { Button } from '../../parts/Button.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Menu } from '../../parts/Menu.tsx';
import styles from './Log.module.css';
import { PlatformTabs } from './PlatformTabs.tsx';

/** What the header can ask for; the same object for as long as the log is shown. */
export interface HeaderActions {
  readonly choosePlatform: (platform: Platform) => void;
  readonly find: () => void;
  readonly foldAll: () => void;
  readonly copyAll: () => void;
  readonly save: () => void;
  readonly stopSaving: () => void;
  readonly openWindow: () => void;
  readonly close: () => void;
}

export interface LogHeaderProps {
  readonly reference: string;
  readonly jobs: readonly Job[];
  readonly platform: Platform;
  /** The id of what the tabs show. */
  readonly panel: string;
  readonly ownWindow: boolean;
  readonly hasLines: boolean;
  readonly hasSteps: boolean;
  readonly hasFolds: boolean;
  /** How much is saved, from 0 to 1, while it is. */
  readonly saving: number | undefined;
  readonly actions: HeaderActions;
}

/** The platforms of the build, and what can be done with the log. */
export const LogHeader = memo(function LogHeader({
  reference,
  jobs,
  platform,
  panel,
  ownWindow,
  hasLines,
  hasSteps,
  hasFolds,
  saving,
  actions,
}: LogHeaderProps) {
  return (
    <header className={styles.bar}>
      {ownWindow && <h1 className={styles.reference}>{formatReferenceShort(reference)}</h1>}
      <PlatformTabs jobs={jobs} platform={platform} panel={panel} onChoose={actions.choosePlatform} />
      {saving !== undefined && (
        <span className={styles.saving}>
          <output>Saving {Math.round(saving * 100)} %</output>
          <Button size="small" onClick={actions.stopSaving}>
            Cancel
          </Button>
        </span>
      )}
      <IconButton
        icon="search"
        label="Find"
        shortcut="Mod+F"
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
          { label: 'Save as a file…', icon: 'download', disabled: !hasLines, run: actions.save },
        ]}
      />
      {!ownWindow && (
        <>
          <IconButton icon="window" label="Open in a window of its own" size="small" onClick={actions.openWindow} />
          <IconButton icon="cross" label="Close log" size="small" onClick={actions.close} />
        </>
      )}
    </header>
  );
});
