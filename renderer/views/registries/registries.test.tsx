import { fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import { isDisabled, startTestApp, type TestApp } from '../../testing/render-app.tsx';
import { RegistriesView } from './RegistriesView.tsx';

let app: TestApp;
afterEach(() => app.stop());

async function open(state: 'done' | 'empty' | 'failed' | 'huge' = 'done', signIn?: boolean) {
  app = await startTestApp(state);
  return render(<RegistriesView name="registry.example.com" signIn={signIn} />);
}

const row = (name: string): HTMLElement => {
  const found = screen.getByText(name, { selector: 'span' }).closest('li');
  if (!found) {
    throw new Error(`${name} has no row`);
  }
  return found;
};

describe('registries', () => {
  it('say who is signed in, where that comes from, and what is not as safe as usual', async () => {
    await open();
    await screen.findByText('docker.io');
    within(row('docker.io')).getByText('(docker-credential-desktop)');
    within(row('localhost:5000')).getByText('Plain HTTP');
    within(row('localhost:5000')).getByText('Not signed in');
    within(row('old.example.com')).getByText('Blocked');
    within(row('registry.example.com')).getByText('Proxy http://proxy:3128');
  });

  it('can be signed in to, and a login that is refused stays in the dialog', async () => {
    await open();
    await screen.findByText('localhost:5000');
    await userEvent.click(within(row('localhost:5000')).getByRole('button', { name: /^Sign in/ }));
    const dialog = await screen.findByRole('dialog', { name: 'Sign in to localhost:5000' });
    const submit = within(dialog).getByRole('button', { name: 'Sign in' });
    expect(isDisabled(submit)).toBe(true);
    await userEvent.type(screen.getByLabelText('Username'), 'anna');
    await userEvent.type(screen.getByLabelText('Password or token'), 'wrong');
    await userEvent.click(submit);
    await within(dialog).findByText(/rejected the user "anna"/);
    fireEvent.change(screen.getByLabelText('Password or token'), { target: { value: 'right' } });
    await userEvent.click(submit);
    await waitFor(() => within(row('localhost:5000')).getByText('anna'));
  });

  it('can be signed out of after a question', async () => {
    await open();
    await screen.findByText('ghcr.io');
    await userEvent.click(screen.getByRole('button', { name: 'More about ghcr.io' }));
    await userEvent.click(await screen.findByRole('menuitem', { name: 'Sign out…' }));
    await userEvent.click(await screen.findByRole('button', { name: 'Sign out' }));
    await waitFor(() => within(row('ghcr.io')).getByText('Not signed in'));
  });

  it('are checked step by step', async () => {
    await open('failed');
    await screen.findByText('registry.example.com');
    await userEvent.click(within(row('registry.example.com')).getByRole('button', { name: /^Check/ }));
    await screen.findByText('Check failed');
    const steps = within(screen.getByRole('list', { name: 'Check of registry.example.com' }));
    expect(steps.getAllByRole('listitem')).toHaveLength(6);
    steps.getByText('Example internal CA');
  });

  it('can be added with their own settings', async () => {
    await open('empty');
    await screen.findByText('No registries yet');
    await userEvent.click(screen.getByRole('button', { name: /Add registry/ }));
    const dialog = await screen.findByRole('dialog', { name: 'Add a registry' });
    const name = within(dialog).getByRole('textbox', { name: 'Registry' });
    fireEvent.change(name, { target: { value: 'registry.test/team' } });
    within(dialog).getByText(/has a path/);
    fireEvent.change(name, { target: { value: 'https://Registry.test/' } });
    fireEvent.change(within(dialog).getByRole('textbox', { name: /^Mirrors/ }), {
      target: { value: 'a.test, b.test/hub' },
    });
    await userEvent.click(within(dialog).getByRole('button', { name: 'Add registry' }));
    await screen.findByText('Read by way of b.test/hub');
  });

  it('are filtered if there are many, and the dialog to sign in opens at once where the route asks for it', async () => {
    await open('huge', true);
    await screen.findByRole('dialog', { name: 'Sign in to registry.example.com' });
    await userEvent.keyboard('{Escape}');
    fireEvent.change(await screen.findByRole('searchbox', { hidden: true }), { target: { value: 'r119' } });
    await screen.findByText('r119.registries.example.com');
    expect(screen.queryByText('r000.registries.example.com')).toBeNull();
  });
});
