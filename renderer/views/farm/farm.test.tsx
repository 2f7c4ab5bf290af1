import { act, configure, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ToastArea } from '../../parts/ToastArea.tsx';
import { useFarms } from '../../stores/farms.ts';
import { useNavigation } from '../../stores/navigation.ts';
import { useNodes } from '../../stores/nodes.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { FarmView } from './FarmView.tsx';

configure({ asyncUtilTimeout: 4_000 });
vi.setConfig({ testTimeout: 20_000 });

let app: TestApp;
afterEach(() => app.stop());

async function open(name: string, state: Parameters<typeof renderWithApp>[1] = 'busy') {
  ({ app } = await renderWithApp(
    <>
      <FarmView name={name} />
      <ToastArea />
    </>,
    state,
  ));
}
const route = () => useNavigation.getState().route;
const members = (name: string) => useFarms.getState().farms.find((farm) => farm.name === name)?.connections;

async function selectFromMenu(button: string, item: string | RegExp) {
  fireEvent.click(screen.getByRole('button', { name: button }));
  fireEvent.click(await screen.findByRole('menuitem', { name: item }));
}

describe('the farm view', () => {
  it('shows the engine, the load and the free space of each node', async () => {
    await open('home');
    const card = screen.getByRole('article', { name: 'pi4' });
    within(card).getByText(/podman 5\.4\.2/);
    within(card).getByText('14 ms');
    within(card).getByText(/^\d\.\d of 4 cores$/);
    within(card).getByText('2 of 2 in use');
    expect(within(card).getByText('9.0 GB free').textContent).toContain('low');
  });

  it('shows what is known of a BuildKit daemon, and what engines cannot do', async () => {
    await open('release');
    const daemon = within(screen.getByRole('article', { name: 'graviton' }));
    daemon.getByText('BuildKit 0.26.2');
    daemon.getByText('12.4 GB of 48.0 GB');
    expect(daemon.queryByText('Memory')).toBeNull();
    await daemon.findByText('2 limits');
    daemon.getByText('No image retention "tagged": BuildKit keeps no images.');
    const docker = within(screen.getByRole('article', { name: 'riscv-board' }));
    docker.getByText(/^docker 18\.06\.3, classic builder/);
    docker.getByText(/a Containerfile cannot use RUN --mount/);
    expect(within(screen.getByRole('article', { name: 'big-amd' })).queryByText(/limit/)).toBeNull();
  });

  it('lists the platforms that the farm can build', async () => {
    await open('home');
    const list = screen.getByRole('list', { name: 'Platforms of this farm' });
    expect(within(list).getAllByRole('listitem')[0]?.textContent).toBe('linux/amd64 native on 2');
  });

  it('leaves out what is not known of a node that runs no commands', async () => {
    await open('home');
    const status = useNodes.getState().byName['this-computer'];
    if (status?.state === 'up') {
      const { cpus: _, memory: __, disk: ___, load: ____, ...node } = status.node;
      act(() => app.emit({ event: 'node.changed', status: { ...status, node: { ...node, engine: 'buildkit' } } }));
    }
    const card = screen.getByRole('article', { name: 'this-computer' });
    await waitFor(() => within(card).getByText(/^BuildKit /));
    within(card).getByText('Slots');
    expect(['Load', 'Disk', 'Memory'].filter((label) => within(card).queryByText(label))).toEqual([]);
  });

  it('says that another connection leads to the same machine', async () => {
    await open('home');
    const status = useNodes.getState().byName['this-computer'];
    if (status?.state === 'up') {
      act(() => app.emit({ event: 'node.changed', status: { ...status, sameMachineAs: 'big-amd' } }));
    }
    await waitFor(() =>
      expect(screen.getByRole('article', { name: 'this-computer' }).textContent).toContain('Same machine as big-amd'),
    );
  });

  it('shows why a node is down, and what to do', async () => {
    await open('release');
    const card = screen.getByRole('article', { name: 's390x-lab' });
    within(card).getByText(/did not respond/);
    within(card).getByText('What to do');
    within(card).getByRole('button', { name: 'Check again' });
  });

  it('shows many nodes as tiles, which can be filtered', async () => {
    await open('datacenter', 'huge');
    expect(within(screen.getByRole('list', { name: 'Nodes' })).getAllByRole('listitem')).toHaveLength(50);
    fireEvent.click(screen.getByRole('button', { name: '2 down' }));
    expect(within(screen.getByRole('list', { name: 'Nodes' })).getAllByRole('listitem')).toHaveLength(2);
  });

  it('has a matrix that is accessible to screen readers', async () => {
    await open('release');
    fireEvent.click(screen.getByRole('button', { name: 'Matrix' }));
    const row = screen.getByRole('row', { name: /graviton/ });
    expect(
      within(row)
        .getAllByRole('cell')
        .map(({ textContent }) => textContent),
    ).toEqual([
      '–cannot build',
      'native',
      '–cannot build',
      '–cannot build',
      // it emulates arm/v7, and with it the lower variants
      'emulated',
      'emulated',
      'emulated',
      '–cannot build',
      '–cannot build',
    ]);
  });

  it('pins a platform to a node in the matrix, and removes the pin', async () => {
    await open('release');
    fireEvent.click(screen.getByRole('button', { name: 'Matrix' }));
    fireEvent.click(screen.getByRole('button', { name: 'linux/arm64 on graviton: native' }));
    fireEvent.click(await screen.findByRole('button', { name: 'linux/arm64 on graviton: native, pinned' }));
    await screen.findByRole('button', { name: 'linux/arm64 on graviton: native' });
  });

  it('removes a node', async () => {
    await open('home');
    await selectFromMenu('More actions for pi4', 'Remove from farm');
    await waitFor(() => expect(members('home')).toEqual(['big-amd', 'this-computer']));
    await screen.findByText(
      /linux\/arm64 will be emulated by this-computer, about ten times slower\. The connection is kept/,
    );
  });

  it('adds connections as nodes, and moves nodes to other farms', async () => {
    await open('lab');
    await selectFromMenu('Add nodes', /^graviton/);
    await waitFor(() => expect(members('lab')).toEqual(['riscv-board', 'graviton']));
    await selectFromMenu('More actions for graviton', 'Move to home');
    await waitFor(() => expect(members('lab')).toEqual(['riscv-board']));
    expect(members('home')).toContain('graviton');
  });

  it('renames the farm to a free name', async () => {
    await open('home');
    await selectFromMenu('More actions for home', 'Rename farm…');
    const dialog = await screen.findByRole('dialog', { name: 'Rename farm home' });
    const field = within(dialog).getByRole('textbox', { name: 'Name' });
    fireEvent.change(field, { target: { value: 'lab' } });
    within(dialog).getByText('A farm named lab already exists.');
    fireEvent.change(field, { target: { value: 'attic' } });
    fireEvent.click(within(dialog).getByRole('button', { name: 'Rename farm' }));
    await waitFor(() => expect(route()?.view).toEqual({ view: 'farm', name: 'attic' }));
    expect(members('attic')).toHaveLength(3);
  });

  it('asks before it removes the farm', async () => {
    await open('lab');
    await selectFromMenu('More actions for lab', 'Remove farm…');
    const dialog = await screen.findByRole('dialog', { name: 'Remove farm lab?' });
    within(dialog).getByText(/Its 1 connection, builds and images are kept/);
    fireEvent.click(within(dialog).getByRole('button', { name: 'Remove farm' }));
    await waitFor(() => expect(members('lab')).toBeUndefined());
    expect(route()?.view).toEqual({ view: 'farm', name: 'home' });
  });

  it('opens a new build of a recent project', async () => {
    await open('home');
    const section = screen.getByRole('region', { name: 'Build a project' });
    fireEvent.click(within(section).getByRole('button', { name: /^gateway/ }));
    expect(route()?.sheet).toEqual({ sheet: 'new-build', farm: 'home', context: '/home/anna/projects/gateway' });
  });

  it('links to other farms if the farm does not exist', async () => {
    await open('nowhere');
    screen.getByText('Farm nowhere not found');
    fireEvent.click(screen.getByRole('button', { name: 'Go to home' }));
    expect(route()?.view).toEqual({ view: 'farm', name: 'home' });
  });
});

describe('a folder', () => {
  function dispatchDrag(kind: 'dragover' | 'drop', name: string): void {
    const data = new DataTransfer();
    data.items.add(new File(['x'], name));
    const event = new Event(kind, { bubbles: true, cancelable: true });
    Object.assign(event, { dataTransfer: { types: ['Files'], files: [new File(['x'], name)], items: [] } });
    fireEvent(window, event);
  }

  it('dragged over the window shows the platforms that it would be built for', async () => {
    await open('home');
    dispatchDrag('dragover', 'api');
    screen.getByText('Drop to build for 2 platforms on home');
  });

  it('is found by its name if the browser hides its path', async () => {
    await open('home');
    dispatchDrag('drop', 'billing-service');
    const dialog = await screen.findByRole('dialog', { name: 'Choose a project folder' });
    within(dialog).getByText(/Is this the billing-service you dropped/);
    await waitFor(() =>
      expect(within(dialog).getByRole<HTMLInputElement>('textbox', { name: 'Path' }).value).toBe(
        '/home/anna/projects/billing-service',
      ),
    );
    fireEvent.click(within(dialog).getByRole('button', { name: 'Choose this folder' }));
    expect(route()?.sheet).toMatchObject({ context: '/home/anna/projects/billing-service' });
  });
});
