import { configure, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import { fail } from '../../../shared/problem.ts';
import { ToastArea } from '../../parts/ToastArea.tsx';
import { useConnections } from '../../stores/connections.ts';
import { useFarms } from '../../stores/farms.ts';
import { replaceView, useNavigation } from '../../stores/navigation.ts';
import type { Scene } from '../../testing/fixture-app.ts';
import { lostNode } from '../../testing/fixture-questions.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { ConnectionsView } from './ConnectionsView.tsx';

// CI machines may be slow
configure({ asyncUtilTimeout: 15_000 });

let app: TestApp;
afterEach(() => app.stop());

function CurrentView() {
  const view = useNavigation(({ route }) => route?.view);
  return view?.view === 'connections' ? <ConnectionsView name={view.name} adding={view.adding} /> : <p>elsewhere</p>;
}

async function open(state: Parameters<typeof renderWithApp>[1], name?: string, scene?: Scene) {
  replaceView({ view: 'connections', name });
  ({ app } = await renderWithApp(
    <>
      <CurrentView />
      <ToastArea />
    </>,
    state,
    scene,
  ));
}

const details = (name: string) => screen.getByRole('article', { name: `Connection ${name}` });
const names = () => useConnections.getState().connections.map(({ name }) => name);

describe('the connections view', () => {
  it('lists each connection with its health, engine and platform', async () => {
    await open('busy');
    screen.getByText('6 connections · 5 up · 1 down');
    const list = screen.getByRole('navigation', { name: 'Connections' });
    const [first] = within(list).getAllByRole('link');
    expect(first?.textContent).toMatch(/big-amd.*amd64.*Up · podman 5\.7\.1/);
    expect(within(list).getByRole('link', { name: /s390x-lab/ }).textContent).toContain('Down · Host unreachable');
  });

  it('shows the first connection until another is selected, for example by arrow key', async () => {
    await open('busy');
    within(details('big-amd')).getByText(/0\.8 of 1\.9 TB free/);
    const list = screen.getByRole('navigation', { name: 'Connections' });
    const [first] = within(list).getAllByRole('link');
    first?.focus();
    fireEvent.keyDown(first ?? list, { key: 'ArrowDown' });
    expect(details('pi4')).toBeDefined();
    expect(document.activeElement?.textContent).toContain('pi4');
  });

  it('shows the problem of the last probe with a fix until a check runs', async () => {
    await open('busy', 's390x-lab');
    const check = within(details('s390x-lab')).getByRole('region', { name: 'Check' });
    within(check).getByText('Host unreachable');
    within(check).getByRole('alert');
    within(check).getByRole('button', { name: 'Copy command' });
    fireEvent.click(within(check).getByRole('button', { name: 'Check stage by stage' }));
    await within(check).findByText(/^Failed at the port after/);
  });

  it('explains a changed host key when a probe reports it', async () => {
    await open('done', 'pi4');
    const { problem } = fail(
      'ssh.host-key-changed',
      'Node pi4 shows another key.',
      'Forget it with `ssh-keygen -R pi4`.',
    );
    app.emit({ event: 'node.changed', status: { state: 'down', connection: 'pi4', problem } });
    await screen.findByText('Why did the host key change?');
    within(details('pi4')).getByText('Host key rejected');
  });

  it('shows when a lost node is tried again', async () => {
    await open('done', 'pi4');
    app.emit({ event: 'node.changed', status: lostNode('pi4', 30, 2) });
    await within(details('pi4')).findByText(/^reconnecting/);
    expect(details('pi4').textContent).toMatch(/Lost\s*· reconnecting in (29|30) s/);
  });

  it('shows a hint if no node responds', async () => {
    await open('done');
    const { problem } = fail('ssh.timeout', 'No answer.', 'Look.');
    for (const connection of names()) {
      app.emit({ event: 'node.changed', status: { state: 'down', connection, problem } });
    }
    await screen.findByText(/No node is responding\./);
    screen.getByText('6 connections · all down');
  });

  it('adds a connection to a farm and removes it again', async () => {
    await open('busy', 'pi4');
    const members = () => useFarms.getState().farms.find(({ name }) => name === 'lab')?.connections;
    const box = screen.getByRole('checkbox', { name: 'lab' });
    fireEvent.click(box);
    await waitFor(() => expect(members()).toEqual(['riscv-board', 'pi4']));
    fireEvent.click(box);
    await waitFor(() => expect(members()).toEqual(['riscv-board']));
  });

  it('keeps a renamed connection selected', async () => {
    await open('done', 'pi4');
    fireEvent.click(screen.getByRole('button', { name: 'Edit' }));
    fireEvent.change(screen.getByLabelText('Name'), { target: { value: 'raspberry' } });
    fireEvent.click(screen.getByRole('button', { name: 'Save changes' }));
    await waitFor(() => expect(details('raspberry')).toBeDefined());
    expect(names()).toContain('raspberry');
    expect(screen.queryByRole('button', { name: 'Save changes' })).toBeNull();
  });
});

describe('removing a connection', () => {
  it('shows the affected farms, and can be undone', async () => {
    await open('done', 'riscv-board');
    fireEvent.click(screen.getByRole('button', { name: 'Remove riscv-board' }));
    const dialog = await screen.findByRole('dialog', { name: 'Remove connection riscv-board?' });
    within(dialog).getByText('Farm lab has no other node and cannot build any more');
    fireEvent.click(within(dialog).getByRole('button', { name: 'Remove connection' }));
    await waitFor(() => expect(names()).not.toContain('riscv-board'));
    fireEvent.click(await screen.findByRole('button', { name: 'Undo' }));
    await waitFor(() => expect(names()).toContain('riscv-board'));
    await waitFor(() =>
      expect(useFarms.getState().farms.filter(({ connections }) => connections.includes('riscv-board'))).toHaveLength(
        2,
      ),
    );
  });
});

describe('adding a connection', () => {
  it('offers the discovered engines if there are no connections yet', async () => {
    await open('empty');
    await screen.findByRole('heading', { name: 'No connections yet' });
    fireEvent.click(await screen.findByRole('button', { name: 'Add nas' }));
    await waitFor(() => expect(names()).toEqual(['nas']));
    // the list stays open for the others
    await screen.findByRole('button', { name: 'Add mac-mini' });
    await screen.findByRole('link', { name: 'nas', current: false });
  });

  it('suggests a name, describes the URI and rejects a name that is taken', async () => {
    await open('busy');
    fireEvent.click(screen.getByRole('button', { name: 'Add connection' }));
    const uri = await screen.findByLabelText('URI');
    const name = screen.getByLabelText('Name');
    fireEvent.change(uri, { target: { value: 'root@pi9.lan' } });
    expect(name).toHaveProperty('value', 'pi9');
    screen.getByText(/^SSH to pi9\.lan, as root, other settings from your SSH configuration\./);
    fireEvent.change(name, { target: { value: 'pi4' } });
    await screen.findByText('A connection named pi4 already exists.');
    fireEvent.change(name, { target: { value: 'pi9' } });
    fireEvent.submit(uri);
    await waitFor(() => expect(names()).toContain('pi9'));
    expect(useNavigation.getState().route?.view).toEqual({ view: 'connections', name: 'pi9' });
  });
});

describe('a connection over TCP', () => {
  it('to another machine without TLS is added only after a confirmation, and with the platforms that are entered', async () => {
    await open('busy', 'pi4');
    fireEvent.click(within(details('pi4')).getByRole('button', { name: 'Edit' }));
    const form = await screen.findByRole('form', { name: 'Save changes' });
    const field = (label: string | RegExp) => within(form).getByLabelText(label);
    fireEvent.change(field('URI'), { target: { value: 'tcp://pi4.lan:2375' } });
    fireEvent.change(field(/^Platforms/), { target: { value: 'arm64, arm/v7' } });
    expect(within(form).queryByLabelText(/^Identity file/)).toBeNull();
    expect(field(/^Client certificate/)).toBeDefined();
    fireEvent.click(within(form).getByRole('button', { name: 'Save changes' }));
    const dialog = await screen.findByRole('dialog', { name: 'Connect without encryption?' });
    const saved = () => useConnections.getState().connections.find(({ name }) => name === 'pi4');
    expect(saved()?.uri).toMatch(/^ssh:/);
    fireEvent.click(within(dialog).getByRole('button', { name: 'Connect without encryption' }));
    await waitFor(() =>
      expect(saved()).toEqual({
        name: 'pi4',
        uri: 'tcp://pi4.lan:2375',
        allowUnencrypted: true,
        platforms: ['linux/arm64', 'linux/arm/v7'],
      }),
    );
  });
});
