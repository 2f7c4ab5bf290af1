import { formatBytes, formatCount, formatDigest, formatReferenceShort } from '../../../shared/format.ts';
import type { LayerDetails } from '../../../shared/local-images.ts';
import { wordOf } from '../../../shared/words.ts';
import { Copyable } from '../../parts/Copyable.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { useInspected } from '../../stores/local-images.ts';
import { hrefOf } from '../../stores/navigation.ts';
import { formatFirst } from '../images/storage.ts';
import styles from './Image.module.css';
import type { ImageSectionProps } from './section-props.ts';

/** The layers of the image of a platform, and what shares them. */
export function LayersSection({ reference, list, platform }: ImageSectionProps) {
  const { inspected, problem } = useInspected(list);
  const details = inspected?.images.find((image) => image.platform === platform);
  if (problem) {
    return <ProblemNote problem={problem} />;
  }
  if (!inspected || !details) {
    return <Waiting>Loading layers</Waiting>;
  }
  const { layers } = details;
  const bytes = layers.reduce((sum, { size }) => sum + size, 0);
  return (
    <>
      <p className={styles.summary}>
        {formatCount(layers.length, 'layer')}, {formatBytes(bytes)} compressed. Deleting this image with all its
        platforms frees {formatBytes(inspected.freedBytes)}.
      </p>
      <table className={styles.steps} aria-label="Layers">
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col">Size</th>
            <th scope="col">Uncompressed</th>
            <th scope="col">Step</th>
            <th scope="col">Shared with</th>
          </tr>
        </thead>
        <tbody>
          {layers.map((layer) => (
            <tr key={layer.number}>
              <td>
                <a href={hrefOf({ view: 'image', reference, section: `files-${layer.number}`, platform })}>
                  <span className="visually-hidden">Files of layer </span>
                  {layer.number}
                </a>
              </td>
              <td className={styles.number}>{formatBytes(layer.size)}</td>
              <td className={styles.number}>
                {layer.uncompressedSize === undefined ? (
                  <span className={styles.quiet} title="Known when its files were listed once.">
                    unknown
                  </span>
                ) : (
                  formatBytes(layer.uncompressedSize)
                )}
              </td>
              <td className={styles.command}>
                <code>{layer.command ?? wordOf('unknown')}</code>
                <small>
                  <Copyable
                    text={layer.digest}
                    shown={formatDigest(layer.digest)}
                    what={`digest of layer ${layer.number}`}
                  />
                  {layer.compression === 'gzip' ? '' : ` ${layer.compression === 'none' ? 'not compressed' : 'zstd'}`}
                </small>
              </td>
              <td className={styles.shared} title={sharingOf(layer).join('\n') || undefined}>
                {sharingOf(layer).length > 0
                  ? formatFirst(sharingOf(layer).map(formatReferenceShort))
                  : 'no other image'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function sharingOf({ sharedWith, sharedPlatforms }: LayerDetails): string[] {
  return [...sharedWith, ...sharedPlatforms];
}
