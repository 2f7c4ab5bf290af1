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
  const dialogs = [...document.querySelectorAll('[role=dialog], [role=alertdialog]')].filter((dialog) => dialog.getClientRects().length > 0);
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
