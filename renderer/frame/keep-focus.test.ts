import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keepFocus } from './keep-focus.ts';

let stop: () => void;

beforeEach(() => {
  document.body.innerHTML = `<main><h1>Keys</h1><ul>
    <li><button id="one">Remove one</button></li>
    <li><button id="two">Remove two</button></li>
    <li><button id="three">Remove three</button></li></ul></main>`;
  vi.spyOn(document, 'hasFocus').mockReturnValue(true);
  stop = keepFocus();
});
afterEach(() => {
  stop();
  vi.restoreAllMocks();
  document.body.innerHTML = '';
});

const button = (id: string): HTMLElement => document.getElementById(id) ?? expect.fail(`There is no ${id}.`);
const focused = (): string => document.activeElement?.id || document.activeElement?.tagName || '';

test('the next row has the focus when the row that had it is removed, then the one before', async () => {
  button('two').focus();
  button('two').closest('li')?.remove();
  await vi.waitFor(() => expect(focused()).toBe('three'));
  button('three').closest('li')?.remove();
  await vi.waitFor(() => expect(focused()).toBe('one'));
});

test('the title of the view has it when nothing is left', async () => {
  button('one').focus();
  document.querySelector('ul')?.remove();
  await vi.waitFor(() => expect(focused()).toBe('H1'));
});

test('what had it before has it again when a dialog that is beside the page closes', async () => {
  button('two').focus();
  const dialog = document.createElement('div');
  dialog.innerHTML = '<button id="confirm">Remove</button>';
  document.body.append(dialog);
  button('confirm').focus();
  dialog.remove();
  await vi.waitFor(() => expect(focused()).toBe('two'));
});

test('a control that others have taken the focus from keeps nothing', async () => {
  button('one').focus();
  button('three').focus();
  button('one').closest('li')?.remove();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(focused()).toBe('three');
});
