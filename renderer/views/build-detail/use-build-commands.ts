import type { Build } from '../../../shared/build.ts';
import { formatReferenceShort } from '../../../shared/format.ts';
import { type Command, useCommands } from '../../commands.ts';
import { openSheet } from '../../stores/navigation.ts';
import { copy, rebuild, retry } from './job-actions.ts';

/** What can be done with the build on the screen, from the palette and by keys. */
export function useBuildCommands(build: Build, cancel: () => void, askToDelete: () => void): void {
  const { id, reference, status } = build;
  const name = formatReferenceShort(reference);
  const hasFailed = build.jobs.some((job) => job.status === 'failed' || job.status === 'cancelled');
  const hasList = build.list !== undefined;

  useCommands((): Command[] => {
    const copyId: Command = {
      id: 'build:copy-id',
      label: 'Copy id of this build',
      group: 'Here',
      icon: 'copy',
      run: () => copy(id, 'id'),
    };
    if (status === 'running') {
      return [
        {
          id: 'build:cancel',
          label: `Cancel build of ${name}`,
          group: 'Here',
          icon: 'stop',
          shortcut: 'Mod+.',
          keywords: ['stop'],
          run: cancel,
        },
        copyId,
      ];
    }
    return [
      ...(hasList
        ? [
            {
              id: 'build:push',
              label: `Push ${name}…`,
              group: 'Here' as const,
              icon: 'push' as const,
              run: () => openSheet({ sheet: 'push', reference }),
            },
          ]
        : []),
      {
        id: 'build:rebuild',
        label: `Rebuild ${name}…`,
        group: 'Here',
        icon: 'refresh',
        keywords: ['again', 'retry'],
        run: () => rebuild(id),
      },
      ...(hasFailed
        ? [
            {
              id: 'build:retry',
              label: `Retry ${name}`,
              group: 'Here' as const,
              icon: 'refresh' as const,
              run: () => retry(id),
            },
          ]
        : []),
      copyId,
      { id: 'build:delete', label: 'Delete this build…', group: 'Here', icon: 'trash', run: askToDelete },
    ];
  }, [id, reference, status, hasList, hasFailed, cancel, askToDelete]);
}
