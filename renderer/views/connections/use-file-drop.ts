import { useEffect, useState } from 'react';
import { openImportFile } from '../../stores/connection-import.ts';

/** Imports a file that is dropped anywhere on the window. @returns whether a file is being dragged over it */
export function useFileDrop(): boolean {
  const [isOver, setIsOver] = useState(false);
  useEffect(() => {
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
    function onOver(event: DragEvent): void {
      if (hasFiles(event)) {
        event.preventDefault();
        setIsOver(true);
      }
    }
    function onLeave(event: DragEvent): void {
      // relatedTarget is null only when the drag leaves the window
      if (event.relatedTarget === null) {
        setIsOver(false);
      }
    }
    function onDrop(event: DragEvent): void {
      const file = event.dataTransfer?.files[0];
      if (file) {
        event.preventDefault();
        void openImportFile(file);
      }
      setIsOver(false);
    }
    window.addEventListener('dragenter', onOver);
    window.addEventListener('dragover', onOver);
    window.addEventListener('dragleave', onLeave);
    window.addEventListener('drop', onDrop);
    return () => {
      window.removeEventListener('dragenter', onOver);
      window.removeEventListener('dragover', onOver);
      window.removeEventListener('dragleave', onLeave);
      window.removeEventListener('drop', onDrop);
    };
  }, []);
  return isOver;
}
