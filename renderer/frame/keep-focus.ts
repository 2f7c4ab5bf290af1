/** A control that had the focus, with what was around it, since it may be gone when that is asked for. */
interface Focused {
  readonly element: HTMLElement;
  /** From the element outwards. */
  readonly around: readonly {
    readonly parent: Element;
    readonly next: Element | null;
    readonly previous: Element | null;
  }[];
}

/** How many are remembered: a menu leads to a dialog, which leads to another. */
const maxHistory = 12;

const controls = 'a[href], button, input, select, textarea, summary, [tabindex]';

/**
 * Gives the focus to what is nearest when the control that has it is removed: the next row of a list, what opened a dialog, or the
 * title of the next view. Without it, browsers give the focus to the page, and who works with the keyboard starts again at its top.
 * @returns a function that stops it
 */
export function keepFocus(): () => void {
  const history: Focused[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  function remember({ target }: FocusEvent): void {
    if (target instanceof HTMLElement && target !== document.body) {
      history.unshift(describe(target));
      history.length = Math.min(history.length, maxHistory);
    }
  }

  function restore(): void {
    timer = undefined;
    const last = history[0]?.element;
    // whether it can be seen is asked last: that makes the browser lay out the page, which a flood of log lines changes all the time
    if (last && document.activeElement === document.body && document.hasFocus() && !canHaveFocus(last)) {
      findNearest(history)?.focus({ preventScroll: true });
    }
  }

  // dialogs give the focus back themselves, a moment later
  const observer = new MutationObserver(() => {
    timer ??= setTimeout(restore, 0);
  });
  document.addEventListener('focusin', remember);
  observer.observe(document.body, { childList: true, subtree: true, attributeFilter: ['disabled'] });
  return () => {
    document.removeEventListener('focusin', remember);
    observer.disconnect();
    clearTimeout(timer);
  };
}

function describe(element: HTMLElement): Focused {
  const around: Focused['around'][number][] = [];
  for (let child: Element = element; child.parentElement !== null; child = child.parentElement) {
    const { parentElement: parent, nextElementSibling: next, previousElementSibling: previous } = child;
    around.push({ parent, next, previous });
  }
  return { element, around };
}

function findNearest(history: readonly Focused[]): HTMLElement | undefined {
  for (const { element, around } of history) {
    if (canHaveFocus(element)) {
      return element;
    }
    for (const { parent, next, previous } of around) {
      // a dialog that has closed has nothing near it
      if (parent === document.body) {
        break;
      }
      const near = parent.isConnected ? [next, previous, parent].map(findControl).find(Boolean) : undefined;
      if (near) {
        return near;
      }
    }
  }
  return undefined;
}

/** The title of a view, or the first control in the element. */
function findControl(element: Element | null): HTMLElement | undefined {
  if (!element?.isConnected) {
    return undefined;
  }
  const title = element.matches('main, main *') ? element.querySelector<HTMLElement>('h1') : null;
  if (title && canBeSeen(title)) {
    title.tabIndex = -1;
    return title;
  }
  return [element, ...element.querySelectorAll<HTMLElement>(controls)].find(
    (each): each is HTMLElement => each instanceof HTMLElement && each.tabIndex >= 0 && canHaveFocus(each),
  );
}

function canHaveFocus(element: HTMLElement): boolean {
  return element.isConnected && !element.matches(':disabled') && canBeSeen(element);
}

function canBeSeen(element: HTMLElement): boolean {
  const isReachable = element.closest('[inert], [aria-hidden=true]') === null;
  return isReachable && (element.checkVisibility?.({ visibilityProperty: true }) ?? true);
}
