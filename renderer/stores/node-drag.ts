import type { DragEvent } from 'react';
import { create } from 'zustand';

/** The connection that is being dragged to a farm. */
export interface DraggedNode {
  readonly connection: string;
  /** The farm from which it is dragged; undefined if it is dragged from the list of connections. */
  readonly from?: string;
}

interface NodeDrag {
  readonly dragged: DraggedNode | undefined;
}

/** Browsers hide the data of a drag until it is dropped, but drop targets must be highlighted before. Hence this store. */
export const useNodeDrag = create<NodeDrag>(() => ({ dragged: undefined }));

/** @returns properties for an element that represents a node, so that it can be dragged onto a farm in the sidebar */
export function draggableNode(node: DraggedNode) {
  return {
    draggable: true,
    onDragStart: ({ dataTransfer }: DragEvent) => {
      dataTransfer.setData('text/plain', node.connection);
      dataTransfer.effectAllowed = 'copyMove';
      useNodeDrag.setState({ dragged: node });
    },
    onDragEnd: () => useNodeDrag.setState({ dragged: undefined }),
  };
}
