/** Images: the manifest lists in local storage. */

import { useEffect, useMemo, useState } from 'react';
import { formatBytes, formatCount } from '../../../shared/format.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { lazyPart } from '../../parts/lazy-part.tsx';
import { Page } from '../../parts/Page.tsx';
import { Presence } from '../../parts/Presence.tsx';
import { useImages } from '../../stores/images.ts';
import { openSheet, replaceView } from '../../stores/navigation.ts';
import { toast } from '../../stores/toasts.ts';
import { useFolderDrop } from '../farm/use-folder-drop.ts';
import { CacheButton } from './CacheButton.tsx';
import { DamagedImages } from './DamagedImages.tsx';
import { type ImageDialog, imageItems } from './ImageActions.tsx';
import { ImageDetails } from './ImageDetails.tsx';
import { ImageList } from './ImageList.tsx';
import styles from './Images.module.css';
import { computeFootprint, filterImages, groupReferencesByLayer } from './storage.ts';

const LoadDialog = lazyPart(async () => (await import('./LoadDialog.tsx')).LoadDialog);
const VerifyDialog = lazyPart(async () => (await import('./VerifyDialog.tsx')).VerifyDialog);

export interface ImagesViewProps {
  readonly reference?: string | undefined;
  /** The path of an archive or folder that is loaded at once. */
  readonly load?: string | undefined;
}

/** The images view: the references in local storage, and the details of the selected one. */
export function ImagesView({ reference, load }: ImagesViewProps) {
  const lists = useImages((state) => state.lists);
  const loaded = useImages((state) => state.loaded);
  const [filter, setFilter] = useState('');
  const [task, setTask] = useState<ImagesTask>();
  useEffect(() => {
    if (load !== undefined) {
      setTask({ kind: 'load', path: load });
      // not again when the window is reloaded
      replaceView({ view: 'images', ...(reference === undefined ? {} : { reference }) });
    }
  }, [load, reference]);
  const isDraggingOver = useFolderDrop(({ name, path }) =>
    path === undefined ? toast(noPath(name)) : setTask({ kind: 'load', path }),
  );
  const [dialog, setDialog] = useState<{ readonly reference: string; readonly kind: ImageDialog }>();
  const referencesByLayer = useMemo(() => groupReferencesByLayer(lists), [lists]);
  const footprints = useMemo(
    () => new Map(lists.map((list) => [list.reference, computeFootprint(list, referencesByLayer)])),
    [lists, referencesByLayer],
  );
  const totalBytes = useMemo(() => sumBlobSizes(lists), [lists]);
  const shown = useMemo(() => filterImages(lists, filter), [lists, filter]);

  const repair = (damaged: string | undefined): void =>
    setTask({ kind: 'verify', repairs: true, ...(damaged === undefined ? {} : { reference: damaged }) });
  const endTask = (): void => setTask(undefined);
  useCommands(
    () => [
      {
        id: 'images:load',
        label: 'Load images…',
        group: 'view',
        icon: 'download',
        run: () => setTask({ kind: 'load' }),
      },
      {
        id: 'images:verify-all',
        label: 'Verify all images',
        group: 'view',
        icon: 'check',
        run: () => setTask({ kind: 'verify', repairs: false }),
      },
    ],
    [],
  );
  const actions = (
    <>
      <CacheButton />
      {lists.length > 0 && (
        <Button icon="check" onClick={() => setTask({ kind: 'verify', repairs: false })}>
          Verify all…
        </Button>
      )}
      <Button icon="download" onClick={() => setTask({ kind: 'load' })}>
        Load…
      </Button>
      <Button icon="download" onClick={() => openSheet({ sheet: 'copy' })}>
        Pull…
      </Button>
    </>
  );
  const dialogs = (
    <>
      {isDraggingOver && (
        <div className={styles.dropping} role="status">
          Drop an image archive or an OCI layout to load it
        </div>
      )}
      <Presence>{task?.kind === 'load' && <LoadDialog path={task.path} onClose={endTask} />}</Presence>
      <Presence>
        {task?.kind === 'verify' && (
          <VerifyDialog reference={task.reference} repairs={task.repairs} onClose={endTask} />
        )}
      </Presence>
    </>
  );

  if (lists.length === 0) {
    return (
      <Page title="Images" actions={actions} layout="full">
        <DamagedImages onRepair={repair} />
        {loaded && (
          <EmptyState
            icon="images"
            title="No images yet"
            actions={
              <>
                <Button icon="plus" onClick={() => openSheet({ sheet: 'new-build' })}>
                  New build…
                </Button>
                <Button icon="download" onClick={() => setTask({ kind: 'load' })}>
                  Load images…
                </Button>
              </>
            }
          >
            Images that you build, pull or load are kept on this computer until you delete them.
          </EmptyState>
        )}
        {dialogs}
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
      actions={actions}
      layout="full"
    >
      <DamagedImages onRepair={repair} />
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
      {dialogs}
    </Page>
  );
}

type ImagesTask =
  | { readonly kind: 'load'; readonly path?: string }
  | { readonly kind: 'verify'; readonly reference?: string; readonly repairs: boolean };

function noPath(name: string) {
  return {
    title: `The browser does not reveal the path of ${name}`,
    description: 'Choose it with Load… instead.',
  };
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
