import type { DragEvent } from 'react';
import { create } from 'zustand';

/** A connection that a person drags to a farm. */
export interface HeldNode {
  readonly connection: string;
  /** The farm it is dragged out of; none where it is dragged out of the list of connections. */
  readonly from?: string;
}

interface NodeDrag {
  readonly held: HeldNode | undefined;
}

/** What is held now. What a drop would bring is hidden from a page until it is dropped, and targets light up before. */
export const useNodeDrag = create<NodeDrag>(() => ({ held: undefined }));

/** The properties of an element that stands for a node, so that it can be dragged onto a farm in the sidebar. */
export function draggableNode(node: HeldNode) {
  return {
    draggable: true,
    onDragStart: ({ dataTransfer }: DragEvent) => {
      dataTransfer.setData('text/plain', node.connection);
      dataTransfer.effectAllowed = 'copyMove';
      useNodeDrag.setState({ held: node });
    },
    onDragEnd: () => useNodeDrag.setState({ held: undefined }),
  };
}
