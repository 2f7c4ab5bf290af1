import { type RefObject, useEffect, useState } from 'react';

/** How close to the visible part of the page an element counts as visible, so that it is drawn before it is scrolled into view. */
const margin = '150px';

/** Whether an element is in or near the visible part of the page. Always, where that cannot be observed. */
export function useIsVisible(ref: RefObject<HTMLElement | null>): boolean {
  const canObserve = typeof IntersectionObserver !== 'undefined';
  const [isVisible, setIsVisible] = useState(!canObserve);
  useEffect(() => {
    const element = ref.current;
    if (!canObserve || !element) {
      return undefined;
    }
    const observer = new IntersectionObserver((entries) => setIsVisible(entries.at(-1)?.isIntersecting ?? false), {
      rootMargin: margin,
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref, canObserve]);
  return isVisible;
}
