import { useState } from 'react';
import { FolderDialog } from '../../../parts/FolderDialog.tsx';
import { IconButton } from '../../../parts/IconButton.tsx';
import { FileDialog } from '../FileDialog.tsx';
import type { Chooser } from './choosers.ts';

interface PathButtonProps {
  readonly chooser: Chooser;
  /** The project folder, where the dialog starts. */
  readonly context: string;
  readonly label: string;
  readonly onChoose: (path: string) => void;
}

/** A button that opens the dialog for a file or folder of this computer. */
export function PathButton({ chooser, context, label, onChoose }: PathButtonProps) {
  const [isOpen, setOpen] = useState(false);
  const dialog = {
    open: isOpen,
    start: context,
    title: chooser.title,
    onClose: () => setOpen(false),
    onChoose: (path: string) => {
      setOpen(false);
      onChoose(chooser.write(context, path));
    },
  };
  return (
    <>
      <IconButton size="small" icon={chooser.what} label={label} onClick={() => setOpen(true)} />
      {chooser.what === 'file' ? <FileDialog {...dialog} /> : <FolderDialog {...dialog} />}
    </>
  );
}
