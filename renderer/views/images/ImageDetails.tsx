import { formatBytes, formatCount, formatMismatched, formatMissing } from '../../../shared/format.ts';
import type { ManifestList } from '../../../shared/image.ts';
import { Button } from '../../parts/Button.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { PhaseGlyph } from '../../parts/PhaseBadge.tsx';
import { PushedTo } from '../../parts/PushedTo.tsx';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { openSheet } from '../../stores/navigation.ts';
import { usePushes } from '../../stores/pushes.ts';
import { ImageActions, type ImageDialog } from './ImageActions.tsx';
import styles from './Images.module.css';
import { PlatformList } from './PlatformList.tsx';
import { type Footprint, mediaTypeLabel, type ReferencesByLayer } from './storage.ts';

export interface ImageDetailsProps {
  readonly list: ManifestList;
  readonly footprint: Footprint;
  readonly referencesByLayer: ReferencesByLayer;
  /** The dialog that is open. */
  readonly openDialog: ImageDialog | undefined;
  readonly setOpenDialog: (dialog: ImageDialog | undefined) => void;
  readonly onDeleted: () => void;
}

/** Shows the images of a reference by platform, their sizes and shared layers, with buttons to push, export and delete them. */
export function ImageDetails({
  list,
  footprint,
  referencesByLayer,
  openDialog,
  setOpenDialog,
  onDeleted,
}: ImageDetailsProps) {
  const { reference, entries } = list;
  const { total, own, shared, sharedWith } = footprint;
  const others = formatCount(sharedWith.length, 'other reference');

  return (
    <>
      <header className={styles.head}>
        <div className={styles.titles}>
          <h2 className={styles.reference} aria-label={reference}>
            <Copyable text={reference} what="reference" />
          </h2>
          <p className={styles.about}>
            <RelativeTime time={list.createdAt} />
            <span>{mediaTypeLabel(list.mediaType)}</span>
            {list.missing && <strong>{formatMissing(list)}</strong>}
            {list.mismatched && <strong>{formatMismatched(list.mismatched)}</strong>}
          </p>
        </div>
        <div className={styles.actions}>
          <ImageActions list={list} openDialog={openDialog} setOpenDialog={setOpenDialog} onDeleted={onDeleted} />
        </div>
      </header>
      <RunningPush reference={reference} />
      <PushedTo reference={reference} digest={list.digest} />
      <dl className={styles.facts}>
        <div>
          <dt>Manifest list digest</dt>
          <dd>
            <Copyable text={list.digest} what="digest" />
          </dd>
        </div>
        <div>
          <dt>Size</dt>
          <dd>
            {formatBytes(total)} in {formatCount(entries.length, 'image')}
            <small>An export has the same size.</small>
          </dd>
        </div>
        <div>
          <dt>Freed by deleting</dt>
          <dd>
            {formatBytes(own)}
            <small title={sharedWith.join('\n') || undefined}>
              {shared > 0 ? `${formatBytes(shared)} is shared with ${others}.` : 'No layers are shared.'}
            </small>
          </dd>
        </div>
      </dl>
      <PlatformList list={list} referencesByLayer={referencesByLayer} heading="h3" />
    </>
  );
}

/** Shows that the reference is being pushed. */
function RunningPush({ reference }: { reference: string }) {
  const running = usePushes(({ order, byId }) => {
    const id = order.find((pushId) => byId[pushId]?.reference === reference && byId[pushId]?.status === 'running');
    return id === undefined ? undefined : byId[id];
  });
  if (!running) {
    return null;
  }
  return (
    <p className={styles.pushing}>
      <PhaseGlyph phase="running" />
      <span className={styles.pushingText}>Pushing to {running.destination}</span>
      <Button size="small" onClick={() => openSheet({ sheet: 'push', reference })}>
        Show push
      </Button>
    </p>
  );
}
