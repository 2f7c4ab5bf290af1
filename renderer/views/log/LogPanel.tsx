import { EmptyState } from '../../parts/EmptyState.tsx';
import { useBuild, useBuilds } from '../../stores/builds.ts';
import type { OpenLog } from '../../stores/navigation.ts';
import { LogView } from './LogView.tsx';

export interface LogPanelProps extends OpenLog {
  /** It fills a window of its own, and not the drawer. */
  readonly ownWindow: boolean;
  readonly onClose: () => void;
}

/** The log of one platform of a build. */
export function LogPanel({ id, platform, line, ownWindow, onClose }: LogPanelProps) {
  const build = useBuild(id);
  const loaded = useBuilds((state) => state.loaded);
  const job = build?.jobs.find((each) => each.platform === platform);
  if (build && job) {
    return (
      <LogView key={`${id} ${platform}`} build={build} job={job} line={line} ownWindow={ownWindow} onClose={onClose} />
    );
  }
  if (!loaded) {
    return null;
  }
  return (
    <EmptyState
      icon="log"
      title={build ? `This build has no ${platform}` : 'This build is not in the history any more'}
    >
      {build ? 'Choose another platform of it.' : 'Its logs were deleted with it.'}
    </EmptyState>
  );
}
