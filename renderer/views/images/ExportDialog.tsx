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
import { type ExportKind, folderOf, pathIn, pathProblem, rememberedFolder, rememberFolder } from './export-path.ts';
import styles from './Images.module.css';

const kinds = [
  { value: 'oci', label: 'Folder', icon: 'folder' },
  { value: 'oci-archive', label: 'One file', icon: 'file' },
] as const;

const about: Readonly<Record<ExportKind, string>> = {
  oci: 'An OCI layout. Into a layout that is there already the image is added.',
  'oci-archive': 'A tar file that podman, skopeo and recent versions of docker load.',
};

export interface ExportDialogProps {
  readonly reference: string;
  /** How much will be written. */
  readonly bytes: number;
  readonly onClose: () => void;
}

/** Writes a reference where other tools can read it. Closed while it writes, it goes on and a toast tells how it ended. */
export function ExportDialog({ reference, bytes, onClose }: ExportDialogProps) {
  const [kind, setKind] = useState<ExportKind>('oci-archive');
  const [path, setPath] = useState(() => pathIn(rememberedFolder(), reference, 'oci-archive'));
  const [choosing, setChoosing] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const isOpen = useRef(false);
  useEffect(() => {
    isOpen.current = true;
    return () => {
      isOpen.current = false;
    };
  }, []);
  useEffect(() => {
    if (rememberedFolder() === '') {
      // a proposal, and no harm where there is none
      call('folders.list', {}).then(
        ({ path: home }) => setPath((typed) => typed || pathIn(home, reference, 'oci-archive')),
        () => undefined,
      );
    }
  }, [reference]);
  const wrong = path === '' ? undefined : pathProblem(path);

  function changeKind(next: ExportKind): void {
    // a name that was only proposed changes with the kind, one that was typed stays
    const folder = folderOf(path);
    if (path === pathIn(folder, reference, kind)) {
      setPath(pathIn(folder, reference, next));
    }
    setKind(next);
  }

  async function run(): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      const written = await exportImage(reference, `${kind}:${path}`);
      rememberFolder(written.path);
      toast({
        title: `Exported ${formatReferenceShort(reference)}, ${formatBytes(written.bytes)}`,
        description: written.path,
        kind: 'done',
        action: {
          label: 'Copy path',
          run: () => {
            navigator.clipboard.writeText(written.path).catch(toastProblem);
          },
        },
      });
      if (isOpen.current) {
        onClose();
      }
    } catch (error) {
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
      description={about[kind]}
      footerStart={busy ? 'You can close this: the export goes on.' : `Writes ${formatBytes(bytes)}`}
      footer={
        <>
          <Button onClick={onClose}>{busy ? 'Close' : 'Cancel'}</Button>
          <Button kind="primary" type="submit" form="export" busy={busy} disabled={path === '' || wrong !== undefined}>
            Export
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
          error={wrong}
          placeholder={kind === 'oci' ? '/home/me/images/api' : '/home/me/images/api.tar'}
          description="On the computer that runs Barnraiser."
          after={
            <IconButton
              icon="folder"
              label="Choose a folder"
              size="small"
              type="button"
              onClick={() => setChoosing(true)}
            />
          }
        />
      </form>
      {problem && <ProblemNote problem={problem} />}
      <FolderDialog
        open={choosing}
        title="Choose a folder to export to"
        onClose={() => setChoosing(false)}
        onChoose={(folder) => {
          setPath(pathIn(folder, reference, kind));
          setChoosing(false);
        }}
      />
    </Dialog>
  );
}
