/** What the checks of accessibility run in the page, as texts: the page is not compiled with them. */

/** Elements that a person can use. */
const usable = `[...document.querySelectorAll(
  'a[href], button, input, select, textarea, summary, [role=button], [role=menuitem], [role=tab], [role=option], [role=row][tabindex], [tabindex="0"]')]
  .filter((element) => {
    const { width, height } = element.getBoundingClientRect();
    return width > 1 && height > 1 && element.checkVisibility({ visibilityProperty: true }) && !element.closest('[inert], [aria-hidden=true], .visually-hidden')
      && !element.hasAttribute('data-base-ui-focus-guard');
  })`;

const nameOf = `(element) => (element.getAttribute('aria-label') || element.innerText || element.name || element.placeholder ||
  element.outerHTML.slice(0, 60)).trim().replace(/\\s+/g, ' ').slice(0, 60)`;

/** Only what is in the topmost dialog can be used. */
const layer = `(() => {
  const dialogs = [...document.querySelectorAll('[role=dialog], [role=alertdialog], [role=menu]')].filter((dialog) => dialog.getClientRects().length > 0);
  return dialogs.at(-1) ?? document.body;
})()`;

/**
 * The elements that cannot be brought into the window by scrolling, or that others cover wherever they are, by their names. Also says
 * it when the page itself scrolls sideways.
 */
export const findCutOff = `(() => {
  const nameOf = ${nameOf};
  const layer = ${layer};
  const found = [];
  const page = document.scrollingElement;
  if (page.scrollWidth > page.clientWidth) found.push('the page scrolls sideways: ' + page.scrollWidth + ' > ' + page.clientWidth);
  for (const element of ${usable}.filter((each) => layer.contains(each))) {
    element.scrollIntoView({ block: 'center', inline: 'center' });
    const box = element.getBoundingClientRect();
    const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
    const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
    const isIn = right - left >= Math.min(box.width, 16) && bottom - top >= Math.min(box.height, 12);
    const points = [[(left + right) / 2, (top + bottom) / 2], [left + 4, top + 4], [right - 4, bottom - 4], [left + 4, (top + bottom) / 2]];
    const isHit = points.some(([x, y]) => {
      const hit = document.elementFromPoint(x, y);
      return hit && (element.contains(hit) || hit.contains(element) || hit.closest('label')?.contains(element) ||
        (element.labels && [...element.labels].some((label) => label.contains(hit))));
    });
    if (!isIn || !isHit) found.push((isIn ? 'covered: ' : 'cut off: ') + nameOf(element));
  }
  return [...new Set(found)];
})()`;

/** The elements whose focus is not visible, by their names. To be run after a key, so that the focus counts as one of the keyboard. */
export const findInvisibleFocus = `(async () => {
  const nameOf = ${nameOf};
  const layer = ${layer};
  const before = document.activeElement;
  const found = [];
  const isOutlined = (element, pseudo) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element, pseudo);
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1;
  };
  const isFocusVisible = (element) => {
    const active = document.getElementById(element.getAttribute('aria-activedescendant') ?? '');
    return [element, element.parentElement, element.parentElement?.parentElement, element.nextElementSibling, active].filter(Boolean)
      .some((each) => isOutlined(each) || isOutlined(each, '::after') || isOutlined(each, '::before'));
  };
  for (const element of ${usable}.filter((each) => layer.contains(each) && !each.disabled && each.tabIndex >= 0)) {
    element.focus();
    if (document.activeElement !== element || isFocusVisible(element)) continue;
    // a grid marks its row when it has the focus
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (!isFocusVisible(element)) found.push(nameOf(element));
  }
  before?.focus?.();
  return [...new Set(found)];
})()`;

/** Animations and transitions that run, by their names. */
export const findAnimations = `document.getAnimations().filter(({ playState, effect }) =>
  playState === 'running' && effect.getComputedTiming().activeDuration > 1)
  .map((animation) => (animation.animationName ?? animation.transitionProperty) + ' of ' + (animation.effect.target?.className ?? ''))`;

/** Texts that others, or buttons, are drawn over, by what they say. */
export const findOverlaps = `(() => {
  const layer = ${layer};
  const visiblePart = (box, element) => {
    let { left, top, right, bottom } = box;
    for (let each = element; each; each = each.parentElement) {
      const style = getComputedStyle(each);
      if (style.overflowX === 'visible' && style.overflowY === 'visible') continue;
      const clip = each.getBoundingClientRect();
      [left, top, right, bottom] = [Math.max(left, clip.left), Math.max(top, clip.top), Math.min(right, clip.right), Math.min(bottom, clip.bottom)];
    }
    return { left: Math.max(left, 0), top: Math.max(top, 0), right: Math.min(right, innerWidth), bottom: Math.min(bottom, innerHeight) };
  };
  const isShown = ({ left, top, right, bottom }) => right - left > 2 && bottom - top > 2;
  const texts = [];
  const walker = document.createTreeWalker(layer, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (node.data.trim() === '' || !element.checkVisibility({ visibilityProperty: true }) || element.closest('.visually-hidden, svg')) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      const part = visiblePart(box, element);
      if (isShown(part)) texts.push({ element, part, name: node.data.trim().slice(0, 40) });
    }
  }
  const buttons = ${usable}.filter((each) => layer.contains(each) && each.matches('button, a, input, select'))
    .map((element) => ({ element, part: visiblePart(element.getBoundingClientRect(), element), name: nameOf(element) }))
    .filter(({ part }) => isShown(part));
  function nameOf(element) { return (${nameOf})(element); }
  const fixed = (element) => { for (let each = element; each; each = each.parentElement) if (/sticky|fixed/.test(getComputedStyle(each).position)) return each; };
  const found = new Set();
  for (const [index, one] of texts.entries()) {
    for (const other of [...texts.slice(index + 1), ...buttons]) {
      const a = one.part, b = other.part;
      const width = Math.min(a.right, b.right) - Math.max(a.left, b.left), height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      // lines of text are taller than their letters
      if (width < 3 || height < 6 || one.element === other.element) continue;
      if (one.element.contains(other.element) && texts.includes(other) || other.element.contains(one.element) || one.element.closest('button, a, label')?.contains(other.element)) continue;
      // what stays in place while the rest scrolls covers it
      if (fixed(one.element) !== fixed(other.element)) continue;
      found.add(one.name + ' / ' + other.name);
    }
  }
  return [...found];
})()`;

/**
 * What screen readers say beside the tree of roles and names: which link is current, what is busy, what describes a control, what it
 * opens, and where it is in a list of which only a part is in the page.
 */
export const findFurtherStates = `(() => {
  const seen = (element) => {
    const copy = element.cloneNode(true);
    for (const hidden of copy.querySelectorAll('[aria-hidden=true]')) hidden.remove();
    const texts = document.createTreeWalker(copy, NodeFilter.SHOW_TEXT);
    const words = [];
    while (texts.nextNode()) words.push(texts.currentNode.data.trim());
    return words.filter(Boolean).join(' ').replace(/\\s+/g, ' ').slice(0, 60);
  };
  const nameOf = (element) => element.getAttribute('aria-labelledby')?.split(' ').map(textOf).join(' ') || element.ariaLabel ||
    (element.labels?.[0] && seen(element.labels[0])) || seen(element);
  const textOf = (id) => document.getElementById(id)?.textContent.trim().replace(/\\s+/g, ' ') ?? '';
  const roles = { A: 'link', BUTTON: 'button', INPUT: 'field', TEXTAREA: 'field' };
  return [...document.querySelectorAll(
    '[aria-current], [aria-busy=true], [aria-describedby], [aria-description], [aria-haspopup], [aria-setsize]')]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest('[aria-hidden=true], [inert]'))
    .flatMap((element) => {
      const { ariaCurrent, ariaBusy, ariaDescription, ariaHasPopup, ariaPosInSet, ariaSetSize } = element;
      const described = [...(element.getAttribute('aria-describedby')?.split(' ').map(textOf) ?? []), ariaDescription].filter(Boolean);
      const facts = [
        ariaCurrent && (ariaCurrent === 'true' ? 'current' : 'current ' + ariaCurrent),
        ariaBusy === 'true' && 'busy',
        ariaHasPopup && ariaHasPopup !== 'false' && 'opens a ' + (ariaHasPopup === 'true' ? 'menu' : ariaHasPopup),
        ariaSetSize && ariaPosInSet + ' of ' + ariaSetSize,
        described.length > 0 && 'described as: ' + described.join(' '),
      ].filter(Boolean);
      return facts.length === 0 ? [] :
        (element.role ?? roles[element.tagName] ?? element.tagName.toLowerCase()) + ' "' + nameOf(element) + '": ' + facts.join('; ');
    });
})()`;

/** Stops the clock of the page. To be run before the page's own code. */
export const stopClock = (at: Date): string => `window.Date = class extends Date {
  constructor(...args) {
    super(...(args.length === 0 ? [${at.getTime()}] : args));
  }
  static now() {
    return ${at.getTime()};
  }
}`;

/** Counts timers of less than a second, such as those that wait until somebody has finished typing. To be run before the page's own code. */
export const countTimers = `(() => {
  const pending = new Set();
  const { setTimeout: set, clearTimeout: clear } = window;
  window.setTimeout = (run, delay = 0, ...args) => {
    const id = set(() => {
      pending.delete(id);
      run(...args);
    }, delay);
    if (delay < 1_000) pending.add(id);
    return id;
  };
  window.clearTimeout = (id) => {
    pending.delete(id);
    clear(id);
  };
  window.pendingTimers = pending;
})()`;

/** How many of these timers wait. */
export const pendingTimers = 'pendingTimers.size';

/**
 * What has the focus, by its name; 'nothing' if it is lost. It begins with 'hidden:' if it cannot be seen.
 */
export const findFocused = `(() => {
  const nameOf = ${nameOf};
  const element = document.activeElement;
  if (!element || element === document.body || element.hasAttribute('data-base-ui-focus-guard')) return 'nothing';
  const box = element.getBoundingClientRect();
  const isSeen = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth && element.checkVisibility({ visibilityProperty: true });
  return (isSeen ? '' : 'hidden: ') + nameOf(element);
})()`;

/**
 * What the Tab key should reach and has not, by its name. To be run after {@link markFocused} for each of its stops. A group that arrow
 * keys move in is one stop.
 */
export const findUnreached = `(() => {
  const nameOf = ${nameOf};
  const layer = ${layer};
  return [...new Set(${usable}
    .filter((each) => layer.contains(each) && !each.disabled && each.tabIndex >= 0 && !window.reached.has(each)).map(nameOf))];
})()`;

/** Notes what has the focus. @returns whether it had been noted before */
export const markFocused = `(() => {
  window.reached ??= new Set();
  const isKnown = window.reached.has(document.activeElement);
  window.reached.add(document.activeElement);
  return isKnown;
})()`;

/** What reacts to a pointer and is not a control, by its text: keyboards cannot use it. */
export const findPointerOnly = `(() => {
  const nameOf = ${nameOf};
  return [...new Set([...document.querySelectorAll('main *, [role=dialog] *')].filter((element) =>
    getComputedStyle(element).cursor === 'pointer' && getComputedStyle(element.parentElement).cursor !== 'pointer' &&
    !element.closest('a, button, input, select, textarea, summary, label, [role=button], [role=row], [role=treeitem], [role=option], [role=tab], [role=menuitem]'))
    .map(nameOf))];
})()`;
