import { type RefObject, useEffect, useState } from 'react';

const steps = [0.4, 0.5, 0.65, 0.8, 1, 1.25, 1.5] as const;
const normal = 1;

/**
 * Zooms a picture in an area that scrolls: by buttons, and by the wheel with Ctrl or Cmd. Dragging the background moves the picture.
 * @param width @param height of the picture, in pixels
 */
export function useZoom(area: RefObject<HTMLElement | null>, width: number, height: number) {
  const [scale, setScale] = useState<number>(normal);
  const next = (direction: 1 | -1, from: number): number | undefined =>
    direction > 0 ? steps.find((step) => step > from) : steps.findLast((step) => step < from);
  const zoom = (direction: 1 | -1): void => setScale((from) => next(direction, from) ?? from);

  useEffect(() => {
    const element = area.current;
    if (!element) {
      return undefined;
    }
    const onWheel = (event: WheelEvent): void => {
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        setScale((from) => Math.min(steps[steps.length - 1] ?? 1, Math.max(steps[0], from * 1.0015 ** -event.deltaY)));
      }
    };
    const onPointerDown = (event: PointerEvent): void => {
      if (event.button === 0 && event.target instanceof Element && !event.target.closest('button')) {
        element.setPointerCapture(event.pointerId);
      }
    };
    const onPointerMove = (event: PointerEvent): void => {
      if (element.hasPointerCapture(event.pointerId)) {
        element.scrollBy(-event.movementX, -event.movementY);
      }
    };
    // React listens to wheels passively, so that zooming would also scroll
    element.addEventListener('wheel', onWheel, { passive: false });
    element.addEventListener('pointerdown', onPointerDown);
    element.addEventListener('pointermove', onPointerMove);
    return () => {
      element.removeEventListener('wheel', onWheel);
      element.removeEventListener('pointerdown', onPointerDown);
      element.removeEventListener('pointermove', onPointerMove);
    };
  }, [area]);

  return {
    scale,
    canZoomIn: next(1, scale) !== undefined,
    canZoomOut: next(-1, scale) !== undefined,
    zoomIn: () => zoom(1),
    zoomOut: () => zoom(-1),
    fit: () => {
      const { clientWidth = width, clientHeight = height } = area.current ?? {};
      setScale(Math.max(steps[0], Math.min(normal, clientWidth / width, clientHeight / height)));
    },
  };
}
