import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactElement } from 'react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { useImages } from '../../stores/images.ts';
import { useNavigation } from '../../stores/navigation.ts';
import { toastManager } from '../../stores/toasts.ts';
import type { FixtureState } from '../../testing/fixture-app.ts';
import { sample } from '../../testing/fixture-data.ts';
import { unrepairable } from '../../testing/fixture-images.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { ExportDialog } from './ExportDialog.tsx';
import { LoadDialog } from './LoadDialog.tsx';
import { TagDialog } from './TagDialog.tsx';
import { VerifyDialog } from './VerifyDialog.tsx';

const reference = 'registry.example.com/team/api:1.3';
const taken = 'registry.example.com/team/web:1.3.1';

let app: TestApp;
afterEach(() => app.stop());

async function open(dialog: ReactElement, state: FixtureState = 'done'): Promise<HTMLElement> {
  ({ app } = await renderWithApp(dialog, state));
  return screen.findByRole('dialog');
}

const references = (): string[] => useImages.getState().lists.map((list) => list.reference);
const button = (name: string | RegExp): HTMLElement => screen.getByRole('button', { name });
const isDisabled = (element: HTMLElement): boolean =>
  element.hasAttribute('data-disabled') || element.matches(':disabled');
const type = (label: string | RegExp, value: string): boolean =>
  fireEvent.change(screen.getByRole('textbox', { name: label }), { target: { value } });

describe('the dialog that tags an image', () => {
  it('adds a name, and offers to undo it', async () => {
    const onClose = vi.fn();
    const add = vi.spyOn(toastManager, 'add');
    await open(<TagDialog reference={reference} onClose={onClose} />);
    expect(isDisabled(button('Tag image'))).toBe(true);
    type('New name', 'api:stable');
    await userEvent.click(button('Tag image'));
    await waitFor(() => expect(onClose).toHaveBeenCalled());
    expect(references()).toEqual(expect.arrayContaining([reference, 'api:stable']));
    expect(add).toHaveBeenCalledWith(expect.objectContaining({ title: 'api:1.3 is also api:stable' }));
  });

  it('says that another image loses the name', async () => {
    await open(<TagDialog reference={reference} onClose={vi.fn()} />);
    expect(references()).toContain(taken);
    expect(screen.queryByText(/It loses the name/)).toBeNull();
    type('New name', taken);
    screen.getByText(`Another image is ${taken} now. It loses the name and is kept for 7 days.`);
  });

  it('shows why a name was refused, and keeps what was typed', async () => {
    const onClose = vi.fn();
    await open(<TagDialog reference="gone:1" onClose={onClose} />);
    type('New name', 'api:stable');
    await userEvent.click(button('Tag image'));
    within(await screen.findByRole('alert')).getByText(/gone:1/);
    expect(screen.getByRole('textbox', { name: 'New name' })).toHaveProperty('value', 'api:stable');
    expect(onClose).not.toHaveBeenCalled();
  });
});

describe('the dialog that loads images', () => {
  it('loads an archive under a name and opens its image', async () => {
    const onClose = vi.fn();
    await open(<LoadDialog onClose={onClose} />);
    expect(isDisabled(button('Load images'))).toBe(true);
    type('File or folder', '/tmp/image.tar');
    type(/^Name/, 'mine:2');
    await userEvent.click(button('Load images'));
    await waitFor(() => expect(onClose).toHaveBeenCalled());
    expect(references()).toContain('mine:2');
    expect(useNavigation.getState().route?.view).toEqual({ view: 'images', reference: 'mine:2' });
  });

  it('loads at once what was dropped', async () => {
    const onClose = vi.fn();
    await open(<LoadDialog path="/tmp/image.tar" onClose={onClose} />);
    await waitFor(() => expect(onClose).toHaveBeenCalled());
    expect(references()).toContain('loaded:1.0');
  });

  it('shows what is wrong with an archive, and can be tried again', async () => {
    await open(<LoadDialog path="/tmp/broken.tar" onClose={vi.fn()} />, 'failed');
    within(await screen.findByRole('alert')).getByText('/tmp/broken.tar is damaged or no archive with images.');
    expect(isDisabled(button('Load images'))).toBe(false);
  });
});

describe('the dialog that verifies images', () => {
  it('says that all is whole', async () => {
    await open(<VerifyDialog reference={reference} onClose={vi.fn()} />);
    const verdict = await screen.findByText(/All is whole/);
    expect(verdict.textContent).toBe('All is whole.15 blobs, 286 MB');
    expect(screen.queryByRole('button', { name: 'Repair' })).toBeNull();
  });

  it('names the damaged parts, and repairs them', async () => {
    const dialog = await open(<VerifyDialog reference={undefined} onClose={vi.fn()} />, 'failed');
    within(dialog).getByRole('heading', { name: 'Verify all images' });
    const broken = await screen.findByRole('region', { name: 'registry.example.com/team/web:2.0' });
    expect(within(broken).getByRole('listitem').textContent).toMatch(
      /^The manifest of linux\/arm64 \([0-9a-f]{12}\) is damaged\.$/,
    );
    await userEvent.click(button('Repair'));
    await screen.findByText(/All damage is repaired/);
    within(dialog).getByRole('heading', { name: 'Repair all images' });
    expect(screen.getByRole('listitem').textContent).toMatch(
      /was damaged and is repaired from registry\.example\.com\/team\/web\.$/,
    );
    expect(screen.queryByRole('button', { name: /repair/i })).toBeNull();
  });

  it('offers a rebuild of what nothing else has', async () => {
    const onClose = vi.fn();
    await open(<VerifyDialog reference={unrepairable} repairs onClose={onClose} />, 'failed');
    const broken = await screen.findByRole('region', { name: unrepairable });
    within(broken).getByText(/is missing\.$/);
    within(broken).getByText(/was not pushed to a registry/);
    await userEvent.click(within(broken).getByRole('button', { name: 'Rebuild…' }));
    expect(onClose).toHaveBeenCalled();
    expect(useNavigation.getState().route?.sheet).toMatchObject({ sheet: 'new-build', from: sample.done().id });
  });

  it('shows why the images could not be verified', async () => {
    await open(<VerifyDialog reference="gone:1" onClose={vi.fn()} />);
    within(await screen.findByRole('alert')).getByText(/gone:1/);
    expect(screen.queryByRole('progressbar')).toBeNull();
  });
});

describe('the dialog that exports an image', () => {
  it('shows the progress, cancels, and can be started again', async () => {
    await open(<ExportDialog reference={reference} bytes={286_000_000} onClose={vi.fn()} />, 'busy');
    await waitFor(() =>
      expect(screen.getByRole('textbox', { name: 'File' })).toHaveProperty('value', '/home/anna/projects/api-1.3.tar'),
    );
    await userEvent.click(button('Export image'));
    const bar = await screen.findByRole('progressbar', { name: `Export of ${reference}` });
    expect(bar.getAttribute('aria-valuenow')).not.toBeNull();
    await userEvent.click(button('Cancel export'));
    await waitFor(() => expect(screen.queryByRole('progressbar')).toBeNull());
    expect(isDisabled(button('Export image'))).toBe(false);
  });

  it('shows why it failed, and offers to replace what is there', async () => {
    await open(<ExportDialog reference={reference} bytes={286_000_000} onClose={vi.fn()} />, 'failed');
    type('File', '/tmp/api.tar');
    await userEvent.click(button('Export image'));
    within(await screen.findByRole('alert')).getByText('/tmp/api.tar already exists.');
    button('Replace file');
    type('File', '/tmp/other.tar');
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('writes one platform into a docker-archive, and several into others', async () => {
    await open(<ExportDialog reference={reference} bytes={286_000_000} onClose={vi.fn()} />);
    const platforms = screen.getByRole('group', { name: 'Platforms' });
    const boxes = within(platforms).getAllByRole('checkbox');
    expect(boxes.map((box) => box.getAttribute('aria-checked'))).toEqual(['true', 'true', 'true']);
    await userEvent.click(screen.getByRole('combobox', { name: 'Output' }));
    await userEvent.click(await screen.findByRole('option', { name: /^Docker archive/ }));
    await screen.findByRole('combobox', { name: 'Platform' });
    expect(screen.queryByRole('group', { name: 'Platforms' })).toBeNull();
  });

  it('asks for a node before it loads an image into one', async () => {
    const add = vi.spyOn(toastManager, 'add');
    const onClose = vi.fn();
    await open(<ExportDialog reference={reference} bytes={286_000_000} onClose={onClose} />);
    await userEvent.click(screen.getByRole('combobox', { name: 'Output' }));
    await userEvent.click(await screen.findByRole('option', { name: /^Node/ }));
    expect(isDisabled(button('Load image'))).toBe(true);
    await userEvent.click(await screen.findByRole('combobox', { name: 'Node' }));
    await userEvent.click(await screen.findByRole('option', { name: /^pi4/ }));
    await userEvent.click(button('Load image'));
    await waitFor(() => expect(onClose).toHaveBeenCalled());
    expect(add).toHaveBeenCalledWith(expect.objectContaining({ title: 'Loaded api:1.3' }));
  });
});
