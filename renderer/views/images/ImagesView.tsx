import { useMemo, useState } from 'react';
import { formatBytes, formatCount } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { Page } from '../../parts/Page.tsx';
import { useImages } from '../../stores/images.ts';
import { openSheet, replaceView } from '../../stores/navigation.ts';
import { ImageDetails } from './ImageDetails.tsx';
import { ImageList } from './ImageList.tsx';
import styles from './Images.module.css';
import { filterLists, footprintOf, layerUsers } from './storage.ts';

/** What is in local storage: references on the left, the chosen one on the right. */
export function ImagesView({ reference }: { reference?: string | undefined }) {
  const lists = useImages((state) => state.lists);
  const loaded = useImages((state) => state.loaded);
  const [filter, setFilter] = useState('');
  const users = useMemo(() => layerUsers(lists), [lists]);
  const footprints = useMemo(
    () => new Map(lists.map((list) => [list.reference, footprintOf(list, users)])),
    [lists, users],
  );
  const stored = useMemo(() => storedBytes(lists), [lists]);
  const shown = useMemo(() => filterLists(lists, filter), [lists, filter]);

  if (lists.length === 0) {
    return (
      <Page title="Images" layout="full">
        {loaded && (
          <EmptyState
            icon="images"
            title="Nothing built yet"
            actions={
              <Button icon="plus" onClick={() => openSheet({ sheet: 'new-build' })}>
                New build…
              </Button>
            }
          >
            What builds make is kept here, on this computer, until you push it, export it or delete it.
          </EmptyState>
        )}
      </Page>
    );
  }

  const chosen = reference ?? shown[0]?.reference;
  const list = lists.find((each) => each.reference === chosen);
  const footprint = list && footprints.get(list.reference);

  function onDeleted(deleted: string): void {
    const at = shown.findIndex((each) => each.reference === deleted);
    const next = shown[at + 1] ?? shown[at - 1];
    replaceView({ view: 'images', ...(next ? { reference: next.reference } : {}) });
  }

  return (
    <Page title="Images" note={`${formatCount(lists.length, 'reference')}, ${formatBytes(stored)}`} layout="full">
      <div className={styles.columns}>
        <ImageList
          lists={shown}
          footprints={footprints}
          chosen={chosen}
          filter={filter}
          onFilter={setFilter}
          onChoose={(next) => replaceView({ view: 'images', reference: next })}
        />
        <div className={styles.details}>
          {list && footprint ? (
            <ImageDetails
              key={list.reference}
              list={list}
              footprint={footprint}
              users={users}
              onDeleted={() => onDeleted(list.reference)}
            />
          ) : (
            <EmptyState icon="images" title={chosen ? `${chosen} is not in local storage` : 'No reference has it'}>
              {chosen
                ? 'It was deleted, or never built here.'
                : 'Search for a part of a reference, a platform or a digest.'}
            </EmptyState>
          )}
        </div>
      </div>
    </Page>
  );
}

/** Everything in storage, each blob once. */
function storedBytes(lists: Parameters<typeof layerUsers>[0]): number {
  const sizes = new Map<string, number>();
  for (const { digest, size, layers } of lists.flatMap(({ entries }) => entries)) {
    let inLayers = 0;
    for (const layer of layers) {
      sizes.set(layer.digest, layer.size);
      inLayers += layer.size;
    }
    sizes.set(digest, Math.max(0, size - inLayers));
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
