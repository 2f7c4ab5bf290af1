import { act, configure, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { allCommands, useCommandStore } from '../../commands.ts';
import { useShortcuts } from '../../shortcuts.ts';
import { replaceView, useNavigation } from '../../stores/navigation.ts';
import type { Scene } from '../../testing/fixture-app.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { ConnectionsView } from './ConnectionsView.tsx';

// CI machines may be slow
configure({ asyncUtilTimeout: 15_000 });

let app: TestApp;
afterEach(() => app.stop());

function CurrentView() {
  const view = useNavigation(({ route }) => route?.view);
  useShortcuts();
  return view?.view === 'connections' ? <ConnectionsView name={view.name} adding={view.adding} /> : null;
}

async function open(name: string, scene: Scene = {}) {
  replaceView({ view: 'connections', name });
  ({ app } = await renderWithApp(<CurrentView />, 'done', scene));
}

const check = () => within(screen.getByRole('region', { name: 'Check' }));
const startCheck = () => fireEvent.click(screen.getByRole('button', { name: 'Check' }));
/** The text of the row of a stage: `PortPassed: 192.168.1.44:2214 ms`. */
const stepText = (stage: string) =>
  check()
    .getAllByRole('listitem')
    .find((item) => item.textContent?.startsWith(stage))?.textContent;
const command = (label: string) => allCommands(useCommandStore.getState()).find((each) => each.label === label);

describe('the check of a connection', () => {
  it('shows every stage from the start, and the current one', async () => {
    await open('pi4', { holdAt: 'socket' });
    startCheck();
    await waitFor(() => expect(stepText('Socket')).toBe('SocketRunning…'));
    expect(stepText('Port')).toBe('PortPassed: 192.168.1.44:2214 ms');
    expect(stepText('Reverse forwarding')).toBe('Reverse forwardingWaiting');
    check().getByText('Checking pi4');
  });

  it('shows the finding and the duration of each stage, and the result', async () => {
    await open('pi4');
    startCheck();
    await check().findByText('All 11 stages passed in 467 ms.');
    expect(stepText('Sign-in')).toBe('Sign-inPassed: with the key file ~/.ssh/id_farm212 ms');
  });

  it('groups the steps of each jump host, and collapses them when they have passed', async () => {
    await open('graviton');
    startCheck();
    await check().findByText(/^All 15 stages passed/);
    check().getByText('4 of 4 passed');
    const bastion = within(check().getByRole('list', { name: 'Jump host bastion.example.com' }));
    expect(bastion.getAllByRole('listitem')).toHaveLength(4);
    expect(within(check().getByRole('list', { name: 'Node graviton' })).getAllByRole('listitem')).toHaveLength(11);
  });

  it('has only the engine stages for a local engine', async () => {
    await open('this-computer');
    startCheck();
    await check().findByText(/^All 5 stages passed/);
    expect(stepText('Port')).toBeUndefined();
  });

  it('shows warnings only when it has ended', async () => {
    await open('pi4', { warnAt: ['emulation'], holdAt: 'reverse-forwarding' });
    startCheck();
    await waitFor(() => expect(stepText('Reverse forwarding')).toBe('Reverse forwardingRunning…'));
    expect(stepText('Emulation')).toBe('EmulationWarning: none44 ms');
    expect(check().queryByRole('alert')).toBeNull();
    fireEvent.click(check().getByRole('button', { name: 'Cancel' }));
    await check().findByText(/but they are not registered with the kernel/);
  });

  it('shows a failed stage with suggested fixes, and how many stages were skipped', async () => {
    await open('pi4', { failAt: 'socket' });
    const scrollIntoView = vi.spyOn(Element.prototype, 'scrollIntoView');
    startCheck();
    await check().findByText(/^Failed at the engine socket after/);
    expect(scrollIntoView.mock.contexts.map((element) => element instanceof Element && element.textContent)).toEqual([
      expect.stringContaining('no podman socket at'),
    ]);
    scrollIntoView.mockRestore();
    const alert = within(check().getByRole('alert'));
    alert.getByText(/no podman socket at/);
    alert.getAllByText('or run on pi4:');
    expect(alert.getAllByRole('button', { name: 'Copy command' })).toHaveLength(3);
    check().getByText('6 more skipped');
    expect(stepText('Engine')).toBeUndefined();
    const list = screen.getByRole('navigation', { name: 'Connections' });
    expect(within(list).getByRole('link', { name: /pi4/ }).textContent).toContain('Socket unavailable');
  });

  it('shows commands for this computer', async () => {
    await open('pi4', { failAt: 'name-circle' });
    startCheck();
    await check().findByText(/^Failed at/);
    check().getByText(/barnraiser connection resolve/);
  });

  it('explains a changed host key', async () => {
    await open('pi4', { failAt: 'host-key' });
    startCheck();
    await check().findByText('Why did the host key change?');
  });

  it('can be cancelled by button, by Escape and by command', async () => {
    await open('pi4', { holdAt: 'port' });
    const cancelActions: readonly (() => void)[] = [
      () => fireEvent.click(check().getByRole('button', { name: 'Cancel' })),
      () => fireEvent.keyDown(document.body, { key: 'Escape' }),
      () => command('Cancel check of pi4')?.run(),
    ];
    for (const cancel of cancelActions) {
      startCheck();
      await waitFor(() => expect(stepText('Port')).toBe('PortRunning…'));
      act(cancel);
      await check().findByText(/^Cancelled after/);
      check().getByText('10 more skipped');
    }
  });

  it('is not cancelled when Escape closes a menu', async () => {
    await open('pi4', { holdAt: 'port' });
    startCheck();
    await waitFor(() => expect(stepText('Port')).toBe('PortRunning…'));
    fireEvent.click(screen.getByRole('button', { name: 'More actions' }));
    const menu = await screen.findByRole('menu');
    fireEvent.keyDown(menu, { key: 'Escape' });
    await waitFor(() => expect(screen.queryByRole('menu')).toBeNull());
    expect(stepText('Port')).toBe('PortRunning…');
  });

  it('shows the duration of the last check while it runs again', async () => {
    await open('pi4');
    startCheck();
    await check().findByText(/^All 11/);
    startCheck();
    await check().findByText(/the last check took 467 ms/);
    await check().findByText(/^All 11/);
  });

  it('is discarded when the URI of its connection changes', async () => {
    await open('pi4', { failAt: 'socket' });
    startCheck();
    await check().findByText(/^Failed at/);
    await act(() => app.call('connections.update', { name: 'pi4', uri: 'ssh://pi@elsewhere.lan' }));
    await check().findByText(/Run a check to test the connection/);
  });

  it('is discarded when the node responds after all', async () => {
    await open('pi4', { failAt: 'socket' });
    startCheck();
    await check().findByText(/^Failed at/);
    await act(() => app.call('nodes.probe', { connections: ['pi4'] }));
    await check().findByText('Up');
  });
});

describe('a fix', () => {
  it('is applied to the node, starts another check and shows its output', async () => {
    await open('pi4', { failAt: 'socket' });
    startCheck();
    fireEvent.click(await check().findByRole('button', { name: 'Enable the socket' }));
    await check().findByText(/^All 11 stages passed/);
    check().getByText('Enable the socket: done');
    check().getByText(/Created symlink/);
    // the output disappears with the next check
    startCheck();
    await waitFor(() => expect(check().queryByText(/Created symlink/)).toBeNull());
    await check().findByText(/^All 11/);
  });

  it('shows beside its button why it failed', async () => {
    await open('pi4', { failAt: 'socket', fix: 'fails' });
    startCheck();
    fireEvent.click(await check().findByRole('button', { name: 'Enable the socket' }));
    await check().findByText(/failed with exit code 1/);
    check().getByText(/^Failed at the engine socket/);
  });

  it('disables the other fixes while it runs', async () => {
    await open('pi4', { failAt: 'socket', fix: 'holds' });
    startCheck();
    const button = await check().findByRole('button', { name: 'Enable the socket' });
    fireEvent.click(button);
    await waitFor(() => expect(button.getAttribute('aria-busy')).toBe('true'));
    expect(check().getByRole('button', { name: 'Detect the engine automatically' })).toHaveProperty('disabled', true);
  });

  it('is a command', async () => {
    await open('pi4', { failAt: 'socket' });
    startCheck();
    await check().findByText(/^Failed at/);
    act(() => command('Enable the socket on pi4')?.run());
    await check().findByText(/^All 11 stages passed/);
  });
});
