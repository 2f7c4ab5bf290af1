/** Copy: the sheet that brings images from registries here or to other registries, and shows the progress. */

import { useId, useRef, useState } from 'react';
import type { Copy } from '../../../shared/copy.ts';
import { formatReferenceShort } from '../../../shared/format.ts';
import { registryPrefix } from '../../../shared/image-location.ts';
import { Button } from '../../parts/Button.tsx';
import { Sheet } from '../../parts/Sheet.tsx';
import { shortcuts } from '../../parts/shortcut-table.ts';
import { useWork } from '../../parts/use-work.ts';
import { cancelCopy, startCopy, useCopies, useCopy } from '../../stores/copies.ts';
import { navigate, type Sheet as SheetRoute } from '../../stores/navigation.ts';
import styles from './Copy.module.css';
import { CopyForm } from './CopyForm.tsx';
import { CopyProgress } from './CopyProgress.tsx';
import { type CopyDraft, emptyDraft, requestOf } from './copy-draft.ts';

type CopySheetProps = Omit<Extract<SheetRoute, { sheet: 'copy' }>, 'sheet'> & { readonly onClose: () => void };

/** In local storage: a pull. */
const titles: Readonly<Record<'here' | 'registry', Readonly<Record<Copy['status'], string>>>> = {
  here: { running: 'Pulling', done: 'Pulled', failed: 'Could not pull', cancelled: 'Cancelled pull of' },
  registry: { running: 'Copying', done: 'Copied', failed: 'Could not copy', cancelled: 'Cancelled copy of' },
};

/** Copies an image from a registry. If it is closed during the copy, the copy continues, and opening it again shows the progress. */
export function CopySheet({ source = '', to = 'here', onClose }: CopySheetProps) {
  const formId = useId();
  const primaryButton = useRef<HTMLElement>(null);
  const [id, setId] = useState(() => (source === '' ? runningCopy() : undefined));
  const copy = useCopy(id);
  const [draft, setDraft] = useState<CopyDraft>({ ...emptyDraft, source, to });
  const { busy, problem, run } = useWork();

  function start(): void {
    const request = requestOf(draft);
    if (request) {
      void run(async () => setId((await startCopy(request)).id));
    }
  }

  if (copy) {
    const isHere = !copy.destination.startsWith(registryPrefix);
    const from = copy.source.replace(registryPrefix, '');
    const isRunning = copy.status === 'running';
    return (
      <Sheet
        title={`${titles[isHere ? 'here' : 'registry'][copy.status]} ${formatReferenceShort(from)}`}
        description={
          <span className={styles.where}>{`${from} to ${copy.destination.replace(registryPrefix, '')}`}</span>
        }
        onClose={onClose}
        initialFocus={primaryButton}
        footerStart={isRunning ? 'You can close this sheet. The copy continues.' : undefined}
        footer={
          <>
            {isRunning ? (
              <Button key="cancel" busy={busy} onClick={() => void run(() => cancelCopy(copy.id))}>
                Cancel copy
              </Button>
            ) : (
              <Button
                key="change"
                onClick={() => {
                  setDraft((before) => (before.source === '' ? { ...before, source: from } : before));
                  setId(undefined);
                }}
              >
                {copy.status === 'done' ? 'Copy another image…' : 'Change settings…'}
              </Button>
            )}
            {copy.status === 'done' && isHere ? (
              <Button
                key="show"
                ref={primaryButton}
                kind="primary"
                onClick={() => navigate({ view: 'images', reference: copy.destination })}
              >
                Show image
              </Button>
            ) : (
              <Button key="close" ref={primaryButton} kind="primary" onClick={onClose}>
                Close
              </Button>
            )}
          </>
        }
      >
        <CopyProgress copy={copy} />
      </Sheet>
    );
  }
  const label = draft.to === 'here' ? 'Pull image' : 'Copy image';
  return (
    <Sheet
      title={label}
      onClose={onClose}
      // clicking outside must not discard a typed password
      keepOpen={draft.password !== ''}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            type="submit"
            form={formId}
            icon="download"
            shortcut={shortcuts.submit.keys}
            busy={busy}
            reason={requestOf(draft) ? undefined : 'Enter an image, and where to copy it.'}
          >
            {label}
          </Button>
        </>
      }
    >
      <CopyForm id={formId} draft={draft} onDraft={setDraft} problem={problem} busy={busy} onStart={start} />
    </Sheet>
  );
}

/** A copy that still runs is shown instead of the form. */
function runningCopy(): string | undefined {
  const { order, byId } = useCopies.getState();
  return order.find((id) => byId[id]?.status === 'running');
}
