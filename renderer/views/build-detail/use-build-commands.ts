import { type Build, isCancelling } from '../../../shared/build.ts';
import { formatReferenceShort } from '../../../shared/format.ts';
import { type Command, useCommands } from '../../commands.ts';
import { shortcuts } from '../../parts/shortcut-table.ts';
import { openSheet } from '../../stores/navigation.ts';
import { resumeAndOpen } from '../../stores/resume.ts';
import { copyToClipboard, openRebuildSheet, retryAndOpen } from './build-actions.ts';

interface BuildActions {
  readonly cancel: () => void;
  readonly openDeleteDialog: () => void;
  readonly openEquivalents: () => void;
}

/** The commands for the open build, in the command palette and by shortcut. */
export function useBuildCommands(build: Build, { cancel, openDeleteDialog, openEquivalents }: BuildActions): void {
  const { id, reference, status } = build;
  const name = formatReferenceShort(reference);
  const hasFailed = build.jobs.some((job) => job.status === 'failed' || job.status === 'cancelled');
  const hasList = build.list !== undefined;
  const canCancel = status === 'running' && !isCancelling(build);

  useCommands((): Command[] => {
    const copyId: Command = {
      id: 'build:copy-id',
      label: 'Copy id of this build',
      group: 'view',
      icon: 'copy',
      run: () => copyToClipboard(id, 'id'),
    };
    const tell: Command = {
      id: 'build:equivalents',
      label: 'Same command elsewhere…',
      group: 'view',
      icon: 'log',
      keywords: ['podman', 'docker', 'buildx', 'github', 'gitlab', 'actions'],
      run: openEquivalents,
    };
    if (status === 'running') {
      const cancelBuild: Command = {
        id: 'build:cancel',
        label: `Cancel build of ${name}`,
        group: 'view',
        icon: 'stop',
        shortcut: shortcuts.cancelBuild.keys,
        danger: true,
        keywords: ['stop'],
        run: cancel,
      };
      return [...(canCancel ? [cancelBuild] : []), copyId, tell];
    }
    return [
      ...(status === 'interrupted'
        ? [
            {
              id: 'build:resume',
              label: `Resume build of ${name}`,
              group: 'view' as const,
              icon: 'play' as const,
              run: () => resumeAndOpen(id),
            },
          ]
        : []),
      ...(hasList
        ? [
            {
              id: 'build:push',
              label: `Push ${name}…`,
              group: 'view' as const,
              icon: 'push' as const,
              run: () => openSheet({ sheet: 'push', reference }),
            },
          ]
        : []),
      {
        id: 'build:rebuild',
        label: `Rebuild ${name}…`,
        group: 'view',
        icon: 'refresh',
        keywords: ['again', 'retry'],
        run: () => openRebuildSheet(id),
      },
      ...(hasFailed
        ? [
            {
              id: 'build:retry',
              label: `Retry failed platforms of ${name}`,
              group: 'view' as const,
              icon: 'refresh' as const,
              run: () => retryAndOpen(id),
            },
          ]
        : []),
      copyId,
      tell,
      { id: 'build:delete', label: 'Delete this build…', group: 'view', icon: 'trash', run: openDeleteDialog },
    ];
  }, [id, reference, status, canCancel, hasList, hasFailed, cancel, openDeleteDialog, openEquivalents]);
}
