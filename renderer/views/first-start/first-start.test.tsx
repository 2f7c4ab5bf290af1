import { configure, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ToastArea } from '../../parts/ToastArea.tsx';
import { useConnections } from '../../stores/connections.ts';
import { useFarms } from '../../stores/farms.ts';
import { useNavigation } from '../../stores/navigation.ts';
import type { Scene } from '../../testing/fixture-app.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { FirstStart } from './FirstStart.tsx';

configure({ asyncUtilTimeout: 15_000 });
vi.setConfig({ testTimeout: 60_000 });

let app: TestApp;
afterEach(() => app.stop());

async function open(state: Parameters<typeof renderWithApp>[1] = 'empty', scene?: Scene) {
  ({ app } = await renderWithApp(
    <>
      <FirstStart />
      <ToastArea />
    </>,
    state,
    scene,
  ));
  await screen.findByRole('region', { name: 'Engines' });
}
const turn = (name: RegExp) => userEvent.click(screen.getByRole('switch', { name }));

describe('first start', () => {
  it('lists what was found, all switched off', async () => {
    await open();
    expect(screen.getAllByRole('switch')).toHaveLength(6);
    expect(screen.queryAllByRole('switch', { checked: true })).toEqual([]);
    expect(screen.queryByRole('button', { name: /Make a farm/ })).toBeNull();
  });

  it('makes a connection of what is switched on, and says what it can build', async () => {
    await open();
    await turn(/^big-amd/);
    const chips = await screen.findByRole('list', { name: 'Platforms of big-amd' });
    expect(chips.textContent).toContain('s390x, emulated');
    expect(useConnections.getState().connections.map(({ name }) => name)).toEqual(['big-amd']);
    await turn(/^big-amd/);
    await waitFor(() => expect(useConnections.getState().connections).toEqual([]));
  });

  it('says in place why one cannot be reached, with a way to ask again', async () => {
    await open();
    await turn(/^nas/);
    const alert = await screen.findByRole('alert');
    within(alert).getByText(/nas cannot be reached/);
    within(alert).getByRole('button', { name: 'Probe again' });
  });

  it('makes a farm of those that are on and goes there', async () => {
    await open();
    await turn(/^big-amd/);
    await turn(/^pi4/);
    const button = await screen.findByRole('button', { name: 'Make a farm of these 2' });
    const name = screen.getByRole<HTMLInputElement>('textbox', { name: 'Name of the farm' });
    expect(name.value).toBe('home');
    fireEvent.change(name, { target: { value: 'attic' } });
    fireEvent.click(button);
    await waitFor(() => expect(useNavigation.getState().place?.view).toEqual({ view: 'farm', name: 'attic' }));
    expect(useFarms.getState()).toMatchObject({
      farms: [{ name: 'attic', connections: ['big-amd', 'pi4'] }],
      default: 'attic',
    });
  });

  it('shows where one was when coming back half-way', async () => {
    await open();
    await turn(/^big-amd/);
    await screen.findByRole('button', { name: 'Make a farm of this one' });
    expect(screen.getByRole('switch', { name: /^big-amd/ }).getAttribute('aria-checked')).toBe('true');
  });

  it('adds what was not found by its address, named after its host', async () => {
    await open();
    fireEvent.click(screen.getByRole('button', { name: 'Add a connection' }));
    const form = screen.getByRole('form', { name: 'Add a connection' });
    const address = within(form).getByRole('textbox', { name: 'Address' });
    fireEvent.change(address, { target: { value: 'http://x' } });
    within(form).getByText(/cannot use/);
    fireEvent.change(address, { target: { value: 'root@starfive.lan:2222' } });
    expect(within(form).getByRole<HTMLInputElement>('textbox', { name: 'Name' }).value).toBe('starfive');
    fireEvent.click(within(form).getByRole('button', { name: 'Add connection' }));
    await screen.findByRole('switch', { name: /^starfive/, checked: true });
    expect(useConnections.getState().connections).toEqual([{ name: 'starfive', uri: 'root@starfive.lan:2222' }]);
  });

  it('says what to do where nothing was found', async () => {
    ({ app } = await renderWithApp(<FirstStart />, 'empty', { found: 'nothing' }));
    const section = await screen.findByRole('region', { name: 'Nothing found' });
    within(section).getByText('systemctl --user enable --now podman.socket');
    within(section).getByRole('button', { name: 'Look again' });
  });

  it('makes another farm of what no farm has yet', async () => {
    await open('busy');
    expect(screen.queryAllByRole('switch', { checked: true })).toEqual([]);
    await turn(/^graviton/);
    await screen.findByRole('button', { name: 'Make a farm of this one' });
  });

  it('offers a farm that podman knows, makes it with its members and takes it back', async () => {
    await open('empty', { found: 'many' });
    const offers = within(screen.getByRole('list', { name: 'Farms found' }));
    expect(offers.getByRole('listitem').textContent).toContain('podman knows a farm racks of 2: rack-a and rack-b.');
    fireEvent.click(offers.getByRole('button', { name: 'Use farm racks' }));
    await waitFor(() => expect(useNavigation.getState().place?.view).toEqual({ view: 'farm', name: 'racks' }));
    expect(useFarms.getState()).toMatchObject({
      farms: [{ name: 'racks', connections: ['rack-a', 'rack-b'] }],
      default: 'racks',
    });
    // what is a farm here already is offered no more
    await waitFor(() => expect(screen.queryByRole('list', { name: 'Farms found' })).toBeNull());
    fireEvent.click(await screen.findByRole('button', { name: 'Undo' }));
    await waitFor(() => expect(useFarms.getState().farms).toEqual([]));
    await waitFor(() => expect(useConnections.getState().connections).toEqual([]));
  });

  it('says where each was found, what is wrong with it and what was left out', async () => {
    await open('empty', { found: 'many' });
    screen.getByText('Its identity file ~/.ssh/id_rack is not there.');
    expect(screen.getByRole('switch', { name: /^staging/ }).closest('li')?.textContent).toContain('A Docker context');
    fireEvent.click(screen.getByText('2 things were left out'));
    screen.getByText(/^Host "rack 7" has a name that no URI can hold/);
  });
});
