import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useImages } from '../../stores/images.ts';
import { replaceView, useNavigation } from '../../stores/navigation.ts';
import { toastManager } from '../../stores/toasts.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { ImagesView } from './ImagesView.tsx';

const reference = 'registry.example.com/team/api:1.3';

let app: TestApp;
beforeEach(() => localStorage.clear());
afterEach(() => app.stop());

function Here() {
  const view = useNavigation(({ place }) => place?.view);
  return view?.view === 'images' ? <ImagesView reference={view.reference} /> : null;
}

async function open(state: Parameters<typeof renderWithApp>[1] = 'done', chosen: string | undefined = reference) {
  replaceView({ view: 'images', ...(chosen ? { reference: chosen } : {}) });
  ({ app } = await renderWithApp(<Here />, state));
}

const menu = async (item: string) => {
  await userEvent.click(screen.getByRole('button', { name: 'More about api:1.3' }));
  await userEvent.click(await screen.findByRole('menuitem', { name: item }));
};

describe('the images in local storage', () => {
  it('are none at first, and the view says how they come', async () => {
    await open('empty', '');
    screen.getByText('Nothing built yet');
    fireEvent.click(screen.getByRole('button', { name: 'New build…' }));
    expect(useNavigation.getState().place?.sheet?.sheet).toBe('new-build');
  });

  it('show what each platform has, and what it shares with whom', async () => {
    await open();
    screen.getByRole('heading', { level: 2, name: new RegExp(reference) });
    screen.getByText('134 MB');
    screen.getByText('152 MB stay for 11 other references.');
    const platforms = within(screen.getByRole('region', { name: 'Platforms' })).getAllByRole('listitem');
    expect(platforms).toHaveLength(3);
    const amd64 = platforms[0];
    if (amd64) {
      within(amd64).getByText('95.5 MB');
      const rows = within(amd64).getAllByRole('row', { hidden: true });
      expect(rows[1]?.textContent).toContain('gateway:');
      expect(rows[4]?.textContent).toContain('nothing else');
    }
  });

  it('are moved through with the arrow keys', async () => {
    await open();
    const first = screen.getByRole('button', { current: true });
    fireEvent.keyDown(first, { key: 'ArrowDown' });
    const second = screen.getByRole('button', { current: true });
    expect(second).not.toBe(first);
    expect(document.activeElement).toBe(second);
  });

  it('are deleted after a question that says what is lost', async () => {
    await open();
    await menu('Delete…');
    const dialog = await screen.findByRole('dialog', { name: 'Delete api:1.3 from this computer?' });
    within(dialog).getByText('134 MB of layers that no other reference has');
    fireEvent.click(within(dialog).getByRole('button', { name: 'Delete and free 134 MB' }));
    await waitFor(() => expect(useImages.getState().lists.some((list) => list.reference === reference)).toBe(false));
    await waitFor(() => screen.getByRole('heading', { level: 2, name: /gateway/ }));
  });

  it('are exported, and the toast says where to', async () => {
    await open();
    const add = vi.spyOn(toastManager, 'add');
    fireEvent.click(screen.getByRole('button', { name: 'Export…' }));
    const dialog = await screen.findByRole('dialog', { name: 'Export api:1.3' });
    const field = within(dialog).getByRole('textbox', { name: 'File' });
    await waitFor(() => expect(field).toHaveProperty('value', '/home/anna/projects/api-1.3.tar'));
    fireEvent.click(within(dialog).getByRole('button', { name: 'Folder' }));
    expect(within(dialog).getByRole('textbox', { name: 'Folder' })).toHaveProperty(
      'value',
      '/home/anna/projects/api-1.3',
    );
    const button = within(dialog).getByRole('button', { name: 'Export' });
    fireEvent.change(within(dialog).getByRole('textbox'), { target: { value: 'relative' } });
    within(dialog).getByText('Write the whole path, from the root.');
    fireEvent.change(within(dialog).getByRole('textbox'), { target: { value: '/tmp/out' } });
    fireEvent.submit(button.closest('form') ?? document.querySelector('form#export') ?? button);
    await waitFor(() => expect(add).toHaveBeenCalledWith(expect.objectContaining({ description: '/tmp/out' })));
  });

  it('show their manifest as it is', async () => {
    await open();
    await menu('Show manifest');
    const dialog = await screen.findByRole('dialog', { name: 'Manifest of api:1.3' });
    await within(dialog).findByText(/"schemaVersion": 2/);
  });

  it('say so where the reference is not there', async () => {
    await open('done', 'gone:1');
    screen.getByText('gone:1 is not in local storage');
  });
});
