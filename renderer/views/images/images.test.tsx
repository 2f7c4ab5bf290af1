import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { useImages } from '../../stores/images.ts';
import { replaceView, useNavigation } from '../../stores/navigation.ts';
import { toastManager } from '../../stores/toasts.ts';
import { isDisabled, renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { ImagesView } from './ImagesView.tsx';

const reference = 'registry.example.com/team/api:1.3';

let app: TestApp;
afterEach(() => app.stop());

function CurrentView() {
  const view = useNavigation(({ route }) => route?.view);
  return view?.view === 'images' ? <ImagesView reference={view.reference} /> : null;
}

async function open(state: Parameters<typeof renderWithApp>[1] = 'done', selected: string | undefined = reference) {
  replaceView({ view: 'images', ...(selected ? { reference: selected } : {}) });
  ({ app } = await renderWithApp(<CurrentView />, state));
}

const selectFromMenu = async (item: string) => {
  await userEvent.click(screen.getByRole('button', { name: 'More actions for api:1.3' }));
  await userEvent.click(await screen.findByRole('menuitem', { name: item }));
};

describe('the images view', () => {
  it('offers a new build if there are no images', async () => {
    await open('empty', '');
    screen.getByText('No images yet');
    fireEvent.click(screen.getByRole('button', { name: 'New build…' }));
    expect(useNavigation.getState().route?.sheet?.sheet).toBe('new-build');
  });

  it('shows the layers of each platform and the images that share them', async () => {
    await open();
    screen.getByRole('heading', { level: 2, name: new RegExp(reference) });
    screen.getByText('134 MB');
    screen.getByText('152 MB is shared with 11 other references.');
    const platforms = within(screen.getByRole('region', { name: 'Platforms' })).getAllByRole('listitem');
    expect(platforms).toHaveLength(3);
    const amd64 = platforms[0];
    if (amd64) {
      within(amd64).getByText('95.5 MB');
      const rows = within(amd64).getAllByRole('row', { hidden: true });
      expect(rows[1]?.textContent).toContain('gateway:');
      expect(rows[4]?.textContent).toContain('no other image');
    }
  });

  it('says where and when the image was pushed', async () => {
    await open();
    const pushed = within(screen.getByRole('list', { name: 'Pushed to' })).getAllByRole('listitem');
    expect(pushed.map(({ textContent }) => textContent)).toEqual([
      'Pushed to registry.example.com/team/api:1.35 min ago',
      'Pushed to mirror.example.com:5000/api:1.39 min ago',
    ]);
  });

  it('shows and frees what is kept for later builds', async () => {
    await open();
    await userEvent.click(await screen.findByRole('button', { name: 'Clear 318 MB of cache' }));
    await waitFor(() => expect(screen.queryByRole('button', { name: /of cache/ })).toBeNull());
  });

  it('warns of a damaged image that keeps space from being freed, and deletes it', async () => {
    await open('failed');
    const warning = await screen.findByRole('alert');
    within(warning).getByText(/registry\.example\.com\/team\/web:2\.0 is damaged.*frees no space/);
    await userEvent.click(within(warning).getByRole('button', { name: /^Delete / }));
    await waitFor(() => expect(screen.queryByRole('alert')).toBeNull());
  });

  it('changes the selection with the arrow keys', async () => {
    await open();
    const first = screen.getByRole('button', { current: true });
    fireEvent.keyDown(first, { key: 'ArrowDown' });
    const second = screen.getByRole('button', { current: true });
    expect(second).not.toBe(first);
    expect(document.activeElement).toBe(second);
  });

  it('asks before it deletes an image', async () => {
    await open();
    await selectFromMenu('Delete image…');
    const dialog = await screen.findByRole('dialog', { name: 'Delete api:1.3 from this computer?' });
    within(dialog).getByText('134 MB of layers that no other image uses');
    fireEvent.click(within(dialog).getByRole('button', { name: 'Delete and free 134 MB' }));
    await waitFor(() => expect(useImages.getState().lists.some((list) => list.reference === reference)).toBe(false));
    await waitFor(() => screen.getByRole('heading', { level: 2, name: /gateway/ }));
  });

  it('exports an image and shows the path in a toast', async () => {
    await open();
    const add = vi.spyOn(toastManager, 'add');
    fireEvent.click(screen.getByRole('button', { name: 'Export…' }));
    const dialog = await screen.findByRole('dialog', { name: 'Export api:1.3' });
    const field = within(dialog).getByRole('textbox', { name: 'File' });
    await waitFor(() => expect(field).toHaveProperty('value', '/home/anna/projects/api-1.3.tar'));
    await userEvent.click(within(dialog).getByRole('combobox', { name: 'Output' }));
    await userEvent.click(await screen.findByRole('option', { name: /^OCI layout/ }));
    const folder = await within(dialog).findByRole('textbox', { name: 'Folder' });
    expect(folder).toHaveProperty('value', '/home/anna/projects/api-1.3');
    const button = within(dialog).getByRole('button', { name: 'Export image' });
    fireEvent.change(folder, { target: { value: 'relative' } });
    within(dialog).getByText('Enter an absolute path.');
    expect(isDisabled(button)).toBe(true);
    fireEvent.change(folder, { target: { value: '/tmp/out' } });
    fireEvent.submit(document.querySelector('form#export') ?? button);
    await waitFor(() => expect(add).toHaveBeenCalledWith(expect.objectContaining({ description: '/tmp/out' })));
  });

  it('opens the details of an image', async () => {
    await open();
    await selectFromMenu('Show manifest');
    expect(useNavigation.getState().route?.view).toEqual({ view: 'image', reference, section: 'manifest' });
  });

  it('shows a message if the reference does not exist', async () => {
    await open('done', 'gone:1');
    screen.getByText('gone:1 is not in local storage');
  });
});
