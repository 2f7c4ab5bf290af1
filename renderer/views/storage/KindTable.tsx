import { formatBytes } from '../../../shared/format.ts';
import { storageKindNames } from '../../../shared/storage-kinds.ts';
import type { NodeUse } from '../../../shared/storage-use.ts';
import styles from './Storage.module.css';

/** Every kind of a node in figures. */
export function KindTable({ use: { kinds } }: { use: NodeUse }) {
  return (
    <table className={styles.kinds} aria-label="Disk use by kind">
      <thead>
        <tr>
          <th scope="col">Kind</th>
          <th scope="col">Count</th>
          <th scope="col">Size</th>
          <th scope="col">By Barnraiser</th>
          <th scope="col">Can be freed</th>
        </tr>
      </thead>
      <tbody>
        {kinds.map(({ kind, count, bytes, own, reclaimable }) => (
          <tr key={kind}>
            <th scope="row">{storageKindNames[kind]}</th>
            <td>{count}</td>
            <td>{formatBytes(bytes)}</td>
            <td>{own.count > 0 ? formatBytes(own.bytes) : '—'}</td>
            <td>{reclaimable.count > 0 ? formatBytes(reclaimable.bytes) : '—'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
