import { useMemo } from 'react';
import type { Build } from '../../../shared/build.ts';
import {
  formatBytes,
  formatCount,
  formatDigest,
  formatList,
  formatPlatform,
  formatReferenceShort,
} from '../../../shared/format.ts';
import type { ListEntry, ManifestList } from '../../../shared/image.ts';
import { Copyable } from '../../parts/Copyable.tsx';
import { classes } from '../../parts/classes.ts';
import { Tooltip } from '../../parts/Tooltip.tsx';
import { useImages } from '../../stores/images.ts';
import { hrefOf } from '../../stores/navigation.ts';
import { useSettings } from '../../stores/settings.ts';
import { commandsFor } from './by-hand.ts';
import { type LayerPart, layersOf, sharedBytes } from './layers.ts';
import styles from './Result.module.css';

/** The manifest list that a build made: what it holds, and how to use it elsewhere. */
export function Result({ build, list }: { build: Build; list: ManifestList }) {
  const home = useSettings((state) => state.info?.home);
  const total = list.entries.reduce((sum, { size }) => sum + size, 0);
  return (
    <section aria-labelledby="build-result" className={styles.result}>
      <header className={styles.header}>
        <h2 id="build-result">Manifest list</h2>
        <span className={styles.note}>
          {formatCount(list.entries.length, 'image')}, {formatBytes(total)} in{' '}
          <a href={hrefOf({ view: 'images', reference: list.reference })}>local storage</a>
        </span>
        <Copyable text={list.digest} shown={`sha256:${formatDigest(list.digest)}`} what="digest of the list" />
      </header>
      <Entries build={build} list={list} />
      {home && (
        <details className={styles.byHand}>
          <summary>Use it without Barnraiser</summary>
          <dl className={styles.commands}>
            {commandsFor(list.reference, home).map(({ title, text }) => (
              <div key={title} className={styles.command}>
                <dt>{title}</dt>
                <dd>
                  <Copyable block text={text} what="command" />
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </section>
  );
}

function Entries({ build, list }: { build: Build; list: ManifestList }) {
  const stored = useImages((state) => state.lists);
  const entries = useMemo(
    () => list.entries.map((entry) => ({ entry, layers: layersOf(entry, list, stored) })),
    [list, stored],
  );
  const largest = Math.max(1, ...list.entries.map(({ size }) => size));
  return (
    <table className={styles.entries} aria-label="Images of the list">
      <thead>
        <tr>
          <th scope="col">Platform</th>
          <th scope="col">Digest</th>
          <th scope="col" className={styles.end}>
            Size
          </th>
          <th scope="col" className={styles.layersHead}>
            Layers
            <Legend />
          </th>
        </tr>
      </thead>
      <tbody>
        {entries.map(({ entry, layers }) => {
          const job = build.jobs.find(({ platform }) => platform === entry.platform);
          return (
            <tr key={entry.platform}>
              <th scope="row">
                {formatPlatform(entry.platform)}
                {job && <span className={styles.note}> {job.node}</span>}
              </th>
              <td>
                <Copyable text={entry.digest} shown={formatDigest(entry.digest)} what={`digest of ${entry.platform}`} />
              </td>
              <td className={styles.end}>{formatBytes(entry.size)}</td>
              <td className={styles.layersCell}>
                <Layers entry={entry} layers={layers} largest={largest} />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Legend() {
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

/** The layers of an image as parts of a bar; as long as its image is large. */
function Layers({ entry, layers, largest }: { entry: ListEntry; layers: readonly LayerPart[]; largest: number }) {
  const sum = layers.reduce((all, { size }) => all + size, 0);
  const shared = sharedBytes(layers);
  const said = `${formatCount(layers.length, 'layer')}, ${formatBytes(shared)} of ${formatBytes(sum)} shared with other images`;
  return (
    <div className={styles.layers} style={{ width: `${Math.max(4, (entry.size / largest) * 100)}%` }}>
      <span className="visually-hidden">{said}</span>
      {layers.map((layer) => (
        <Tooltip key={layer.key} text={layerWords(layer, layers.length)}>
          <span
            className={classes(styles.layer, layer.sharedWith.length > 0 ? styles.shared : styles.own)}
            style={{ flexGrow: layer.size }}
          />
        </Tooltip>
      ))}
    </div>
  );
}

function layerWords({ number, size, digest, sharedWith }: LayerPart, count: number): string {
  const names = sharedWith.map(formatReferenceShort);
  const shared =
    names.length === 0
      ? 'new'
      : `shared with ${formatList(names.length > 3 ? [...names.slice(0, 2), `${names.length - 2} more`] : names)}`;
  return `Layer ${number} of ${count}, ${formatBytes(size)}, ${formatDigest(digest)}, ${shared}`;
}
