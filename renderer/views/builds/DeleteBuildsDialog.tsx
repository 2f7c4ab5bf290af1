import { useRef } from 'react';
import type { BuildEntry } from '../../../shared/build-entry.ts';
import { formatCount, formatReferenceShort, pluralText } from '../../../shared/format.ts';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { removeBuild, useBuilds } from '../../stores/builds.ts';
import { toast } from '../../stores/toasts.ts';

export interface DeleteBuildsDialogProps {
  readonly ids: readonly string[];
  readonly onClose: () => void;
  readonly onDeleted: (ids: readonly string[]) => void;
}

/** Asks for confirmation before builds and their logs are deleted from the history. */
export function DeleteBuildsDialog({ ids, onClose, onDeleted }: DeleteBuildsDialogProps) {
  const { entries } = useBuilds.getState();
  // the dialog keeps its text while it fades out
  const last = useRef<readonly BuildEntry[]>([]);
  if (ids.length > 0) {
    last.current = ids.flatMap((id) => entries[id] ?? []);
  }
  const builds = last.current;
  const [first] = builds;
  if (!first) {
    return null;
  }
  const isOne = builds.length === 1;
  const name = isOne
    ? `build ${formatReferenceShort(first.reference || first.id)}`
    : formatCount(builds.length, 'build');
  const hasKeptImages = builds.some(isIncomplete);
  const logs = builds.reduce((sum, { jobs }) => sum + jobs.length, 0);

  async function remove(): Promise<void> {
    for (const id of ids) {
      await removeBuild(id);
    }
    onDeleted(ids);
    toast({ title: `Deleted ${name}` });
  }

  return (
    <ConfirmDialog
      open={ids.length > 0}
      onClose={onClose}
      title={`Delete ${name}?`}
      description={
        builds.some(({ status }) => status === 'done')
          ? pluralText(
              builds.length,
              'Its image stays in local storage, under Images.',
              'Their images stay in local storage, under Images.',
            )
          : undefined
      }
      losses={[
        isOne
          ? formatCount(logs, 'log', 'logs (one per platform)')
          : formatCount(logs, 'log', 'logs (one per platform of each build)'),
        pluralText(builds.length, 'Its steps and durations', 'Their steps and durations'),
        ...(hasKeptImages ? ['Finished images that are kept for a retry'] : []),
      ]}
      action={isOne ? 'Delete build' : `Delete ${name}`}
      onConfirm={remove}
    />
  );
}

/** Whether only some platforms were built, so that their images are kept. */
function isIncomplete({ status, jobs }: BuildEntry): boolean {
  return (
    (status === 'failed' || status === 'cancelled' || status === 'interrupted') &&
    jobs.some((job) => job.status === 'done')
  );
}
