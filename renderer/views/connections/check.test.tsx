import { act, configure, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { allCommands, useCommandStore } from '../../commands.ts';
import { useShortcuts } from '../../frame/shortcuts.ts';
import { replaceView, useNavigation } from '../../stores/navigation.ts';
import type { Scene } from '../../testing/fixture-app.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { ConnectionsView } from './ConnectionsView.tsx';

// machines that draw this may be busy
configure({ asyncUtilTimeout: 15_000 });

let app: TestApp;
afterEach(() => app.stop());

function Here() {
  const view = useNavigation(({ place }) => place?.view);
  useShortcuts();
  return view?.view === 'connections' ? <ConnectionsView name={view.name} adding={view.adding} /> : null;
}

async function open(name: string, scene: Scene = {}) {
  replaceView({ view: 'connections', name });
  ({ app } = await renderWithApp(<Here />, 'done', scene));
}

const check = () => within(screen.getByRole('region', { name: 'Check' }));
const test = () => fireEvent.click(screen.getByRole('button', { name: 'Test' }));
/** A rung's line as it is read: `Port22 is open14 ms`. */
const rung = (stage: string) =>
  check()
    .getAllByRole('listitem')
    .find((item) => item.textContent?.startsWith(stage))?.textContent;
const command = (label: string) => allCommands(useCommandStore.getState()).find((each) => each.label === label);

describe('the check of a connection', () => {
  it('shows every stage from the start, and where it is', async () => {
    await open('pi4', { holdAt: 'socket' });
    test();
    await waitFor(() => expect(rung('Socket')).toBe('SocketRunning…'));
    expect(rung('Port')).toBe('PortPassed: 192.168.1.44:2214 ms');
    expect(rung('Way back')).toBe('Way backWaiting');
    check().getByText('Testing pi4');
  });

  it('says what was found at each stage, how long that took and how it ended', async () => {
    await open('pi4');
    test();
    await check().findByText('All 11 stages passed in 467 ms.');
    expect(rung('Sign-in')).toBe('Sign-inPassed: by the key file ~/.ssh/id_farm212 ms');
  });

  it('shows each jump host as a group of its own, in one line once it has passed', async () => {
    await open('graviton');
    test();
    await check().findByText(/^All 15 stages passed/);
    check().getByText('4 of 4 passed');
    const bastion = within(check().getByRole('list', { name: 'through bastion.example.com' }));
    expect(bastion.getAllByRole('listitem')).toHaveLength(4);
    expect(within(check().getByRole('list', { name: 'to graviton' })).getAllByRole('listitem')).toHaveLength(11);
  });

  it('has only the stages of an engine for one on this computer', async () => {
    await open('this-computer');
    test();
    await check().findByText(/^All 5 stages passed/);
    expect(rung('Port')).toBeUndefined();
  });

  it('opens what warned only when it is over, so that nothing moves before', async () => {
    await open('pi4', { warnAt: ['emulation'], holdAt: 'return' });
    test();
    await waitFor(() => expect(rung('Way back')).toBe('Way backRunning…'));
    expect(rung('Emulation')).toBe('EmulationWarning: none44 ms');
    expect(check().queryByRole('alert')).toBeNull();
    fireEvent.click(check().getByRole('button', { name: 'Cancel' }));
    await check().findByText(/and the kernel knows none of them/);
  });

  it('opens a failed stage with the way out, and says which were not tried', async () => {
    await open('pi4', { failAt: 'socket' });
    const shown = vi.spyOn(Element.prototype, 'scrollIntoView');
    test();
    await check().findByText(/^Stopped at the engine’s socket after/);
    expect(shown.mock.contexts.map((element) => element instanceof Element && element.textContent)).toEqual([
      expect.stringContaining('no podman socket at'),
    ]);
    shown.mockRestore();
    const way = within(check().getByRole('alert'));
    way.getByText(/no podman socket at/);
    way.getAllByText('or type on pi4:');
    expect(way.getAllByRole('button', { name: 'Copy command' })).toHaveLength(3);
    check().getByText('6 more not tried');
    expect(rung('Engine')).toBeUndefined();
    const entry = screen.getByRole('navigation', { name: 'Connections' });
    expect(within(entry).getByRole('link', { name: /pi4/ }).textContent).toContain('Socket not open');
  });

  it('says where a command is typed that is for this computer', async () => {
    await open('pi4', { failAt: 'name-circle' });
    test();
    await check().findByText(/^Stopped at/);
    check().getByText(/barnraiser connection resolve/);
  });

  it('explains a changed host key', async () => {
    await open('pi4', { failAt: 'host-key' });
    test();
    await check().findByText('Which of the two is it?');
  });

  it('is cancelled by its button, by Escape and by a command', async () => {
    await open('pi4', { holdAt: 'port' });
    const ends: readonly (() => void)[] = [
      () => fireEvent.click(check().getByRole('button', { name: 'Cancel' })),
      () => fireEvent.keyDown(document.body, { key: 'Escape' }),
      () => command('Cancel the test of pi4')?.run(),
    ];
    for (const end of ends) {
      test();
      await waitFor(() => expect(rung('Port')).toBe('PortRunning…'));
      act(end);
      await check().findByText(/^Cancelled after/);
      check().getByText('10 more not tried');
    }
  });

  it('goes on when Escape closes what stands over it', async () => {
    await open('pi4', { holdAt: 'port' });
    test();
    await waitFor(() => expect(rung('Port')).toBe('PortRunning…'));
    fireEvent.click(screen.getByRole('button', { name: 'More about connections' }));
    const menu = await screen.findByRole('menu');
    fireEvent.keyDown(menu, { key: 'Escape' });
    await waitFor(() => expect(screen.queryByRole('menu')).toBeNull());
    expect(rung('Port')).toBe('PortRunning…');
  });

  it('says how long it took last time while it is made again', async () => {
    await open('pi4');
    test();
    await check().findByText(/^All 11/);
    test();
    await check().findByText(/last time it took 467 ms/);
    await check().findByText(/^All 11/);
  });

  it('is forgotten when its connection leads elsewhere', async () => {
    await open('pi4', { failAt: 'socket' });
    test();
    await check().findByText(/^Stopped at/);
    await act(() => app.call('connections.update', { name: 'pi4', uri: 'ssh://pi@elsewhere.lan' }));
    await check().findByText(/goes the whole way/);
  });

  it('is forgotten when the node answers after all', async () => {
    await open('pi4', { failAt: 'socket' });
    test();
    await check().findByText(/^Stopped at/);
    await act(() => app.call('nodes.probe', { connections: ['pi4'] }));
    await check().findByText('Answered when it was asked last');
  });
});

describe('a fix', () => {
  it('is done on the node, tests again by itself and shows what the node said', async () => {
    await open('pi4', { failAt: 'socket' });
    test();
    fireEvent.click(await check().findByRole('button', { name: 'Enable the socket' }));
    await check().findByText(/^All 11 stages passed/);
    check().getByText('Enable the socket: done');
    check().getByText(/Created symlink/);
    // what it said belongs to that time alone
    test();
    await waitFor(() => expect(check().queryByText(/Created symlink/)).toBeNull());
    await check().findByText(/^All 11/);
  });

  it('says beside its button why it failed', async () => {
    await open('pi4', { failAt: 'socket', fix: 'fails' });
    test();
    fireEvent.click(await check().findByRole('button', { name: 'Enable the socket' }));
    await check().findByText(/could not do it/);
    check().getByText(/^Stopped at the engine’s socket/);
  });

  it('is busy while it is done, and nothing else can be started', async () => {
    await open('pi4', { failAt: 'socket', fix: 'holds' });
    test();
    const button = await check().findByRole('button', { name: 'Enable the socket' });
    fireEvent.click(button);
    await waitFor(() => expect(button.getAttribute('aria-busy')).toBe('true'));
    expect(check().getByRole('button', { name: 'Find the engine by itself' })).toHaveProperty('disabled', true);
  });

  it('is in the palette too', async () => {
    await open('pi4', { failAt: 'socket' });
    test();
    await check().findByText(/^Stopped at/);
    act(() => command('Enable the socket on pi4')?.run());
    await check().findByText(/^All 11 stages passed/);
  });
});
