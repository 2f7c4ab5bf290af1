import { useEffect, useRef, useState } from 'react';
import { pathOf } from '../../api.ts';

export interface DroppedItem {
  readonly name: string;
  readonly isFolder: boolean;
  /** Undefined in the browser front end, because browsers hide paths from pages. */
  readonly path: string | undefined;
}

/**
 * Lets a person drop a folder anywhere on the window.
 * @param onDrop called with the first item of a drop
 * @returns whether something is being dragged over the window
 */
export function useFolderDrop(onDrop: (dropped: DroppedItem) => void, isEnabled = true): boolean {
  const [isDraggingOver, setIsDraggingOver] = useState(false);
  const latestOnDrop = useRef(onDrop);
  latestOnDrop.current = onDrop;

  useEffect(() => {
    if (!isEnabled) {
      setIsDraggingOver(false);
      return undefined;
    }
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
    function onOver(event: DragEvent): void {
      if (hasFiles(event)) {
        event.preventDefault();
        if (event.dataTransfer) {
          event.dataTransfer.dropEffect = 'copy';
        }
        setIsDraggingOver(true);
      }
    }
    function onLeave(event: DragEvent): void {
      // relatedTarget is null only when the drag leaves the window
      if (event.relatedTarget === null) {
        setIsDraggingOver(false);
      }
    }
    function onDropEvent(event: DragEvent): void {
      if (hasFiles(event)) {
        event.preventDefault();
        setIsDraggingOver(false);
        const item = readDroppedItem(event.dataTransfer);
        if (item) {
          latestOnDrop.current(item);
        }
      }
    }
    window.addEventListener('dragenter', onOver);
    window.addEventListener('dragover', onOver);
    window.addEventListener('dragleave', onLeave);
    window.addEventListener('drop', onDropEvent);
    return () => {
      window.removeEventListener('dragenter', onOver);
      window.removeEventListener('dragover', onOver);
      window.removeEventListener('dragleave', onLeave);
      window.removeEventListener('drop', onDropEvent);
    };
  }, [isEnabled]);

  return isDraggingOver;
}

function readDroppedItem(data: DataTransfer | null): DroppedItem | undefined {
  const file = data?.files[0];
  const entry = data?.items[0]?.webkitGetAsEntry?.();
  return file && { name: file.name, isFolder: entry?.isDirectory ?? true, path: pathOf(file) };
}
