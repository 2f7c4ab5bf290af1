import { useEffect, useRef, useState } from 'react';
import { pathOf } from '../../api.ts';

export interface Dropped {
  readonly name: string;
  readonly isFolder: boolean;
  /** Undefined where this door hides paths from pages. */
  readonly path: string | undefined;
}

/**
 * Lets a folder be dropped anywhere on the window. Returns whether something is held over it now.
 * @param onDrop called with the first thing that was dropped
 */
export function useFolderDrop(onDrop: (dropped: Dropped) => void, enabled = true): boolean {
  const [isOver, setIsOver] = useState(false);
  const latest = useRef(onDrop);
  latest.current = onDrop;

  useEffect(() => {
    if (!enabled) {
      setIsOver(false);
      return undefined;
    }
    const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
    function onOver(event: DragEvent): void {
      if (holdsFiles(event)) {
        event.preventDefault();
        if (event.dataTransfer) {
          event.dataTransfer.dropEffect = 'copy';
        }
        setIsOver(true);
      }
    }
    function onLeave(event: DragEvent): void {
      // leaving one element for another inside the window names the other
      if (event.relatedTarget === null) {
        setIsOver(false);
      }
    }
    function onDropped(event: DragEvent): void {
      if (holdsFiles(event)) {
        event.preventDefault();
        setIsOver(false);
        const dropped = read(event.dataTransfer);
        if (dropped) {
          latest.current(dropped);
        }
      }
    }
    window.addEventListener('dragenter', onOver);
    window.addEventListener('dragover', onOver);
    window.addEventListener('dragleave', onLeave);
    window.addEventListener('drop', onDropped);
    return () => {
      window.removeEventListener('dragenter', onOver);
      window.removeEventListener('dragover', onOver);
      window.removeEventListener('dragleave', onLeave);
      window.removeEventListener('drop', onDropped);
    };
  }, [enabled]);

  return isOver;
}

function read(data: DataTransfer | null): Dropped | undefined {
  const file = data?.files[0];
  const entry = data?.items[0]?.webkitGetAsEntry?.();
  return file && { name: file.name, isFolder: entry?.isDirectory ?? true, path: pathOf(file) };
}
