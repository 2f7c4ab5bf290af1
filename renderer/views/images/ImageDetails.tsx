import { useState } from 'react';
import { formatBytes, formatCount, formatReferenceShort } from '../../../shared/format.ts';
import type { ManifestList } from '../../../shared/image.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Menu } from '../../parts/Menu.tsx';
import { PhaseGlyph } from '../../parts/PhaseBadge.tsx';
import { Presence } from '../../parts/Presence.tsx';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { removeImage } from '../../stores/images.ts';
import { openSheet } from '../../stores/navigation.ts';
import { usePushes } from '../../stores/pushes.ts';
import { toast } from '../../stores/toasts.ts';
import { EntryRow } from './EntryRow.tsx';
import { ExportDialog } from './ExportDialog.tsx';
import styles from './Images.module.css';
import { InspectDialog } from './InspectDialog.tsx';
import { type Footprint, kindOf, type LayerUsers, someOf } from './storage.ts';

export interface ImageDetailsProps {
  readonly list: ManifestList;
  readonly footprint: Footprint;
  readonly users: LayerUsers;
  readonly onDeleted: () => void;
}

type Open = 'export' | 'inspect' | 'delete';

/** One reference: its images by platform, what they share, and what can be done with them. */
export function ImageDetails({ list, footprint, users, onDeleted }: ImageDetailsProps) {
  const { reference, entries } = list;
  const short = formatReferenceShort(reference);
  const [open, setOpen] = useState<Open>();
  const close = (): void => setOpen(undefined);
  const push = (): void => openSheet({ sheet: 'push', reference });
  useCommands(
    () => [
      { id: 'images:push', label: `Push ${short}…`, group: 'Here', icon: 'push', run: push },
      { id: 'images:export', label: `Export ${short}…`, group: 'Here', icon: 'download', run: () => setOpen('export') },
      {
        id: 'images:inspect',
        label: `Show the manifest of ${short}`,
        group: 'Here',
        icon: 'file',
        run: () => setOpen('inspect'),
      },
      { id: 'images:delete', label: `Delete ${short}…`, group: 'Here', icon: 'trash', run: () => setOpen('delete') },
    ],
    [reference],
  );
  const largest = Math.max(...entries.map(({ size }) => size), 1);
  const { total, own, shared, sharers } = footprint;
  const others = formatCount(sharers.length, 'other reference');

  return (
    <>
      <header className={styles.head}>
        <div className={styles.titles}>
          <h2 className={styles.reference}>
            <Copyable text={reference} what="reference" />
          </h2>
          <p className={styles.about}>
            <RelativeTime time={list.createdAt} />
            <span>{kindOf(list.mediaType)}</span>
          </p>
        </div>
        <div className={styles.actions}>
          <Button kind="primary" icon="push" onClick={push}>
            Push…
          </Button>
          <Button icon="download" onClick={() => setOpen('export')}>
            Export…
          </Button>
          <Menu
            trigger={<IconButton icon="more" kind="secondary" label={`More about ${short}`} />}
            items={[
              { label: 'Show manifest', icon: 'file', run: () => setOpen('inspect') },
              'separator',
              { label: 'Delete…', icon: 'trash', danger: true, run: () => setOpen('delete') },
            ]}
          />
        </div>
      </header>
      <Pushing reference={reference} />
      <dl className={styles.facts}>
        <div>
          <dt>Digest of the list</dt>
          <dd>
            <Copyable text={list.digest} what="digest" />
          </dd>
        </div>
        <div>
          <dt>In storage</dt>
          <dd>
            {formatBytes(total)} in {formatCount(entries.length, 'image')}
            <small>An export writes as much.</small>
          </dd>
        </div>
        <div>
          <dt>Deleting frees</dt>
          <dd>
            {formatBytes(own)}
            <small title={sharers.join('\n') || undefined}>
              {shared > 0 ? `${formatBytes(shared)} stay for ${others}.` : 'Nothing of it is shared.'}
            </small>
          </dd>
        </div>
      </dl>
      <section aria-label="Platforms">
        <div className={styles.sectionHead}>
          <h3>{formatCount(entries.length, 'platform')}</h3>
          <p className={styles.legend}>
            <span className={styles.own}>only here</span>
            <span className={styles.shared}>shared with other references</span>
          </p>
        </div>
        <ul className={styles.entries}>
          {entries.map((entry) => (
            <EntryRow key={entry.digest} entry={entry} reference={reference} users={users} largest={largest} />
          ))}
        </ul>
      </section>

      <Presence>{open === 'export' && <ExportDialog reference={reference} bytes={total} onClose={close} />}</Presence>
      <Presence>{open === 'inspect' && <InspectDialog reference={reference} onClose={close} />}</Presence>
      <ConfirmDialog
        open={open === 'delete'}
        onClose={close}
        title={`Delete ${short} from this computer?`}
        description={
          shared > 0
            ? `${formatBytes(shared)} stay, because ${someOf(sharers.map(formatReferenceShort))} ${sharers.length === 1 ? 'needs' : 'need'} them. What was pushed stays in its registry.`
            : 'What was pushed stays in its registry.'
        }
        losses={[
          `The reference ${reference} with ${entries.length === 1 ? 'its image' : `its ${entries.length} images`}`,
          `${formatBytes(own)} of layers that no other reference has`,
        ]}
        action={`Delete and free ${formatBytes(own)}`}
        onConfirm={async () => {
          const freed = await removeImage(reference);
          toast({ title: `Deleted ${short}`, description: `${formatBytes(freed)} are free again.`, kind: 'done' });
          onDeleted();
        }}
      />
    </>
  );
}

/** Says that the reference is on its way somewhere. */
function Pushing({ reference }: { reference: string }) {
  const running = usePushes(({ order, byId }) => {
    const id = order.find((each) => byId[each]?.reference === reference && byId[each]?.status === 'running');
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
