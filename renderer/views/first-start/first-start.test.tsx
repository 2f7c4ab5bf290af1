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
const toggle = (name: RegExp) => userEvent.click(screen.getByRole('switch', { name }));

describe('the first start', () => {
  it('lists all discovered engines, turned off', async () => {
    await open();
    expect(screen.getAllByRole('switch')).toHaveLength(6);
    expect(screen.queryAllByRole('switch', { checked: true })).toEqual([]);
    expect(screen.queryByRole('button', { name: /Create farm/ })).toBeNull();
  });

  it('adds a connection for an engine that is turned on, and shows its platforms', async () => {
    await open();
    await toggle(/^big-amd/);
    const chips = await screen.findByRole('list', { name: 'Platforms of big-amd' });
    expect(chips.textContent).toContain('s390x, emulated');
    expect(useConnections.getState().connections.map(({ name }) => name)).toEqual(['big-amd']);
    await toggle(/^big-amd/);
    await waitFor(() => expect(useConnections.getState().connections).toEqual([]));
  });

  it('shows why an engine cannot be reached, with buttons to check again and to show the connection', async () => {
    await open();
    await toggle(/^nas/);
    const alert = await screen.findByRole('alert');
    within(alert).getByText(/nas cannot be reached/);
    within(alert).getByRole('button', { name: 'Check again' });
    fireEvent.click(within(alert).getByRole('button', { name: 'Show connection' }));
    expect(useNavigation.getState().route?.view).toMatchObject({ view: 'connections', name: 'nas' });
  });

  it('creates a farm of the engines that are on and opens it', async () => {
    await open();
    await toggle(/^big-amd/);
    await toggle(/^pi4/);
    const button = await screen.findByRole('button', { name: 'Create farm with 2 nodes' });
    const name = screen.getByRole<HTMLInputElement>('textbox', { name: 'Farm name' });
    expect(name.value).toBe('home');
    fireEvent.change(name, { target: { value: 'attic' } });
    fireEvent.click(button);
    await waitFor(() => expect(useNavigation.getState().route?.view).toEqual({ view: 'farm', name: 'attic' }));
    expect(useFarms.getState()).toMatchObject({
      farms: [{ name: 'attic', connections: ['big-amd', 'pi4'] }],
      default: 'attic',
    });
  });

  it('keeps the switches when it is opened again', async () => {
    await open();
    await toggle(/^big-amd/);
    await screen.findByRole('button', { name: 'Create farm with 1 node' });
    expect(screen.getByRole('switch', { name: /^big-amd/ }).getAttribute('aria-checked')).toBe('true');
  });

  it('adds an engine by its address, with a suggested name', async () => {
    await open();
    fireEvent.click(screen.getByRole('button', { name: 'Add connection' }));
    const form = screen.getByRole('form', { name: 'Add connection' });
    const address = within(form).getByRole('textbox', { name: 'URI' });
    fireEvent.change(address, { target: { value: 'http://x' } });
    within(form).getByText(/is not supported/);
    fireEvent.change(address, { target: { value: 'root@starfive.lan:2222' } });
    expect(within(form).getByRole<HTMLInputElement>('textbox', { name: 'Name' }).value).toBe('starfive');
    fireEvent.click(within(form).getByRole('button', { name: 'Add connection' }));
    await screen.findByRole('switch', { name: /^starfive/, checked: true });
    expect(useConnections.getState().connections).toEqual([{ name: 'starfive', uri: 'root@starfive.lan:2222' }]);
  });

  it('explains what to do if no engine was found', async () => {
    ({ app } = await renderWithApp(<FirstStart />, 'empty', { discovery: 'nothing' }));
    const section = await screen.findByRole('region', { name: 'No engines found' });
    within(section).getByText('systemctl --user enable --now podman.socket');
    within(section).getByRole('button', { name: 'Search again' });
  });

  it('creates another farm of connections that are in no farm', async () => {
    await open('busy');
    expect(screen.queryAllByRole('switch', { checked: true })).toEqual([]);
    await toggle(/^graviton/);
    await screen.findByRole('button', { name: 'Create farm with 1 node' });
  });

  it('imports a discovered farm with its members, which can be undone', async () => {
    await open('empty', { discovery: 'many' });
    const offers = within(screen.getByRole('list', { name: 'Discovered farms' }));
    expect(offers.getAllByRole('listitem').map((offer) => offer.querySelector('p')?.textContent)).toEqual([
      'podman has a farm racks with 2 nodes: rack-a and rack-b.',
      'docker buildx has a builder multi with 2 nodes: staging and multi1.',
    ]);
    fireEvent.click(offers.getByRole('button', { name: 'Import farm racks' }));
    await waitFor(() => expect(useNavigation.getState().route?.view).toEqual({ view: 'farm', name: 'racks' }));
    expect(useFarms.getState()).toMatchObject({
      farms: [{ name: 'racks', connections: ['rack-a', 'rack-b'] }],
      default: 'racks',
    });
    // an imported farm is no longer offered
    await waitFor(() => expect(offers.queryByRole('button', { name: 'Import farm racks' })).toBeNull());
    fireEvent.click(await screen.findByRole('button', { name: 'Undo' }));
    await waitFor(() => expect(useFarms.getState().farms).toEqual([]));
    await waitFor(() => expect(useConnections.getState().connections).toEqual([]));
  });

  it('shows the source of each engine, notes, and skipped entries', async () => {
    await open('empty', { discovery: 'many' });
    screen.getByText('Its identity file ~/.ssh/id_rack is not there.');
    expect(screen.getByRole('switch', { name: /^staging/ }).closest('li')?.textContent).toContain('Docker context');
    expect(screen.getByRole('switch', { name: /^multi1/ }).closest('li')?.textContent).toContain('Buildx builder');
    fireEvent.click(screen.getByText('3 entries skipped'));
    screen.getByText(/^Host "rack 7" has a name that cannot be used in a URI/);
  });
});
