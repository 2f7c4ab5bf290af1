import { useEffect, useState } from 'react';
import { formatBytes, formatCount } from '../../../shared/format.ts';
import { keptReasons, pruneParts } from '../../../shared/storage-kinds.ts';
import type { NodePreview, PrunedItem, PrunePreview } from '../../../shared/storage-use.ts';
import { wordOf } from '../../../shared/words.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { toastProblem } from '../../stores/toasts.ts';
import styles from './Storage.module.css';
import { sumOf } from './sums.ts';

/** Items are fetched in pages of this size. */
const pageSize = 100;

/** What goes from each node. Each can be opened to see every item. */
export function PreviewList({ preview: { id, nodes } }: { preview: PrunePreview }) {
  return (
    <ul className={styles.preview} aria-label="What goes">
      {nodes.map((node) => (
        <li key={`${id} ${node.node}`} className={styles.previewNode}>
          <NodeItems id={id} node={node} isOpen={nodes.length === 1} />
        </li>
      ))}
    </ul>
  );
}

function NodeItems({ id, node, isOpen }: { id: string; node: NodePreview; isOpen: boolean }) {
  const [open, setOpen] = useState(isOpen);
  const { count, bytes } = sumOf(node.parts);
  if (node.problem) {
    return <ProblemNote problem={node.problem} />;
  }
  if (node.sameAs !== undefined) {
    return (
      <p className={styles.previewPlain}>
        <span className={styles.previewName}>{node.node}</span>
        <span className={styles.quiet}>the same engine as {node.sameAs}</span>
      </p>
    );
  }
  return (
    <details className={styles.opened} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span className={styles.previewName}>{node.node}</span>
        <span className={styles.quiet}>
          {count === 0
            ? 'nothing to remove'
            : `${formatCount(count, 'item')}, ${formatBytes(bytes)} of ${formatBytes(node.bytes)}`}
        </span>
      </summary>
      {open && <Items id={id} node={node.node} count={count} />}
      {open && node.kept.length > 0 && (
        <ul className={styles.items} aria-label={`Kept on ${node.node}`}>
          {node.kept.map(({ reason, count: keptCount, bytes: keptBytes }) => (
            <li key={reason} className={styles.why}>
              Kept: {formatCount(keptCount, 'item')}, {formatBytes(keptBytes)}: {keptReasons[reason]}
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}

function Items({ id, node, count }: { id: string; node: string; count: number }) {
  const [items, setItems] = useState<readonly PrunedItem[]>([]);
  const [wanted, setWanted] = useState(pageSize);
  const from = items.length;
  useEffect(() => {
    if (from >= Math.min(wanted, count)) {
      return;
    }
    const ended = new AbortController();
    call('storage.items', { id, node, from, count: pageSize }, { signal: ended.signal }).then(
      (page) => setItems((before) => [...before, ...page]),
      (error: unknown) => ended.signal.aborted || toastProblem(error),
    );
    return () => ended.abort();
  }, [id, node, from, wanted, count]);
  return (
    <ul className={styles.items} aria-label={`What goes from ${node}`}>
      {items.map((item) => (
        <li key={`${item.kind} ${item.id}`} className={styles.item}>
          <span className={styles.itemName} title={`${nameOf(item)}\n${item.id}`}>
            {nameOf(item)}
          </span>
          <span className={styles.why} title={pruneParts[item.part].why}>
            {item.usedAt === undefined ? 'age unknown' : <RelativeTime time={item.usedAt} />}
          </span>
          <span>{formatBytes(item.bytes)}</span>
        </li>
      ))}
      {items.length > 0 && items.length < count && (
        <li>
          <Button size="small" kind="quiet" onClick={() => setWanted(items.length + pageSize)}>
            Show more of {formatCount(count, 'item')}
          </Button>
        </li>
      )}
    </ul>
  );
}

function nameOf({ kind, id, names, part }: PrunedItem): string {
  const short = id.replace(/^sha256:/, '').slice(0, 12);
  if (names.length > 0) {
    return names.join(', ');
  }
  return kind === 'context'
    ? `context ${short}`
    : part === 'project'
      ? `cached image ${short}`
      : `${wordOf(kind)} ${short}`;
}
