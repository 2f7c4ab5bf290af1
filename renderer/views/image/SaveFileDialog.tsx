import { useEffect, useRef, useState } from 'react';
import { formatBytes } from '../../../shared/format.ts';
import type { ImageFile } from '../../../shared/local-images.ts';
import type { Platform } from '../../../shared/platform.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { FolderDialog } from '../../parts/FolderDialog.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { callWithProgress } from '../../stores/local-images.ts';
import { toast } from '../../stores/toasts.ts';
import { lastOutputFolder, rememberOutputFolder } from '../outputs/output-draft.ts';
import { baseName } from './file-tree.ts';

export interface SaveFileDialogProps {
  readonly reference: string;
  readonly platform: Platform;
  readonly layer: number | undefined;
  readonly file: ImageFile;
  readonly onClose: () => void;
}

/** Writes one file of an image to the computer that runs the app. Closing the dialog cancels it. */
export function SaveFileDialog({ reference, platform, layer, file, onClose }: SaveFileDialogProps) {
  const name = baseName(file.path);
  const [path, setPath] = useState(() => inFolder(lastOutputFolder(), name));
  const [isChoosingFolder, setIsChoosingFolder] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const cancel = useRef(new AbortController());
  useEffect(() => {
    const { signal } = cancel.current;
    if (lastOutputFolder() === '') {
      // the home folder is only a suggestion, so a failure is ignored
      call('folders.list', {}, { signal }).then(
        ({ path: home }) => setPath((current) => current || inFolder(home, name)),
        () => undefined,
      );
    }
  }, [name]);

  async function save(): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    const { signal } = cancel.current;
    try {
      const request = { reference, platform, ...(layer === undefined ? {} : { layer }), path: file.path };
      const saved = await callWithProgress(
        'images.saveFile',
        { ...request, destination: path },
        () => undefined,
        signal,
      );
      rememberOutputFolder(saved.path);
      toast({ title: `Saved ${name}, ${formatBytes(saved.bytes)}`, description: saved.path, kind: 'done' });
      onClose();
    } catch (error) {
      if (!signal.aborted) {
        setProblem(problemOf(error));
      }
    } finally {
      setBusy(false);
    }
  }

  function close(): void {
    cancel.current.abort();
    onClose();
  }

  return (
    <Dialog
      open
      wide
      onClose={close}
      title={`Save ${name}`}
      description={file.path}
      footerStart={`Writes ${formatBytes(file.size)}`}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            kind="primary"
            type="submit"
            form="save-file"
            busy={busy}
            reason={path === '' ? 'Enter a file.' : undefined}
          >
            Save file
          </Button>
        </>
      }
    >
      <form
        id="save-file"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <TextField
          label="File"
          mono
          value={path}
          onChange={setPath}
          description="On the computer that runs Barnraiser."
          after={
            <IconButton
              icon="folder"
              label="Choose a folder"
              size="small"
              type="button"
              onClick={() => setIsChoosingFolder(true)}
            />
          }
        />
      </form>
      {problem && <ProblemNote problem={problem} />}
      <FolderDialog
        open={isChoosingFolder}
        title="Choose folder"
        onClose={() => setIsChoosingFolder(false)}
        onChoose={(folder) => {
          setPath(inFolder(folder, name));
          setIsChoosingFolder(false);
        }}
      />
    </Dialog>
  );
}

function inFolder(folder: string, name: string): string {
  return folder === '' ? '' : `${folder.replace(/[\\/]+$/, '')}${folder.includes('\\') ? '\\' : '/'}${name}`;
}
