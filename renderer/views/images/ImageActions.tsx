import { useMemo } from 'react';
import { formatBytes, formatReferenceShort, pluralText } from '../../../shared/format.ts';
import type { ManifestList } from '../../../shared/image.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { lazyPart } from '../../parts/lazy-part.tsx';
import { Menu, type MenuItem } from '../../parts/Menu.tsx';
import { Presence } from '../../parts/Presence.tsx';
import { removeImage, useImages } from '../../stores/images.ts';
import { untagImage } from '../../stores/local-images.ts';
import { navigate, openSheet } from '../../stores/navigation.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';
import { computeFootprint, formatFirst, groupReferencesByLayer } from './storage.ts';

const ExportDialog = lazyPart(async () => (await import('./ExportDialog.tsx')).ExportDialog);
const TagDialog = lazyPart(async () => (await import('./TagDialog.tsx')).TagDialog);
const VerifyDialog = lazyPart(async () => (await import('./VerifyDialog.tsx')).VerifyDialog);

export type ImageDialog = 'export' | 'tag' | 'verify' | 'delete';

export interface ImageActionsProps {
  readonly list: ManifestList;
  /** The dialog that is open. */
  readonly openDialog: ImageDialog | undefined;
  readonly setOpenDialog: (dialog: ImageDialog | undefined) => void;
  readonly onDeleted: () => void;
}

/** The buttons and the menu of an image, with the dialogs and commands of what they do. */
export function ImageActions({ list, openDialog, setOpenDialog, onDeleted }: ImageActionsProps) {
  const { reference, entries } = list;
  const lists = useImages((state) => state.lists);
  const { total, own, shared, sharedWith } = useMemo(
    () => computeFootprint(list, groupReferencesByLayer(lists)),
    [list, lists],
  );
  const short = formatReferenceShort(reference);
  const close = (): void => setOpenDialog(undefined);
  const push = (): void => openSheet({ sheet: 'push', reference });
  const untag = (): void => void untagImage(reference).catch(toastProblem);
  useCommands(
    () => [
      { id: 'images:push', label: `Push ${short}…`, group: 'view', icon: 'push', run: push },
      {
        id: 'images:export',
        label: `Export image ${short}…`,
        group: 'view',
        icon: 'download',
        run: () => setOpenDialog('export'),
      },
      {
        id: 'images:inspect',
        label: `Show manifest of ${short}`,
        group: 'view',
        icon: 'file',
        run: () => navigate({ view: 'image', reference, section: 'manifest' }),
      },
      {
        id: 'images:tag',
        label: `Tag ${short}…`,
        group: 'view',
        icon: 'edit',
        run: () => setOpenDialog('tag'),
      },
      { id: 'images:untag', label: `Untag ${short}`, group: 'view', icon: 'cross', run: untag },
      {
        id: 'images:verify',
        label: `Verify ${short}`,
        group: 'view',
        icon: 'check',
        run: () => setOpenDialog('verify'),
      },
      {
        id: 'images:delete',
        label: `Delete image ${short}…`,
        group: 'view',
        icon: 'trash',
        run: () => setOpenDialog('delete'),
      },
    ],
    [reference, setOpenDialog],
  );
  const users = formatFirst(sharedWith.map(formatReferenceShort));
  return (
    <>
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
      <Presence>
        {openDialog === 'export' && <ExportDialog reference={reference} bytes={total} onClose={close} />}
      </Presence>
      <Presence>{openDialog === 'tag' && <TagDialog reference={reference} onClose={close} />}</Presence>
      <Presence>{openDialog === 'verify' && <VerifyDialog reference={reference} onClose={close} />}</Presence>
      <ConfirmDialog
        open={openDialog === 'delete'}
        onClose={close}
        title={`Delete ${short} from this computer?`}
        description={
          shared > 0
            ? pluralText(
                sharedWith.length,
                `${formatBytes(shared)} is kept because ${users} uses it. Copies in a registry are not affected.`,
                `${formatBytes(shared)} is kept because ${users} use it. Copies in a registry are not affected.`,
              )
            : 'Copies in a registry are not affected.'
        }
        losses={[
          pluralText(
            entries.length,
            `The reference ${reference} with its image`,
            `The reference ${reference} with its ${entries.length} images`,
          ),
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
    { label: 'Show details', icon: 'images', run: () => navigate({ view: 'image', reference }) },
    {
      label: 'Show manifest',
      icon: 'file',
      run: () => navigate({ view: 'image', reference, section: 'manifest' }),
    },
    { label: 'Tag…', icon: 'edit', run: () => openDialog('tag') },
    { label: 'Untag', icon: 'cross', run: () => void untagImage(reference).catch(toastProblem) },
    { label: 'Verify', icon: 'check', run: () => openDialog('verify') },
    'separator',
    { label: 'Delete image…', icon: 'trash', danger: true, run: () => openDialog('delete') },
  ];
}
