import { formatList } from '../../shared/format.ts';
import { ConfirmDialog } from '../parts/ConfirmDialog.tsx';
import { freeDisk, useFreeDisk } from '../stores/free-disk.ts';

/** Asks before disk space is freed on nodes. */
export function FreeDiskDialog() {
  const nodes = useFreeDisk((state) => state.nodes);
  const names = formatList(nodes ?? []);
  return (
    <ConfirmDialog
      open={nodes !== undefined}
      onClose={() => useFreeDisk.setState({ nodes: undefined })}
      title={`Free disk space on ${names}?`}
      description="Images with a name are kept."
      losses={['Images without a name', 'Build caches: the next build there runs all its steps']}
      action="Free disk space"
      onConfirm={() => freeDisk(nodes ?? [])}
    />
  );
}
