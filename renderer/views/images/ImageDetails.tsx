import {
  formatBytes,
  formatCount,
  formatMismatched,
  formatMissing,
  formatReferenceShort,
} from '../../../shared/format.ts';
import type { ManifestList } from '../../../shared/image.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Menu, type MenuItem } from '../../parts/Menu.tsx';
import { PhaseGlyph } from '../../parts/PhaseBadge.tsx';
import { Presence } from '../../parts/Presence.tsx';
import { PushedTo } from '../../parts/PushedTo.tsx';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { removeImage } from '../../stores/images.ts';
import { openSheet } from '../../stores/navigation.ts';
import { usePushes } from '../../stores/pushes.ts';
import { toast } from '../../stores/toasts.ts';
import { EntryRow } from './EntryRow.tsx';
import { ExportDialog } from './ExportDialog.tsx';
import styles from './Images.module.css';
import { InspectDialog } from './InspectDialog.tsx';
import { type Footprint, formatFirst, mediaTypeLabel, type ReferencesByLayer } from './storage.ts';

export interface ImageDetailsProps {
  readonly list: ManifestList;
  readonly footprint: Footprint;
  readonly referencesByLayer: ReferencesByLayer;
  /** The dialog that is open. */
  readonly openDialog: ImageDialog | undefined;
  readonly setOpenDialog: (dialog: ImageDialog | undefined) => void;
  readonly onDeleted: () => void;
}

export type ImageDialog = 'export' | 'inspect' | 'delete';

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
  const short = formatReferenceShort(reference);
  const close = (): void => setOpenDialog(undefined);
  const push = (): void => openSheet({ sheet: 'push', reference });
  useCommands(
    () => [
      { id: 'images:push', label: `Push ${short}…`, group: 'Current view', icon: 'push', run: push },
      {
        id: 'images:export',
        label: `Export image ${short}…`,
        group: 'Current view',
        icon: 'download',
        run: () => setOpenDialog('export'),
      },
      {
        id: 'images:inspect',
        label: `Show manifest of ${short}`,
        group: 'Current view',
        icon: 'file',
        run: () => setOpenDialog('inspect'),
      },
      {
        id: 'images:delete',
        label: `Delete image ${short}…`,
        group: 'Current view',
        icon: 'trash',
        run: () => setOpenDialog('delete'),
      },
    ],
    [reference, setOpenDialog],
  );
  const largest = Math.max(...entries.map(({ size }) => size), 1);
  const { total, own, shared, sharedWith } = footprint;
  const others = formatCount(sharedWith.length, 'other reference');

  return (
    <>
      <header className={styles.head}>
        <div className={styles.titles}>
          <h2 className={styles.reference}>
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
          <Button kind="primary" icon="push" onClick={push}>
            Push…
          </Button>
          <Button icon="download" onClick={() => setOpenDialog('export')}>
            Export…
          </Button>
          <Menu
            trigger={<IconButton icon="more" kind="secondary" label={`More actions for ${short}`} />}
            items={imageItems(reference, setOpenDialog).slice(2)}
          />
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
      <section aria-label="Platforms">
        <div className={styles.sectionHead}>
          <h3>{formatCount(entries.length, 'platform')}</h3>
          <p className={styles.legend}>
            <span className={styles.own}>only in this image</span>
            <span className={styles.shared}>shared with other images</span>
          </p>
        </div>
        <ul className={styles.entries}>
          {entries.map((entry) => (
            <EntryRow
              key={entry.digest}
              entry={entry}
              reference={reference}
              referencesByLayer={referencesByLayer}
              largest={largest}
            />
          ))}
        </ul>
      </section>

      <Presence>
        {openDialog === 'export' && <ExportDialog reference={reference} bytes={total} onClose={close} />}
      </Presence>
      <Presence>{openDialog === 'inspect' && <InspectDialog reference={reference} onClose={close} />}</Presence>
      <ConfirmDialog
        open={openDialog === 'delete'}
        onClose={close}
        title={`Delete ${short} from this computer?`}
        description={
          shared > 0
            ? `${formatBytes(shared)} is kept because ${formatFirst(sharedWith.map(formatReferenceShort))} ${sharedWith.length === 1 ? 'uses' : 'use'} it. Copies in a registry are not affected.`
            : 'Copies in a registry are not affected.'
        }
        losses={[
          `The reference ${reference} with ${entries.length === 1 ? 'its image' : `its ${entries.length} images`}`,
          `${formatBytes(own)} of layers that no other image uses`,
        ]}
        action={`Delete and free ${formatBytes(own)}`}
        onConfirm={async () => {
          const freedBytes = await removeImage(reference);
          toast({ title: `Deleted ${short}`, description: `Freed ${formatBytes(freedBytes)}.`, kind: 'done' });
          onDeleted();
        }}
      />
    </>
  );
}

/** The menu of an image. Its page has buttons for the first two. */
export function imageItems(reference: string, openDialog: (dialog: ImageDialog) => void): MenuItem[] {
  return [
    { label: 'Push…', icon: 'push', run: () => openSheet({ sheet: 'push', reference }) },
    { label: 'Export…', icon: 'download', run: () => openDialog('export') },
    { label: 'Show manifest', icon: 'file', run: () => openDialog('inspect') },
    'separator',
    { label: 'Delete image…', icon: 'trash', danger: true, run: () => openDialog('delete') },
  ];
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
