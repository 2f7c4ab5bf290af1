import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import { App } from '../../app.tsx';
import { askToFreeDisk } from '../../stores/free-disk.ts';
import { openSheet } from '../../stores/navigation.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';

let app: TestApp;
afterEach(() => app.stop());

async function open(state: Parameters<typeof renderWithApp>[1]): Promise<void> {
  ({ app } = await renderWithApp(<App />, state));
  await screen.findByRole('navigation', { name: 'Main', hidden: true });
}

describe('disk use', () => {
  it('of a farm shows every node, with a problem in the place of one that is down', async () => {
    await open('failed');
    openSheet({ sheet: 'storage', farm: 'release' });
    const sheet = await screen.findByRole('dialog', { name: 'Disk use of release' });
    const nodes = within(sheet).getByRole('region', { name: 'Nodes' });
    await waitFor(() => expect(within(nodes).getAllByText(/left by Barnraiser/).length).toBeGreaterThan(1));
    expect(within(nodes).getAllByRole('article').length).toBeGreaterThan(2);
    await within(sheet).findByText('Builds and their logs');
  });
});

describe('freeing disk space', () => {
  it('shows what goes before it goes, and what the chosen limits change', async () => {
    await open('busy');
    askToFreeDisk(['pi4']);
    const dialog = await screen.findByRole('dialog', { name: 'Free disk space on pi4' });
    const remove = await within(dialog).findByRole('button', { name: /^Remove \d+ items, / });
    const before = remove.textContent;
    expect(
      within(dialog)
        .getByRole('checkbox', { name: /^Images with a name/ })
        .getAttribute('aria-checked'),
    ).toBe('false');
    expect((await within(dialog).findAllByText(/age unknown|ago|yesterday|20\d\d-/)).length).toBeGreaterThan(0);

    await userEvent.click(within(dialog).getByRole('checkbox', { name: /^Images with a name/ }));
    await waitFor(() => expect(within(dialog).getByRole('button', { name: /^Remove/ }).textContent).not.toBe(before));

    const keep = within(dialog).getByRole('textbox', { name: /^Keep on each node/ });
    fireEvent.change(keep, { target: { value: 'much' } });
    await within(dialog).findByText('Enter a size, such as 20 GB.');
    fireEvent.change(keep, { target: { value: '900 TB' } });
    await within(dialog).findByRole('button', { name: 'Nothing to remove' });
    fireEvent.change(keep, { target: { value: '' } });

    fireEvent.click(await within(dialog).findByRole('button', { name: /^Remove \d+ items, / }));
    await screen.findByText(/^Freed .+ on pi4$/);
    await waitFor(() => expect(screen.queryByRole('dialog', { name: 'Free disk space on pi4' })).toBeNull());
  });
});
