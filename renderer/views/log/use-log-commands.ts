import { useCommands } from '../../commands.ts';
import { shortcuts } from '../../parts/shortcut-table.ts';
import type { HeaderActions } from './LogHeader.tsx';

export interface LogCommandsOptions {
  /** The reference and platform of the log, as `api:1.4 arm64`. */
  readonly name: string;
  readonly hasFolds: boolean;
  readonly hasTimes: boolean;
  readonly isWrapped: boolean;
  readonly actions: HeaderActions;
  readonly setFollowing: (isFollowing: boolean) => void;
}

/** The commands for an open log. All functions must be stable. */
export function useLogCommands({
  name,
  hasFolds,
  hasTimes,
  isWrapped,
  actions,
  setFollowing,
}: LogCommandsOptions): void {
  useCommands(
    () => [
      {
        id: 'log:find',
        label: `Find in the log of ${name}`,
        group: 'view',
        icon: 'search',
        shortcut: shortcuts.find.keys,
        run: actions.find,
      },
      {
        id: 'log:follow',
        label: `Follow the log of ${name}`,
        group: 'view',
        icon: 'down',
        run: () => setFollowing(true),
      },
      {
        id: 'log:fold',
        label: hasFolds ? 'Unfold all steps' : 'Fold all steps',
        group: 'view',
        icon: 'minus',
        run: actions.foldAll,
      },
      {
        id: 'log:times',
        label: hasTimes ? 'Hide times in logs' : 'Show times in logs',
        group: 'view',
        icon: 'clock',
        run: actions.toggleTimes,
      },
      {
        id: 'log:wrap',
        label: isWrapped ? 'Do not wrap long lines in logs' : 'Wrap long lines in logs',
        group: 'view',
        icon: 'wrap',
        run: actions.toggleWrap,
      },
      { id: 'log:copy', label: `Copy the log of ${name}`, group: 'view', icon: 'copy', run: actions.copyAll },
      { id: 'log:save', label: `Save the log of ${name}`, group: 'view', icon: 'download', run: actions.save },
    ],
    [name, hasFolds, hasTimes, isWrapped, actions, setFollowing],
  );
}
