import { useRef } from 'react';
import type { Build } from '../../../shared/build.ts';
import { formatCount, formatReferenceShort } from '../../../shared/format.ts';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { removeBuild, useBuilds } from '../../stores/builds.ts';
import { toast } from '../../stores/toasts.ts';

export interface DeleteBuildsProps {
  readonly ids: readonly string[];
  readonly onClose: () => void;
  readonly onDeleted: (ids: readonly string[]) => void;
}

/** Asks before builds leave the history: their logs go with them. */
export function DeleteBuilds({ ids, onClose, onDeleted }: DeleteBuildsProps) {
  const byId = useBuilds.getState().byId;
  // the words stay while the dialog closes
  const last = useRef<readonly Build[]>([]);
  if (ids.length > 0) {
    last.current = ids.flatMap((id) => byId[id] ?? []);
  }
  const builds = last.current;
  const [first] = builds;
  if (!first) {
    return null;
  }
  const isOne = builds.length === 1;
  const what = isOne ? `build ${formatReferenceShort(first.reference)}` : formatCount(builds.length, 'build');
  const logs = builds.reduce((sum, { jobs }) => sum + jobs.length, 0);

  async function remove(): Promise<void> {
    for (const id of ids) {
      await removeBuild(id);
    }
    onDeleted(ids);
    toast({ title: `Deleted ${what}` });
  }

  return (
    <ConfirmDialog
      open={ids.length > 0}
      onClose={onClose}
      title={`Delete ${what}?`}
      description={
        builds.some(({ status }) => status === 'done')
          ? `${isOne ? 'Its image stays' : 'Their images stay'} in local storage; delete ${isOne ? 'it' : 'them'} under Images.`
          : undefined
      }
      losses={[
        `${formatCount(logs, 'log')}, ${isOne ? 'one a platform' : 'one a platform and build'}`,
        `What ${isOne ? 'it' : 'they'} did step by step, and how long it took`,
      ]}
      action={`Delete ${isOne ? 'build' : what}`}
      onConfirm={remove}
    />
  );
}
