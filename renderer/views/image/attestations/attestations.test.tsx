import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { replaceView, useNavigation } from '../../../stores/navigation.ts';
import { isDisabled, renderWithApp, type TestApp } from '../../../testing/render-app.tsx';
import { ImageView } from '../ImageView.tsx';

const reference = 'registry.example.com/team/api:1.3';

let app: TestApp;
afterEach(() => app.stop());
beforeAll(() => {
  // happy-dom has no layout: without a size, no package would be visible
  for (const side of ['clientHeight', 'offsetHeight', 'clientWidth', 'offsetWidth']) {
    Object.defineProperty(HTMLElement.prototype, side, { configurable: true, get: () => 360 });
  }
});

function CurrentView() {
  const view = useNavigation(({ route }) => route?.view);
  return view?.view === 'image' ? <ImageView {...view} /> : null;
}

async function open(section: string, state: Parameters<typeof renderWithApp>[1] = 'done') {
  replaceView({ view: 'image', reference, section });
  ({ app } = await renderWithApp(<CurrentView />, state));
}

describe('packages', () => {
  it('are listed with versions and licences, and filtered by name and kind', async () => {
    await open('packages');
    const rows = await screen.findByRole('list', { name: 'Packages' });
    expect(within(rows).getAllByRole('listitem')[0]?.textContent).toBe('adduser3.0.11-1~deb12u2Debian');
    screen.getByText(/^15 packages · Debian GNU\/Linux 12/);
    await userEvent.type(screen.getByRole('textbox', { name: 'Filter packages' }), 'req');
    expect(
      within(rows)
        .getAllByRole('listitem')
        .map((row) => row.textContent),
    ).toEqual(['requests2.32.3PythonApache-2.0']);
    await userEvent.type(screen.getByRole('textbox', { name: 'Filter packages' }), 'x');
    screen.getByText('No package has this text in its name.');
    await userEvent.clear(screen.getByRole('textbox', { name: 'Filter packages' }));
    await userEvent.click(screen.getByRole('combobox', { name: 'Kind' }));
    await userEvent.click(await screen.findByRole('option', { name: 'Go' }));
    expect(within(screen.getByRole('list', { name: 'Packages' })).getAllByRole('listitem')).toHaveLength(2);
  });

  it('are shown a window at a time if there are thousands, with what could not be read', async () => {
    await open('packages', 'huge');
    const rows = await screen.findByRole('list', { name: 'Packages' });
    screen.getByText(/^5,000 packages/);
    screen.getByText(/Not read: \/var\/lib\/rpm\/Packages\.db: the database of rpm is damaged/);
    expect(within(rows).getAllByRole('listitem').length).toBeLessThan(100);
  });

  it('can be read again after a failure', async () => {
    await open('packages', 'failed');
    await screen.findByText('A layer of the image is missing from local storage.');
    screen.getByRole('button', { name: 'Retry' });
  });

  it('are saved to a file in a format for programs', async () => {
    await open('packages');
    await userEvent.click(await screen.findByRole('button', { name: 'Save SBOM…' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'Save SBOM' }));
    const file = dialog.getByRole('textbox', { name: 'File' }) as HTMLInputElement;
    await waitFor(() => expect(file.value).toMatch(/\/api-1\.3\.spdx\.json$/));
    await userEvent.click(dialog.getByRole('button', { name: /^CycloneDX/ }));
    expect(file.value).toMatch(/\/api-1\.3\.cdx\.json$/);
    await userEvent.click(dialog.getByRole('button', { name: 'Save SBOM' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });
});

describe('provenance', () => {
  it('says who recorded what an image is made of', async () => {
    await open('provenance');
    await screen.findByText('Recorded by');
    screen.getByText('Barnraiser');
    screen.getByText('git+https://git.example.com/team/api');
    await userEvent.click(screen.getByRole('button', { name: '20260201-101500-abcd' }));
    expect(useNavigation.getState().route?.view).toMatchObject({ view: 'build', id: '20260201-101500-abcd' });
  });

  it('is compared with a second build', async () => {
    await open('provenance');
    await userEvent.click(await screen.findByRole('button', { name: 'Reproduce' }));
    const outcome = within(await screen.findByRole('status', { name: 'Outcome' }));
    outcome.getByText('The same build gives another image.');
    outcome.getByText('file /etc/stamp');
    await userEvent.click(outcome.getByRole('button', { name: 'Show the second build' }));
    expect(useNavigation.getState().route?.view).toMatchObject({ view: 'build', id: '20260202-091500-ef01' });
  });
});

describe('signatures', () => {
  it('are compared with the trusted keys first', async () => {
    await open('signatures');
    expect(await screen.findAllByText(/^valid, release$/)).toHaveLength(2);
    screen.getByText('Not signed');
  });

  it('say that they were changed', async () => {
    await open('signatures', 'failed');
    await screen.findAllByText(/^changed since it was signed/);
  });

  it('are made with the key that was chosen, or generated', async () => {
    await open('signatures');
    await userEvent.click(await screen.findByRole('button', { name: 'Sign…' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'Sign image' }));
    const sign = dialog.getByRole('button', { name: 'Sign image' }) as HTMLButtonElement;
    expect(isDisabled(sign)).toBe(true);
    await userEvent.click(dialog.getByRole('button', { name: 'Generate a key…' }));
    const generate = within(await screen.findByRole('dialog', { name: 'Generate a key' }));
    const files = generate.getByRole('textbox', { name: 'Files' });
    await userEvent.clear(files);
    await userEvent.type(files, '/home/anna/keys/team');
    fireEvent.change(generate.getByLabelText('Password'), { target: { value: 'secret' } });
    fireEvent.change(generate.getByLabelText('Password again'), { target: { value: 'secre' } });
    generate.getByText('The passwords differ.');
    expect(isDisabled(generate.getByRole('button', { name: 'Generate key' }))).toBe(true);
    fireEvent.change(generate.getByLabelText('Password again'), { target: { value: 'secret' } });
    await userEvent.click(generate.getByRole('button', { name: 'Generate key' }));
    await waitFor(() => expect(screen.queryByRole('dialog', { name: 'Generate a key' })).toBeNull());
    expect((dialog.getByRole('textbox', { name: 'Private key' }) as HTMLInputElement).value).toBe(
      '/home/anna/keys/team.key',
    );
    await userEvent.click(sign);
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });
});
