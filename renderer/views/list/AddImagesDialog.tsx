import { type FormEvent, useEffect, useId, useState } from 'react';
import { type Problem, problemOf } from '../../../shared/failure.ts';
import { formatList } from '../../../shared/format.ts';
import type { RawList } from '../../../shared/list-edit.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { TextArea } from '../../parts/TextArea.tsx';
import { useWork } from '../../parts/use-work.ts';
import { cancelCopy, startCopy, useCopy } from '../../stores/copies.ts';
import { CopyProgress } from '../copy/CopyProgress.tsx';
import { SignInDialog } from '../registries/SignInDialog.tsx';
import styles from './List.module.css';
import { locationError, locationOf, mergeOf } from './list-changes.ts';

/** Names are looked up when they were not changed for so long, in milliseconds. */
const settleMs = 500;

export interface AddImagesDialogProps {
  readonly list: RawList;
  readonly tlsVerify: boolean;
  readonly onClose: () => void;
  /** Called when the images are in the list. */
  readonly onAdded: () => void;
}

/** Adds images to a list, and says before which of its images they replace. */
export function AddImagesDialog({ list, tlsVerify: isListVerified, onClose, onAdded }: AddImagesDialogProps) {
  const [isInsecure, setIsInsecure] = useState(false);
  const [registry, setRegistry] = useState<string>();
  const tlsVerify = isListVerified && !isInsecure;
  const [text, setText] = useState('');
  const { busy, problem, run } = useWork();
  const [id, setId] = useState<string>();
  const copy = useCopy(id);
  const form = useId();
  const names = text.split(/\s+/).filter((name) => name !== '');
  const error = names.map(locationError).find((each) => each !== undefined);
  const sources = error === undefined ? names.map(locationOf) : [];
  const found = useSources(sources, tlsVerify, text);
  const merge = found.lists && mergeOf(list, found.lists);
  const singles = (found.lists ?? []).filter(({ entries }) => entries.length === 0);
  const canAdd = merge !== undefined && merge.replaced.length + merge.added.length + singles.length > 0;

  const isDone = copy?.status === 'done';
  const close = (): void => {
    if (isDone) {
      onAdded();
    }
    onClose();
  };
  const start = async (): Promise<void> => {
    const request = { sources: [...sources], destinations: [list.image], tlsVerify };
    setId((await startCopy({ ...request, ifExists: 'merge' })).id);
  };

  return (
    <Dialog
      open
      wide
      required
      onClose={close}
      title="Add images to the list"
      description="An image replaces that of its platform. All others stay."
      footer={
        copy ? (
          copy.status === 'running' ? (
            <Button busy={busy} onClick={() => void run(() => cancelCopy(copy.id))}>
              Cancel copy
            </Button>
          ) : (
            <>
              {!isDone && <Button onClick={() => setId(undefined)}>Change images…</Button>}
              <Button kind="primary" onClick={close}>
                Close
              </Button>
            </>
          )
        ) : (
          <>
            <Button onClick={close}>Cancel</Button>
            <Button
              kind="primary"
              type="submit"
              form={form}
              busy={busy}
              reason={!canAdd ? 'Enter images that the list can have.' : undefined}
            >
              Add images
            </Button>
          </>
        )
      }
    >
      {copy ? (
        <CopyProgress copy={copy} />
      ) : (
        <form
          id={form}
          className={styles.form}
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            event.stopPropagation();
            if (canAdd && !busy) {
              void run(start);
            }
          }}
        >
          <TextArea
            label="Images"
            value={text}
            onChange={setText}
            placeholder="registry.example.com/team/api:1.4-riscv64"
            description="Images and lists in registries or in local storage, one a line."
            error={error}
          />
          <section className={styles.changes} aria-label="What will be changed">
            {found.problem && (
              <ProblemNote
                problem={found.problem}
                handlers={{
                  'push-without-tls': () => setIsInsecure(true),
                  'sign-in': (action) => setRegistry(action.registry),
                }}
              />
            )}
            {found.isReading && <Waiting>Reading the images</Waiting>}
            {merge && (
              <ul>
                {merge.replaced.length > 0 && <li>Replaced: {formatList(merge.replaced)}</li>}
                {merge.added.length > 0 && <li>Added: {formatList(merge.added)}</li>}
                {singles.map(({ image }) => (
                  <li key={image}>{`Added, or replaced if there is one for its platform: ${image}`}</li>
                ))}
                {merge.kept.length > 0 && singles.length === 0 && <li>Stays as it is: {formatList(merge.kept)}</li>}
              </ul>
            )}
            {merge && !canAdd && <p className={styles.hint}>The list has these images already.</p>}
          </section>
          {problem && <ProblemNote problem={problem} />}
        </form>
      )}
      {registry !== undefined && (
        <SignInDialog
          registry={registry}
          tlsVerify={tlsVerify}
          onClose={() => setRegistry(undefined)}
          onSignedIn={() => setText((before) => `${before.trimEnd()}\n`)}
        />
      )}
    </Dialog>
  );
}

interface Sources {
  readonly lists?: readonly RawList[];
  readonly problem?: Problem;
  readonly isReading?: boolean;
}

/** Reads what is to be added. A single image says by its configuration for which platform it is, which only the copy reads. */
function useSources(sources: readonly string[], tlsVerify: boolean, text: string): Sources {
  const [state, setState] = useState<Sources & { readonly of?: string }>({});
  // what is typed is looked up again, also with another login
  const key = JSON.stringify({ sources, tlsVerify, text });
  useEffect(() => {
    const { sources: wanted } = JSON.parse(key) as { sources: string[] };
    if (wanted.length === 0) {
      return undefined;
    }
    const controller = new AbortController();
    const timer = setTimeout(() => {
      const read = wanted.map((image) => call('lists.inspect', { image, tlsVerify }, { signal: controller.signal }));
      Promise.all(read).then(
        (lists) => setState({ lists, of: key }),
        (error: unknown) => controller.signal.aborted || setState({ problem: problemOf(error), of: key }),
      );
    }, settleMs);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [key, tlsVerify]);
  if (sources.length === 0) {
    return {};
  }
  return state.of === key ? state : { isReading: true };
}
