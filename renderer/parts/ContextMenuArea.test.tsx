import { Tooltip } from '@base-ui/react/tooltip';
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { ContextMenuArea } from './ContextMenuArea.tsx';
import { contextMenu, useContextMenu } from './context-menu.ts';

afterEach(() => {
  cleanup();
  useContextMenu.setState(useContextMenu.getInitialState());
});

function show() {
  const open = vi.fn();
  render(
    <Tooltip.Provider>
      <button type="button" {...contextMenu(() => [{ label: 'Open log', run: open }])}>
        arm64
      </button>
      <div {...contextMenu(() => [])}>nothing to do</div>
      <label {...contextMenu(() => [{ label: 'Open', run: open }])}>
        name <input />
      </label>
      <ContextMenuArea />
    </Tooltip.Provider>,
  );
  return open;
}

it('opens at a right click with the items of what was clicked, and runs one', async () => {
  const open = show();
  expect(fireEvent.contextMenu(screen.getByRole('button', { name: 'arm64' }), { clientX: 40, clientY: 50 })).toBe(
    false,
  );
  fireEvent.click(await screen.findByRole('menuitem', { name: 'Open log' }));
  expect(open).toHaveBeenCalledOnce();
  await waitFor(() => expect(screen.queryByRole('menu')).toBeNull());
});

it('opens with Shift+F10 for what has the focus', async () => {
  show();
  screen.getByRole('button', { name: 'arm64' }).focus();
  fireEvent.keyDown(document.activeElement ?? document.body, { key: 'F10', shiftKey: true });
  await screen.findByRole('menuitem', { name: 'Open log' });
});

it('leaves text fields, and what has no items, to the browser', () => {
  show();
  expect(fireEvent.contextMenu(screen.getByRole('textbox'), { clientX: 1, clientY: 1 })).toBe(true);
  expect(fireEvent.contextMenu(screen.getByText('nothing to do'), { clientX: 1, clientY: 1 })).toBe(true);
  expect(screen.queryByRole('menu')).toBeNull();
});
