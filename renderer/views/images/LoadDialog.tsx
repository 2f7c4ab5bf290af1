import { type FormEvent, useEffect, useId, useRef, useState } from 'react';
import { formatBytesOf, formatCount, formatReferenceShort } from '../../../shared/format.ts';
import type { ImagesProgress } from '../../../shared/local-images.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { FolderDialog } from '../../parts/FolderDialog.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { ProgressBar } from '../../parts/ProgressBar.tsx';
import { SpokenProgress } from '../../parts/SpokenProgress.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { loadImages } from '../../stores/images.ts';
import { callWithProgress } from '../../stores/local-images.ts';
import { navigate } from '../../stores/navigation.ts';
import { toast } from '../../stores/toasts.ts';
import styles from './Images.module.css';

export interface LoadDialogProps {
  /** What was dropped. It is loaded at once. */
  readonly path?: string | undefined;
  readonly onClose: () => void;
}

/** Stores the images of an archive or folder of another tool. Closing the dialog cancels it. */
export function LoadDialog({ path: dropped = '', onClose }: LoadDialogProps) {
  const [path, setPath] = useState(dropped);
  const [name, setName] = useState('');
  const [isChoosing, setIsChoosing] = useState(false);
  const [progress, setProgress] = useState<ImagesProgress>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const running = useRef<AbortController>(undefined);
  const formId = useId();

  async function load(from: string): Promise<void> {
    const cancel = new AbortController();
    running.current = cancel;
    setBusy(true);
    setProblem(undefined);
    try {
      const loaded = await callWithProgress(
        'images.load',
        { paths: [from], ...(name === '' ? {} : { reference: name }) },
        setProgress,
        cancel.signal,
      );
      await loadImages();
      const [first] = loaded;
      const notes = loaded.flatMap((each) => each.notes);
      toast({
        title:
          loaded.length === 1 && first
            ? `Loaded ${formatReferenceShort(first.list.reference)}`
            : `Loaded ${formatCount(loaded.length, 'image')}`,
        ...(notes.length > 0 ? { description: [...new Set(notes)].join(' ') } : {}),
        kind: 'done',
      });
      if (first) {
        navigate({ view: 'images', reference: first.list.reference });
      }
      onClose();
    } catch (error) {
      if (!cancel.signal.aborted) {
        setProblem(problemOf(error));
        setBusy(false);
        setProgress(undefined);
      }
    }
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: only what was dropped is loaded without being asked for
  useEffect(() => {
    if (dropped !== '') {
      void load(dropped);
    }
    return () => running.current?.abort();
  }, []);

  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title="Load images"
      description="From an archive of podman save, docker save or skopeo, an OCI layout, or a dir: folder of skopeo."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            type="submit"
            form={formId}
            busy={busy}
            reason={path === '' ? 'Enter a file or folder.' : undefined}
          >
            Load images
          </Button>
        </>
      }
    >
      <form
        id={formId}
        className={styles.form}
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void load(path);
        }}
      >
        <TextField
          label="File or folder"
          mono
          value={path}
          onChange={setPath}
          disabled={busy}
          autoFocus
          placeholder="/home/me/images/api.tar"
          description="On the computer that runs Barnraiser."
          after={
            <IconButton
              icon="folder"
              label="Choose a file or folder"
              size="small"
              type="button"
              onClick={() => setIsChoosing(true)}
            />
          }
        />
        <TextField
          label="Name"
          optional
          mono
          value={name}
          onChange={setName}
          disabled={busy}
          placeholder="Those in the archive"
          description="Only for an archive with one image."
        />
      </form>
      {busy && progress && (
        <div className={styles.loading}>
          <p>
            {progress.text}
            {progress.totalBytes !== undefined && (
              <small> {formatBytesOf(progress.doneBytes, progress.totalBytes)}</small>
            )}
          </p>
          <ProgressBar
            label={progress.text}
            value={progress.totalBytes === undefined ? undefined : progress.doneBytes}
            max={progress.totalBytes ?? 1}
          />
          <SpokenProgress
            what={progress.text}
            share={progress.doneBytes / (progress.totalBytes ?? 1)}
            end={undefined}
          />
        </div>
      )}
      {problem && <ProblemNote problem={problem} />}
      <FolderDialog
        open={isChoosing}
        acceptsSources
        title="Choose archive or folder"
        onClose={() => setIsChoosing(false)}
        onChoose={(chosen) => {
          setPath(chosen);
          setIsChoosing(false);
        }}
      />
    </Dialog>
  );
}
