import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import { questions } from '../../testing/fixture-questions.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { SettingsView } from './SettingsView.tsx';

let app: TestApp;
afterEach(() => app.stop());

async function open(state: Parameters<typeof renderWithApp>[1], name = 'Remembered secrets'): Promise<HTMLElement> {
  ({ app } = await renderWithApp(<SettingsView />, state));
  return screen.findByRole('region', { name });
}

describe('remembered secrets', () => {
  it('are listed by what they are for, never with what they are', async () => {
    const section = await open('busy');
    const items = await within(section).findAllByRole('listitem');
    expect(items).toHaveLength(3);
    expect(items[2]?.textContent).toContain('root@starfive.lan:2222');
    expect(items[2]?.textContent).toContain('Password');
  });

  it('are forgotten only after saying that it cannot be undone', async () => {
    const section = await open('busy');
    const forget = { name: 'Forget… root@starfive.lan:2222' };
    fireEvent.click(await within(section).findByRole('button', forget));
    let dialog = await screen.findByRole('dialog', { name: 'Forget the password of root@starfive.lan:2222?' });
    fireEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(within(section).getAllByRole('listitem')).toHaveLength(3);

    fireEvent.click(within(section).getByRole('button', forget));
    dialog = await screen.findByRole('dialog');
    fireEvent.click(within(dialog).getByRole('button', { name: 'Forget password' }));
    await waitFor(() => expect(within(section).getAllByRole('listitem')).toHaveLength(2));
    expect(within(section).queryByText('root@starfive.lan:2222', { selector: 'code' })).toBeNull();
  });

  it('say what they are where there are none', async () => {
    const section = await open('empty');
    await within(section).findByText('Nothing is remembered');
  });

  it('say why where nothing can be remembered', async () => {
    const section = await open('failed');
    await within(section).findByText('Nothing can be remembered here');
    within(section).getByText(/written in plain text/);
    expect(within(section).queryByText('Nothing is remembered')).toBeNull();
  });

  it('are read anew when a question was settled', async () => {
    const section = await open('busy');
    await within(section).findByText('root@starfive.lan:2222', { selector: 'code' });
    // forgotten elsewhere, as by another window
    await app.call('secrets.forget', { id: 'secret-3' });
    act(() => app.emit({ event: 'question.asked', question: questions.password }));
    await waitFor(() => expect(within(section).queryByText('root@starfive.lan:2222', { selector: 'code' })).toBeNull());
  });
});

describe('allowed commands', () => {
  it('are listed with the host that they lead to, and forgotten at once', async () => {
    const section = await open('busy', 'Allowed commands');
    const items = await within(section).findAllByRole('listitem');
    expect(items.map(({ textContent }) => textContent)).toEqual([
      expect.stringContaining('cloudflared access ssh --hostname %hTo reach staging'),
      expect.stringContaining('To reach graviton'),
    ]);
    fireEvent.click(within(section).getByRole('button', { name: 'Forget the command for staging' }));
    await waitFor(() => expect(within(section).getAllByRole('listitem')).toHaveLength(1));
    expect(document.activeElement?.textContent).toBe('Allowed commands');
    expect(await app.call('commands.list', {})).toMatchObject({ ok: true, value: [{ host: 'graviton' }] });
  });

  it('say what they are where there are none', async () => {
    const section = await open('empty', 'Allowed commands');
    await within(section).findByText('No command is allowed');
  });
});
