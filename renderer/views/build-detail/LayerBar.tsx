import { formatBytes, formatCount, formatDigest, formatList, formatReferenceShort } from '../../../shared/format.ts';
import type { Digest, ListEntry, ManifestList } from '../../../shared/image.ts';
import { wordOf } from '../../../shared/words.ts';
import { classes } from '../../parts/classes.ts';
import { Tooltip } from '../../parts/Tooltip.tsx';
import styles from './LayerBar.module.css';

export interface ImageLayer {
  readonly key: string;
  readonly number: number;
  readonly digest: Digest;
  readonly size: number;
  /** Other images with this layer: platforms of the same list, references of other lists in local storage. */
  readonly sharedWith: readonly string[];
}

/** The layers of an image in order, each with the images that share it. A shared layer is stored once. */
export function imageLayers(entry: ListEntry, list: ManifestList, stored: readonly ManifestList[]): ImageLayer[] {
  const otherLists = stored.filter(({ reference }) => reference !== list.reference);
  const hasLayer = (candidate: ListEntry, digest: Digest): boolean =>
    candidate.layers.some((layer) => layer.digest === digest);
  return entry.layers.map(({ digest, size }, index) => ({
    key: `${index} ${digest}`,
    number: index + 1,
    digest,
    size,
    sharedWith: [
      ...list.entries.filter((other) => other !== entry && hasLayer(other, digest)).map(({ platform }) => platform),
      ...otherLists
        .filter(({ entries }) => entries.some((other) => hasLayer(other, digest)))
        .map(({ reference }) => reference),
    ],
  }));
}

export interface LayerBarProps {
  readonly layers: readonly ImageLayer[];
  /** The length of the bar, from 0 to 1: the size of the image compared with the largest image of the list. */
  readonly share: number;
}

/** The layers of an image as the parts of a bar. */
export function LayerBar({ layers, share }: LayerBarProps) {
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  const shared = layers.reduce((sum, { size, sharedWith }) => sum + (sharedWith.length > 0 ? size : 0), 0);
  return (
    <div className={styles.layers} style={{ width: `${Math.max(4, share * 100)}%` }}>
      <span className="visually-hidden">
        {`${formatCount(layers.length, 'layer')}, ${formatBytes(shared)} of ${formatBytes(total)} shared with other images`}
      </span>
      {layers.map((layer) => (
        <Tooltip key={layer.key} text={layerText(layer, layers.length)}>
          <span
            className={classes(styles.layer, layer.sharedWith.length > 0 ? styles.shared : styles.own)}
            style={{ flexGrow: layer.size }}
          />
        </Tooltip>
      ))}
    </div>
  );
}

export function LayerLegend() {
  return (
    <span className={styles.legend}>
      <span>
        <span className={classes(styles.swatch, styles.own)} />
        new
      </span>
      <span>
        <span className={classes(styles.swatch, styles.shared)} />
        shared with other images
      </span>
    </span>
  );
}

function layerText({ number, size, digest, sharedWith }: ImageLayer, count: number): string {
  const names = sharedWith.map(formatReferenceShort);
  const shared =
    names.length === 0
      ? wordOf('new')
      : `shared with ${formatList(names.length > 3 ? [...names.slice(0, 2), `${names.length - 2} more`] : names)}`;
  return `Layer ${number} of ${count}, ${formatBytes(size)}, ${formatDigest(digest)}, ${shared}`;
}
