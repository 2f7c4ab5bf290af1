import { type RefObject, useCallback, useLayoutEffect, useReducer, useRef, useState } from 'react';
import { ScrollScale } from './scroll-scale.ts';

/** Scrolling has ended if there is no scroll event for this long, in milliseconds. */
const scrollEndMs = 150;

/** Calls `report` with each new offset, until the returned function is called. */
type OffsetObserver = (scroller: HTMLElement, report: (offset: number, isScrolling: boolean) => void) => () => void;

export interface ScaledScrollOptions {
  /** The height of all rows in pixels, which can be more than an element can have. */
  readonly contentHeight: number;
  /** The height that the element should have. Default: that of the content. */
  readonly elementHeight?: number | undefined;
  /** Whether the content stays scrolled to its end. */
  readonly isFollowing: boolean;
  /** Called when the user scrolls to the end, or up while following. */
  readonly onFollow: (isFollowing: boolean) => void;
}

export interface ScaledScroll {
  readonly elementRef: RefObject<HTMLDivElement | null>;
  readonly scale: ScrollScale;
  readonly viewportHeight: number;
  /** Reports the scroll offset in the content. */
  readonly observeOffset: OffsetObserver;
  /** Scrolls to an offset in the content, in pixels. */
  readonly scrollTo: (offset: number) => void;
}

/** Scrolls an element through content of any height by means of a {@link ScrollScale}. */
export function useScaledScroll({
  contentHeight,
  elementHeight,
  isFollowing,
  onFollow,
}: ScaledScrollOptions): ScaledScroll {
  const elementRef = useRef<HTMLDivElement>(null);
  const [scale] = useState(() => new ScrollScale());
  const [viewportHeight, setViewportHeight] = useState(0);
  const [, render] = useReducer((count: number) => count + 1, 0);
  /** The last known `scrollTop` of the element: reading it from the element would force a layout. */
  const knownTop = useRef(0);

  // updated before rendering, so that the end is never rendered at a wrong offset first
  scale.resize(contentHeight, viewportHeight, elementHeight);
  if (isFollowing) {
    scale.scrollTo(scale.lastOffset);
  }

  const latest = useRef({ onFollow, isFollowing });
  latest.current = { onFollow, isFollowing };

  const observeOffset = useCallback<OffsetObserver>(
    (scroller, report) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      function onScrollEnd(): void {
        if (scale.realign()) {
          knownTop.current = scale.top;
          scroller.scrollTop = scale.top;
          render();
        }
        report(scale.offset, false);
      }
      function onScroll(): void {
        const top = scroller.scrollTop;
        knownTop.current = top;
        if (Math.abs(top - scale.top) < 1) {
          return;
        }
        const { offset: previousOffset, shift: previousShift } = scale;
        if (scale.onScrolled(top)) {
          knownTop.current = scale.top;
          scroller.scrollTop = scale.top;
        }
        if (scale.offset < previousOffset && latest.current.isFollowing) {
          latest.current.onFollow(false);
        } else if (scale.offset > previousOffset && scale.isAtEnd) {
          latest.current.onFollow(true);
        }
        report(scale.offset, true);
        if (scale.shift !== previousShift) {
          render();
        }
        clearTimeout(timer);
        timer = setTimeout(onScrollEnd, scrollEndMs);
      }
      scroller.addEventListener('scroll', onScroll, { passive: true });
      report(scale.offset, false);
      return () => {
        clearTimeout(timer);
        scroller.removeEventListener('scroll', onScroll);
      };
    },
    [scale],
  );

  useLayoutEffect(() => {
    const scroller = elementRef.current;
    if (scroller && Math.abs(knownTop.current - scale.top) >= 1) {
      knownTop.current = scale.top;
      scroller.scrollTop = scale.top;
    }
  });
  useLayoutEffect(() => {
    const scroller = elementRef.current;
    if (!scroller) {
      return undefined;
    }
    // clientHeight excludes the horizontal scrollbar, which comes and goes
    setViewportHeight(scroller.clientHeight);
    const observer = new ResizeObserver(() => setViewportHeight(scroller.clientHeight));
    observer.observe(scroller);
    return () => observer.disconnect();
  }, []);

  const scrollTo = useCallback(
    (offset: number) => {
      scale.scrollTo(offset);
      render();
    },
    [scale],
  );
  return { elementRef, scale, viewportHeight, observeOffset, scrollTo };
}
