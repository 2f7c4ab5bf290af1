import { configure, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { useFarms } from '../../stores/farms.ts';
import { useNavigation } from '../../stores/navigation.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { FarmView } from './FarmView.tsx';

configure({ asyncUtilTimeout: 4_000 });
vi.setConfig({ testTimeout: 20_000 });

let app: TestApp;
afterEach(() => app.stop());

async function open(name: string, state: Parameters<typeof renderWithApp>[1] = 'busy') {
  ({ app } = await renderWithApp(<FarmView name={name} />, state));
}
const place = () => useNavigation.getState().place;
const members = (name: string) => useFarms.getState().farms.find((farm) => farm.name === name)?.connections;

async function fromMenu(button: string, item: string | RegExp) {
  fireEvent.click(screen.getByRole('button', { name: button }));
  fireEvent.click(await screen.findByRole('menuitem', { name: item }));
}

describe('a farm', () => {
  it('shows each node with what it is and how full it is', async () => {
    await open('home');
    const card = screen.getByRole('article', { name: 'pi4' });
    within(card).getByText(/podman 5\.4\.2/);
    within(card).getByText('14 ms');
    within(card).getByText('1 job of 4 cpus');
    expect(within(card).getByText('9.0 GB free').textContent).toContain('low');
  });

  it('says what it can build', async () => {
    await open('home');
    const line = screen.getByRole('list', { name: 'What this farm can build' });
    expect(within(line).getAllByRole('listitem')[0]?.textContent).toBe('linux/amd64 native on 2');
  });

  it('says of a node that is down why, and what to do', async () => {
    await open('release');
    const card = screen.getByRole('article', { name: 's390x-lab' });
    within(card).getByText(/did not answer/);
    within(card).getByText('What to do');
    within(card).getByRole('button', { name: 'Probe again' });
  });

  it('shows many nodes as lines, and those that are down alone', async () => {
    await open('datacenter', 'huge');
    expect(within(screen.getByRole('list', { name: 'Nodes' })).getAllByRole('listitem')).toHaveLength(50);
    fireEvent.click(screen.getByRole('button', { name: '2 down' }));
    expect(within(screen.getByRole('list', { name: 'Nodes' })).getAllByRole('listitem')).toHaveLength(2);
  });

  it('has a matrix that is readable without seeing it', async () => {
    await open('release');
    fireEvent.click(screen.getByRole('button', { name: 'Matrix' }));
    const row = screen.getByRole('row', { name: /graviton/ });
    expect(
      within(row)
        .getAllByRole('cell')
        .map(({ textContent }) => textContent),
    ).toEqual(['–cannot', 'native', '–cannot', '–cannot', 'emulated', '–cannot', '–cannot']);
  });

  it('gives a node up and takes it back', async () => {
    await open('home');
    await fromMenu('More about pi4', 'Remove from farm');
    await waitFor(() => expect(members('home')).toEqual(['big-amd', 'this-computer']));
  });

  it('takes in connections that it does not have, and moves nodes to other farms', async () => {
    await open('lab');
    await fromMenu('Add nodes', /^graviton/);
    await waitFor(() => expect(members('lab')).toEqual(['riscv-board', 'graviton']));
    await fromMenu('More about graviton', 'Move to home');
    await waitFor(() => expect(members('lab')).toEqual(['riscv-board']));
    expect(members('home')).toContain('graviton');
  });

  it('is renamed to a name that is free', async () => {
    await open('home');
    await fromMenu('More about home', 'Rename…');
    const dialog = await screen.findByRole('dialog', { name: 'Rename home' });
    const field = within(dialog).getByRole('textbox', { name: 'Name' });
    fireEvent.change(field, { target: { value: 'lab' } });
    within(dialog).getByText('There is a farm lab already.');
    fireEvent.change(field, { target: { value: 'attic' } });
    fireEvent.click(within(dialog).getByRole('button', { name: 'Rename farm' }));
    await waitFor(() => expect(place()?.view).toEqual({ view: 'farm', name: 'attic' }));
    expect(members('attic')).toHaveLength(3);
  });

  it('is deleted only after saying what is lost', async () => {
    await open('lab');
    await fromMenu('More about lab', 'Delete farm…');
    const dialog = await screen.findByRole('dialog', { name: 'Delete farm lab?' });
    within(dialog).getByText(/Its 1 connection stays/);
    fireEvent.click(within(dialog).getByRole('button', { name: 'Delete farm' }));
    await waitFor(() => expect(members('lab')).toBeUndefined());
    expect(place()?.view).toEqual({ view: 'farm', name: 'home' });
  });

  it('builds a project again from where it was built before', async () => {
    await open('home');
    const section = screen.getByRole('region', { name: 'Build a project' });
    fireEvent.click(within(section).getByRole('button', { name: /^gateway/ }));
    expect(place()?.sheet).toEqual({ sheet: 'new-build', farm: 'home', context: '/home/anna/projects/gateway' });
  });

  it('that is gone says so and shows the way to others', async () => {
    await open('nowhere');
    screen.getByText('There is no farm nowhere');
    fireEvent.click(screen.getByRole('button', { name: 'Go to home' }));
    expect(place()?.view).toEqual({ view: 'farm', name: 'home' });
  });
});

describe('a folder', () => {
  function hold(kind: 'dragover' | 'drop', name: string): void {
    const data = new DataTransfer();
    data.items.add(new File(['x'], name));
    const event = new Event(kind, { bubbles: true, cancelable: true });
    Object.assign(event, { dataTransfer: { types: ['Files'], files: [new File(['x'], name)], items: [] } });
    fireEvent(window, event);
  }

  it('held over the window says what it would be built for', async () => {
    await open('home');
    hold('dragover', 'api');
    screen.getByText('Let go to build for 2 platforms on home');
  });

  it('whose path the browser hides is found by its name', async () => {
    await open('home');
    hold('drop', 'billing-service');
    const dialog = await screen.findByRole('dialog', { name: 'Choose a project folder' });
    within(dialog).getByText(/Is this the billing-service you dropped/);
    await waitFor(() =>
      expect(within(dialog).getByRole<HTMLInputElement>('textbox', { name: 'Path' }).value).toBe(
        '/home/anna/projects/billing-service',
      ),
    );
    fireEvent.click(within(dialog).getByRole('button', { name: 'Choose this folder' }));
    expect(place()?.sheet).toMatchObject({ context: '/home/anna/projects/billing-service' });
  });
});
