/** Log: the output of one job, up to millions of lines. */

import { EmptyState } from '../../parts/EmptyState.tsx';
import { useOpenBuild } from '../../stores/builds.ts';
import type { OpenLog } from '../../stores/navigation.ts';
import { LogView } from './LogView.tsx';

export interface LogPanelProps extends OpenLog {
  /** Whether the log fills its own window instead of the drawer. */
  readonly isOwnWindow: boolean;
  readonly onClose: () => void;
}

/** The entry of the log view: the log of one platform of a build, or why there is none. */
export function LogPanel({ id, platform, line, isOwnWindow, onClose }: LogPanelProps) {
  const { build, problem } = useOpenBuild(id);
  const job = build?.jobs.find((each) => each.platform === platform);
  if (build && job) {
    return (
      <LogView
        key={`${id} ${platform}`}
        build={build}
        job={job}
        line={line}
        isOwnWindow={isOwnWindow}
        onClose={onClose}
      />
    );
  }
  if (!build && !problem) {
    return null;
  }
  return (
    <EmptyState
      icon="log"
      title={build ? `This build does not include ${platform}` : 'This build is no longer in the history'}
    >
      {build ? 'Choose another platform.' : 'Its logs were deleted with it.'}
    </EmptyState>
  );
}
