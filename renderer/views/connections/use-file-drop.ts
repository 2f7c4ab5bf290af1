import { useEffect, useState } from 'react';
import { takeFile } from '../../stores/exchange.ts';

/** Lets a file be dropped anywhere on the window, to import what it holds. Returns whether something is held over it now. */
export function useFileDrop(): boolean {
  const [isOver, setIsOver] = useState(false);
  useEffect(() => {
    const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
    function onOver(event: DragEvent): void {
      if (holdsFiles(event)) {
        event.preventDefault();
        setIsOver(true);
      }
    }
    function onLeave(event: DragEvent): void {
      // leaving one element for another inside the window names the other
      if (event.relatedTarget === null) {
        setIsOver(false);
      }
    }
    function onDrop(event: DragEvent): void {
      const file = event.dataTransfer?.files[0];
      if (file) {
        event.preventDefault();
        void takeFile(file);
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
