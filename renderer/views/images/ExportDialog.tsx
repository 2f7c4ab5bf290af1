import { useEffect, useRef, useState } from 'react';
import { formatBytes, formatReferenceShort } from '../../../shared/format.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { FolderDialog } from '../../parts/FolderDialog.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Segmented } from '../../parts/Segmented.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { exportImage } from '../../stores/images.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';
import {
  type ExportKind,
  exportPath,
  loadExportFolder,
  parentFolder,
  saveExportFolder,
  validatePath,
} from './export-path.ts';
import styles from './Images.module.css';

const kinds = [
  { value: 'oci', label: 'Folder', icon: 'folder' },
  { value: 'oci-archive', label: 'One file', icon: 'file' },
] as const;

const descriptions: Readonly<Record<ExportKind, string>> = {
  oci: 'An OCI layout. If the folder already contains one, the image is added to it.',
  'oci-archive': 'A tar file that podman, skopeo and recent versions of Docker can load.',
};

export interface ExportDialogProps {
  readonly reference: string;
  /** The size of the export. */
  readonly bytes: number;
  readonly onClose: () => void;
}

/** Exports an image for use in other tools. If it is closed during the export, the export continues and a toast shows the result. */
export function ExportDialog({ reference, bytes, onClose }: ExportDialogProps) {
  const [kind, setKind] = useState<ExportKind>('oci-archive');
  const [path, setPath] = useState(() => exportPath(loadExportFolder(), reference, 'oci-archive'));
  const [isChoosingFolder, setIsChoosingFolder] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const isOpen = useRef(false);
  const running = useRef<AbortController>(undefined);
  useEffect(() => {
    isOpen.current = true;
    return () => {
      isOpen.current = false;
    };
  }, []);
  useEffect(() => {
    if (loadExportFolder() === '') {
      // the home folder is only a suggestion, so a failure is ignored
      call('folders.list', {}).then(
        ({ path: home }) => setPath((current) => current || exportPath(home, reference, 'oci-archive')),
        () => undefined,
      );
    }
  }, [reference]);
  const pathError = path === '' ? undefined : validatePath(path);

  function changeKind(next: ExportKind): void {
    // a suggested name gets the extension of the new kind, a typed name stays
    const folder = parentFolder(path);
    if (path === exportPath(folder, reference, kind)) {
      setPath(exportPath(folder, reference, next));
    }
    setKind(next);
  }

  async function run(): Promise<void> {
    const cancel = new AbortController();
    running.current = cancel;
    setBusy(true);
    setProblem(undefined);
    try {
      const result = await exportImage(reference, `${kind}:${path}`, cancel.signal);
      saveExportFolder(result.path);
      toast({
        title: `Exported ${formatReferenceShort(reference)}, ${formatBytes(result.bytes)}`,
        description: result.path,
        kind: 'done',
        action: {
          label: 'Copy path',
          run: () => {
            navigator.clipboard.writeText(result.path).catch(toastProblem);
          },
        },
      });
      if (isOpen.current) {
        onClose();
      }
    } catch (error) {
      if (cancel.signal.aborted) {
        return;
      }
      if (isOpen.current) {
        setProblem(problemOf(error));
      } else {
        toastProblem(error);
      }
    } finally {
      setBusy(false);
    }
  }

  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={`Export ${formatReferenceShort(reference)}`}
      description={descriptions[kind]}
      footerStart={busy ? 'You can close this dialog. The export continues.' : `Writes ${formatBytes(bytes)}`}
      footer={
        <>
          {busy && <Button onClick={() => running.current?.abort()}>Cancel export</Button>}
          <Button onClick={onClose}>{busy ? 'Close' : 'Cancel'}</Button>
          <Button
            kind="primary"
            type="submit"
            form="export"
            busy={busy}
            disabled={path === '' || pathError !== undefined}
          >
            Export image
          </Button>
        </>
      }
    >
      <form
        id="export"
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <Segmented label="Export as" value={kind} options={kinds} onChange={changeKind} />
        <TextField
          label={kind === 'oci' ? 'Folder' : 'File'}
          mono
          value={path}
          onChange={setPath}
          error={pathError}
          placeholder={kind === 'oci' ? '/home/me/images/api' : '/home/me/images/api.tar'}
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
        title="Choose export folder"
        onClose={() => setIsChoosingFolder(false)}
        onChoose={(folder) => {
          setPath(exportPath(folder, reference, kind));
          setIsChoosingFolder(false);
        }}
      />
    </Dialog>
  );
}
