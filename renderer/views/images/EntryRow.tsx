import { formatBytes, formatCount, formatDigest, formatReferenceShort } from '../../../shared/format.ts';
import type { ListEntry } from '../../../shared/image.ts';
import { PlatformChip } from '../../parts/Chip.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { CopyButton } from '../../parts/CopyButton.tsx';
import styles from './Images.module.css';
import { describeAttachments, formatFirst, otherReferences, type ReferencesByLayer } from './storage.ts';

export interface EntryRowProps {
  readonly entry: ListEntry;
  readonly reference: string;
  readonly referencesByLayer: ReferencesByLayer;
  /** The size of the largest image of the manifest list, in bytes, which scales the bars. */
  readonly largest: number;
}

/** One image of a manifest list: a bar of its layers, and a table of them that can be expanded. */
export function EntryRow({ entry, reference, referencesByLayer, largest }: EntryRowProps) {
  const layers = entry.layers.map((layer, index) => {
    const others = otherReferences(layer.digest, reference, referencesByLayer);
    return { ...layer, key: `${index} ${layer.digest}`, number: index + 1, others };
  });
  const attachments = entry.attachments ?? [];
  const shared = layers.filter(({ others }) => others.length > 0).reduce((sum, { size }) => sum + size, 0);
  return (
    <li className={styles.entry}>
      <div className={styles.entryHead}>
        <PlatformChip platform={entry.platform} />
        <Copyable text={entry.digest} shown={formatDigest(entry.digest)} what={`digest of ${entry.platform}`} />
        <span className={styles.entrySize}>{formatBytes(entry.size)}</span>
      </div>
      {/* hidden from screen readers: the table below has the same content */}
      <div className={styles.bar} style={{ width: `${(entry.size / largest) * 100}%` }} aria-hidden="true">
        {layers.map(({ key, number, digest, size, others }) => (
          <span
            key={key}
            className={others.length > 0 ? styles.sharedLayer : styles.ownLayer}
            style={{ flexGrow: Math.max(size, entry.size / 200) }}
            title={`Layer ${number}: ${formatBytes(size)}, ${formatDigest(digest)}${
              others.length > 0 ? `\nshared with ${formatFirst(others, 8)}` : ''
            }`}
          />
        ))}
      </div>
      <details className={styles.layers}>
        <summary>
          {formatCount(layers.length, 'layer')}
          {shared > 0 && <span className={styles.quiet}>, {formatBytes(shared)} shared</span>}
          {attachments.length > 0 && (
            <span className={styles.quiet}>
              , {formatCount(attachments.length, 'attachment')} ({describeAttachments(entry)})
            </span>
          )}
        </summary>
        <table>
          <thead>
            <tr>
              <th scope="col">Layer</th>
              <th scope="col">Size</th>
              <th scope="col">Digest</th>
              <th scope="col">Shared with</th>
            </tr>
          </thead>
          <tbody>
            {layers.map(({ key, number, digest, size, others }) => (
              <tr key={key}>
                <td>
                  <span className={others.length > 0 ? styles.shared : styles.own}>{number}</span>
                </td>
                <td className={styles.number}>{formatBytes(size)}</td>
                <td>
                  <code title={digest}>{formatDigest(digest)}</code>
                  <CopyButton text={digest} what={`digest of layer ${number}`} />
                </td>
                <td className={styles.others} title={others.join('\n') || undefined}>
                  {others.length > 0 ? formatFirst(others.map(formatReferenceShort)) : 'no other image'}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </li>
  );
}
