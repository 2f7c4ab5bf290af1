/** A manifest list in a registry or in local storage: its entries, and changes of them. */

import { type FormEvent, useState } from 'react';
import type { CallInput } from '../../../shared/contract.ts';
import { formatDigest } from '../../../shared/format.ts';
import type { RawEntry, RawList } from '../../../shared/list-edit.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Menu } from '../../parts/Menu.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Sheet } from '../../parts/Sheet.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { openSheet, type Sheet as SheetRoute } from '../../stores/navigation.ts';
import { toast } from '../../stores/toasts.ts';
import { SignInDialog } from '../registries/SignInDialog.tsx';
import { AddImagesDialog } from './AddImagesDialog.tsx';
import { AnnotateDialog } from './AnnotateDialog.tsx';
import styles from './List.module.css';
import { entryName, imagesOf, isTag, locationError, locationOf, removalOf } from './list-changes.ts';
import { useList } from './use-list.ts';

type ListSheetProps = Omit<Extract<SheetRoute, { sheet: 'list' }>, 'sheet'> & { readonly onClose: () => void };

type Open =
  | { readonly kind: 'remove'; readonly entry: RawEntry }
  | { readonly kind: 'annotate'; readonly entry: RawEntry | undefined }
  | { readonly kind: 'add' }
  | { readonly kind: 'sign-in'; readonly registry: string };

/** Every change is asked for with what it changes, and is made to what is there at that moment. */
export function ListSheet({ image, onClose }: ListSheetProps) {
  const [name, setName] = useState(image ?? '');
  const { list, problem, isReading, tlsVerify, show, reload, reloadInsecure } = useList(image);
  const [open, setOpen] = useState<Open>();
  const close = (): void => setOpen(undefined);
  const error = locationError(name);

  async function edit(change: CallInput<'lists.edit'>['edit']): Promise<void> {
    if (list) {
      const edited = await call('lists.edit', { image: list.image, tlsVerify, edit: change });
      show(edited.list);
      toast({
        title: `Changed ${list.image.replace('docker://', '')}`,
        ...(edited.hasRaced
          ? { description: 'Somebody else changed the list meanwhile. What they changed is kept.' }
          : {}),
        kind: 'done',
      });
    }
  }

  return (
    <Sheet
      title="Manifest list"
      description="Which images a name leads to. A change of a list in a registry keeps what others change at the same time."
      onClose={onClose}
      footer={<Button onClick={onClose}>Close</Button>}
    >
      <div className={styles.sheet}>
        <form
          className={styles.picker}
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            const location = locationOf(name);
            if (location !== '' && error === undefined) {
              location === image ? reload() : openSheet({ sheet: 'list', image: location });
            }
          }}
        >
          <TextField
            label="List"
            mono
            autoFocus={image === undefined}
            value={name}
            onChange={setName}
            error={error}
            placeholder="registry.example.com/team/api:1.4"
          />
          <Button type="submit" disabled={name.trim() === '' || error !== undefined}>
            {locationOf(name) === image ? 'Read again' : 'Show list'}
          </Button>
        </form>
        {image === undefined && (
          <EmptyState icon="registry" title="Enter the name of a list">
            A name with a registry is read there, any other in local storage.
          </EmptyState>
        )}
        {isReading && <Waiting>Reading the list</Waiting>}
        {problem && (
          <ProblemNote
            problem={problem}
            actions={<Button onClick={reload}>Try again</Button>}
            handlers={{
              'push-without-tls': reloadInsecure,
              'sign-in': ({ registry }) => setOpen({ kind: 'sign-in', registry }),
            }}
          />
        )}
        {list && <Shown list={list} onOpen={setOpen} />}
      </div>
      {list && open?.kind === 'annotate' && (
        <AnnotateDialog list={list} entry={open.entry} onClose={close} onChange={edit} />
      )}
      {list && open?.kind === 'add' && (
        <AddImagesDialog list={list} tlsVerify={tlsVerify} onClose={close} onAdded={reload} />
      )}
      {open?.kind === 'sign-in' && (
        <SignInDialog registry={open.registry} tlsVerify={tlsVerify} onClose={close} onSignedIn={reload} />
      )}
      <RemoveDialog
        list={list}
        entry={open?.kind === 'remove' ? open.entry : undefined}
        onClose={close}
        onConfirm={async ({ digest }) => edit({ kind: 'remove', target: digest })}
      />
    </Sheet>
  );
}

function Shown({ list, onOpen }: { list: RawList; onOpen: (open: Open) => void }) {
  const { digest, mediaType, entries, annotations } = list;
  const images = imagesOf(list);
  const canChange = isTag(list.image);
  return (
    <>
      <dl className={styles.facts}>
        <dt>Digest</dt>
        <dd>
          <Copyable text={digest} shown={`sha256:${formatDigest(digest)}`} what="digest of the list" />
        </dd>
        <dt>Type</dt>
        <dd>{mediaType}</dd>
        <Annotations annotations={annotations} />
      </dl>
      {canChange ? (
        <div className={styles.actions}>
          <Button icon="plus" onClick={() => onOpen({ kind: 'add' })}>
            Add images…
          </Button>
          {entries.length > 0 && (
            <Button icon="edit" onClick={() => onOpen({ kind: 'annotate', entry: undefined })}>
              Annotate list…
            </Button>
          )}
        </div>
      ) : (
        <p className={styles.hint}>It is named by its digest, which never changes. Name it by a tag to change it.</p>
      )}
      {entries.length === 0 && (
        <p className={styles.hint}>It is a single image, not a list. With other images, it becomes one.</p>
      )}
      {entries.length > 0 && (
        <ul className={styles.entries} aria-label="Entries">
          {entries.map((entry) => (
            <li key={`${entry.digest} ${entryName(entry)}`} className={styles.entry}>
              <div className={styles.main}>
                <span className={styles.platform}>{entry.describes ? 'Attachment' : entryName(entry)}</span>
                <Copyable
                  text={entry.digest}
                  shown={formatDigest(entry.digest)}
                  what={`digest of ${entryName(entry)}`}
                />
                {entry.describes && <span className={styles.hint}>describes {formatDigest(entry.describes)}</span>}
                <dl className={styles.facts}>
                  <Annotations annotations={entry.describes ? undefined : entry.annotations} />
                </dl>
              </div>
              {canChange && !entry.describes && (
                <Menu
                  trigger={<IconButton icon="more" label={`More about ${entryName(entry)}`} size="small" />}
                  items={[
                    { label: 'Annotate…', icon: 'edit', run: () => onOpen({ kind: 'annotate', entry }) },
                    'separator',
                    {
                      label: 'Remove from the list…',
                      icon: 'trash',
                      danger: true,
                      disabled: images.every((other) => other.digest === entry.digest),
                      run: () => onOpen({ kind: 'remove', entry }),
                    },
                  ]}
                />
              )}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Annotations({ annotations = {} }: { annotations?: RawList['annotations'] }) {
  return Object.entries(annotations).map(([key, value]) => (
    <div key={key} className={styles.annotation}>
      <dt>{key}</dt>
      <dd>{value}</dd>
    </div>
  ));
}

interface RemoveDialogProps {
  readonly list: RawList | undefined;
  readonly entry: RawEntry | undefined;
  readonly onClose: () => void;
  readonly onConfirm: (entry: RawEntry) => Promise<void>;
}

function RemoveDialog({ list, entry, onClose, onConfirm }: RemoveDialogProps) {
  const removal = list && entry ? removalOf(list, entry) : undefined;
  return (
    <ConfirmDialog
      open={removal !== undefined}
      onClose={onClose}
      title={entry ? `Remove ${entryName(entry)} from the list?` : ''}
      description={`${removal?.rest ?? ''} The image itself stays where it is, under its digest.`}
      losses={removal?.losses ?? []}
      action="Remove image"
      onConfirm={async () => {
        if (entry) {
          await onConfirm(entry);
        }
      }}
    />
  );
}
