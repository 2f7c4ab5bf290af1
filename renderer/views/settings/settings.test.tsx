import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import { questions } from '../../testing/fixture-questions.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { SettingsView } from './SettingsView.tsx';

let app: TestApp;
afterEach(() => app.stop());

async function open(
  state: Parameters<typeof renderWithApp>[1],
  name = 'Saved passwords and passphrases',
): Promise<HTMLElement> {
  ({ app } = await renderWithApp(<SettingsView />, state));
  return screen.findByRole('region', { name });
}

describe('saved passwords and passphrases', () => {
  it('are listed by subject, without their values', async () => {
    const section = await open('busy');
    const items = await within(section).findAllByRole('listitem');
    expect(items).toHaveLength(3);
    expect(items[2]?.textContent).toContain('root@starfive.lan:2222');
    expect(items[2]?.textContent).toContain('Password');
  });

  it('are removed only after a confirmation', async () => {
    const section = await open('busy');
    const removeButton = { name: 'Remove… root@starfive.lan:2222' };
    fireEvent.click(await within(section).findByRole('button', removeButton));
    let dialog = await screen.findByRole('dialog', { name: 'Remove the password of root@starfive.lan:2222?' });
    fireEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(within(section).getAllByRole('listitem')).toHaveLength(3);

    fireEvent.click(within(section).getByRole('button', removeButton));
    dialog = await screen.findByRole('dialog');
    fireEvent.click(within(dialog).getByRole('button', { name: 'Remove password' }));
    await waitFor(() => expect(within(section).getAllByRole('listitem')).toHaveLength(2));
    expect(within(section).queryByText('root@starfive.lan:2222', { selector: 'code' })).toBeNull();
  });

  it('have an explanation if there are none', async () => {
    const section = await open('empty');
    await within(section).findByText('No saved passwords');
  });

  it('explain why nothing can be saved', async () => {
    const section = await open('failed');
    await within(section).findByText('Passwords cannot be saved on this computer');
    within(section).getByText(/written in plain text/);
    expect(within(section).queryByText('No saved passwords')).toBeNull();
  });

  it('are reloaded when the open questions change', async () => {
    const section = await open('busy');
    await within(section).findByText('root@starfive.lan:2222', { selector: 'code' });
    // removed elsewhere, for example in another window
    await app.call('secrets.forget', { id: 'secret-3' });
    act(() => app.emit({ event: 'question.asked', question: questions.password }));
    await waitFor(() => expect(within(section).queryByText('root@starfive.lan:2222', { selector: 'code' })).toBeNull());
  });
});

describe('allowed commands', () => {
  it('are listed with their hosts, and removed without confirmation', async () => {
    const section = await open('busy', 'Allowed commands');
    const items = await within(section).findAllByRole('listitem');
    expect(items.map(({ textContent }) => textContent)).toEqual([
      expect.stringContaining('cloudflared access ssh --hostname %hTo reach staging'),
      expect.stringContaining('To reach graviton'),
    ]);
    fireEvent.click(within(section).getByRole('button', { name: 'Remove the command for staging' }));
    await waitFor(() => expect(within(section).getAllByRole('listitem')).toHaveLength(1));
    expect(document.activeElement?.textContent).toBe('Allowed commands');
    expect(await app.call('commands.list', {})).toMatchObject({ ok: true, value: [{ host: 'graviton' }] });
  });

  it('have an explanation if there are none', async () => {
    const section = await open('empty', 'Allowed commands');
    await within(section).findByText('No allowed commands');
  });
});

describe('attestations and signatures', () => {
  it('are off, and each has its own switch', async () => {
    const section = await open('busy', 'Attestations and signatures');
    const switches = within(section).getAllByRole('switch');
    expect(switches.map((each) => each.getAttribute('aria-checked'))).toEqual(['false', 'false', 'false']);
    await userEvent.click(within(section).getByRole('switch', { name: 'Sign images' }));
    await within(section).findByText('Choose a key, or builds do not start.');
    const key = within(section).getByRole('textbox', { name: 'Private key' });
    fireEvent.change(key, { target: { value: '/home/anna/cosign.key' } });
    fireEvent.blur(key);
    await waitFor(() => expect(within(section).queryByText('Choose a key, or builds do not start.')).toBeNull());
    const saved = await app.call('settings.get', {});
    expect(saved).toMatchObject({ value: { sign: true, signKey: '/home/anna/cosign.key' } });
  });

  it('trusts and removes keys', async () => {
    const section = await open('busy', 'Trusted keys');
    await within(section).findByRole('button', { name: 'Remove… release' });
    fireEvent.click(within(section).getByRole('button', { name: 'Trust a key…' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'Trust a key' }));
    fireEvent.change(dialog.getByRole('textbox', { name: 'Public key' }), { target: { value: '/home/anna/ci.pub' } });
    fireEvent.click(dialog.getByRole('button', { name: 'Trust key' }));
    await within(section).findByRole('button', { name: 'Remove… ci' });
    fireEvent.click(within(section).getByRole('button', { name: 'Remove… ci' }));
    const confirmation = within(await screen.findByRole('dialog', { name: 'Trust ci no longer?' }));
    fireEvent.click(confirmation.getByRole('button', { name: 'Remove key' }));
    await waitFor(() => expect(within(section).queryByRole('button', { name: 'Remove… ci' })).toBeNull());
  });
});
