/** Images: the manifest lists in local storage. */

import { useMemo, useState } from 'react';
import { formatBytes, formatCount } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { Page } from '../../parts/Page.tsx';
import { useImages } from '../../stores/images.ts';
import { openSheet, replaceView } from '../../stores/navigation.ts';
import { CacheButton } from './CacheButton.tsx';
import { DamagedImages } from './DamagedImages.tsx';
import { ImageDetails, type ImageDialog, imageItems } from './ImageDetails.tsx';
import { ImageList } from './ImageList.tsx';
import styles from './Images.module.css';
import { computeFootprint, filterImages, groupReferencesByLayer } from './storage.ts';

/** The images view: the references in local storage, and the details of the selected one. */
export function ImagesView({ reference }: { reference?: string | undefined }) {
  const lists = useImages((state) => state.lists);
  const loaded = useImages((state) => state.loaded);
  const [filter, setFilter] = useState('');
  const [dialog, setDialog] = useState<{ readonly reference: string; readonly kind: ImageDialog }>();
  const referencesByLayer = useMemo(() => groupReferencesByLayer(lists), [lists]);
  const footprints = useMemo(
    () => new Map(lists.map((list) => [list.reference, computeFootprint(list, referencesByLayer)])),
    [lists, referencesByLayer],
  );
  const totalBytes = useMemo(() => sumBlobSizes(lists), [lists]);
  const shown = useMemo(() => filterImages(lists, filter), [lists, filter]);

  if (lists.length === 0) {
    return (
      <Page title="Images" actions={<CacheButton />} layout="full">
        <DamagedImages />
        {loaded && (
          <EmptyState
            icon="images"
            title="No images yet"
            actions={
              <Button icon="plus" onClick={() => openSheet({ sheet: 'new-build' })}>
                New build…
              </Button>
            }
          >
            Images that you build are kept on this computer until you delete them.
          </EmptyState>
        )}
      </Page>
    );
  }

  const selected = reference ?? shown[0]?.reference;
  const list = lists.find((candidate) => candidate.reference === selected);
  const footprint = list && footprints.get(list.reference);

  function onDeleted(deleted: string): void {
    const at = shown.findIndex((candidate) => candidate.reference === deleted);
    const next = shown[at + 1] ?? shown[at - 1];
    replaceView({ view: 'images', ...(next ? { reference: next.reference } : {}) });
  }

  return (
    <Page
      title="Images"
      note={`${formatCount(lists.length, 'reference')}, ${formatBytes(totalBytes)}`}
      actions={<CacheButton />}
      layout="full"
    >
      <DamagedImages />
      <div className={styles.columns}>
        <ImageList
          lists={shown}
          footprints={footprints}
          selected={selected}
          filter={filter}
          onFilter={setFilter}
          onSelect={(next) => replaceView({ view: 'images', reference: next })}
          itemsOf={(other) =>
            imageItems(other, (kind) => {
              replaceView({ view: 'images', reference: other });
              setDialog({ reference: other, kind });
            })
          }
        />
        <div className={styles.details}>
          {list && footprint ? (
            <ImageDetails
              key={list.reference}
              list={list}
              footprint={footprint}
              referencesByLayer={referencesByLayer}
              openDialog={dialog?.reference === list.reference ? dialog.kind : undefined}
              setOpenDialog={(kind) => setDialog(kind && { reference: list.reference, kind })}
              onDeleted={() => onDeleted(list.reference)}
            />
          ) : (
            <EmptyState icon="images" title={selected ? `${selected} is not in local storage` : 'No matches'}>
              {selected
                ? 'It was deleted or never built on this computer.'
                : 'Filter by part of a reference, platform or digest.'}
            </EmptyState>
          )}
        </div>
      </div>
    </Page>
  );
}

/** The size of all images in bytes, with each blob counted once. */
function sumBlobSizes(lists: Parameters<typeof groupReferencesByLayer>[0]): number {
  const sizes = new Map<string, number>();
  for (const { digest, size, layers } of lists.flatMap(({ entries }) => entries)) {
    let layerBytes = 0;
    for (const layer of layers) {
      sizes.set(layer.digest, layer.size);
      layerBytes += layer.size;
    }
    sizes.set(digest, Math.max(0, size - layerBytes));
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
