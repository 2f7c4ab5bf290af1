import { act, configure, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ToastArea } from '../../parts/ToastArea.tsx';
import { exportConnections } from '../../stores/connection-export.ts';
import { openImportFile } from '../../stores/connection-import.ts';
import { useConnections } from '../../stores/connections.ts';
import { useFarms } from '../../stores/farms.ts';
import { replaceView, useNavigation } from '../../stores/navigation.ts';
import type { Scene } from '../../testing/fixture-app.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { ConnectionsView } from './ConnectionsView.tsx';

// CI machines may be slow
configure({ asyncUtilTimeout: 15_000 });

let app: TestApp;
afterEach(() => {
  app.stop();
  vi.restoreAllMocks();
});

function CurrentView() {
  const view = useNavigation(({ route }) => route?.view);
  return view?.view === 'connections' ? <ConnectionsView name={view.name} adding={view.adding} /> : null;
}

async function open(scene: Scene = {}, state: Parameters<typeof renderWithApp>[1] = 'done') {
  replaceView({ view: 'connections', adding: true });
  ({ app } = await renderWithApp(
    <>
      <CurrentView />
      <ToastArea />
    </>,
    state,
    scene,
  ));
}

async function openDiscovered(scene: Scene = { discovery: 'many' }) {
  await open(scene);
  fireEvent.click(await screen.findByRole('button', { name: /^Discovered/ }));
  await screen.findAllByRole('checkbox');
}

const names = () => useConnections.getState().connections.map(({ name }) => name);
const farm = (name: string) => useFarms.getState().farms.find((each) => each.name === name);
const box = (name: RegExp | string) => screen.getByRole('checkbox', { name });
const isSelected = (name: RegExp | string) => box(name).getAttribute('aria-checked') === 'true';

describe('discovered connections', () => {
  it('are grouped by source, and link to existing connections', async () => {
    await openDiscovered();
    const groups = screen.getAllByRole('checkbox', { name: /^Select all/ }).map((each) => each.closest('li'));
    expect(groups.map((group) => group?.getAttribute('aria-labelledby')).filter(Boolean)).toHaveLength(7);
    const podman = within(screen.getByRole('listitem', { name: 'podman connections' }));
    podman.getByText('rack-a and rack-b');
    podman.getByText('Its identity file ~/.ssh/id_rack is not there.');
    const builders = within(screen.getByRole('listitem', { name: 'Buildx builders' }));
    builders.getByText('staging and multi1');
    screen.getByRole('listitem', { name: 'Environment variables' });
    const ssh = within(screen.getByRole('listitem', { name: 'SSH hosts' }));
    expect(ssh.getByRole('link', { name: 'pi4' }).parentElement?.textContent).toBe('already added as pi4');
  });

  it('are selected at first, except for SSH hosts', async () => {
    await openDiscovered();
    expect(isSelected(/^rack-a/)).toBe(true);
    expect(isSelected(/^staging/)).toBe(true);
    expect(isSelected(/^nas/)).toBe(false);
    screen.getByRole('button', { name: 'Import 7 connections and 2 farms' });
  });

  it('can be selected and deselected by group', async () => {
    await openDiscovered();
    await userEvent.click(box('Select all: SSH hosts'));
    await screen.findByText('202 of 202 selected');
    screen.getByRole('button', { name: 'Import 209 connections and 2 farms' });
    await userEvent.click(box('Select all: SSH hosts'));
    await screen.findByRole('button', { name: 'Import 7 connections and 2 farms' });
  });

  it('select a farm with its members, and deselect it without them', async () => {
    await openDiscovered();
    await userEvent.click(box(/^rack-a/));
    await screen.findByText('1 of 2: rack-b');
    await userEvent.click(box(/^rack-b/));
    await screen.findByRole('button', { name: 'Import 5 connections and 1 farm' });
    expect(isSelected(/^Farm racks/)).toBe(false);
    await userEvent.click(box(/^Farm racks/));
    await screen.findByRole('button', { name: 'Import 7 connections and 2 farms' });
    expect(isSelected(/^rack-b/)).toBe(true);
  });

  it('are shortened to the first ones, and can be filtered by name', async () => {
    await openDiscovered();
    expect(screen.queryByRole('checkbox', { name: /^web-150/ })).toBeNull();
    fireEvent.change(screen.getByLabelText('Filter discovered connections'), { target: { value: 'web-15' } });
    screen.getByRole('checkbox', { name: /^web-150/ });
    expect(screen.getAllByRole('checkbox', { name: /^web-/ })).toHaveLength(10);
    // selecting a group selects only the entries that match the filter
    await userEvent.click(box('Select all: SSH hosts'));
    await screen.findByRole('button', { name: 'Import 17 connections and 2 farms' });
  });

  it('include the reasons for skipped entries', async () => {
    await openDiscovered();
    fireEvent.click(screen.getByText('3 entries skipped'));
    screen.getByText('Host "rack 7" has a name that cannot be used in a URI. Give it a simpler alias.');
  });

  it('can be walked through with the arrow keys', async () => {
    await openDiscovered();
    box('Select all: podman connections').focus();
    fireEvent.keyDown(box('Select all: podman connections'), { key: 'ArrowDown' });
    expect(document.activeElement).toBe(box(/^Farm racks/));
  });

  it('show a message if there are none', async () => {
    await open({ discovery: 'nothing' });
    fireEvent.click(await screen.findByRole('button', { name: 'Discovered' }));
    await screen.findByText(
      /^No engines, podman connections, Docker contexts, Buildx builders or hosts in ~\/\.ssh\/config/,
    );
    expect(screen.queryByRole('button', { name: /^Import/ })).toBeNull();
  });
});

async function chooseFarm(name: string): Promise<void> {
  await userEvent.click(screen.getByRole('combobox', { name: 'Add to farm' }));
  await userEvent.click(await screen.findByRole('option', { name }));
}

describe('an import', () => {
  it('adds the selected entries, shows the result and disables its button', async () => {
    await openDiscovered();
    fireEvent.click(screen.getByRole('button', { name: 'Import 7 connections and 2 farms' }));
    await screen.findByText('Imported 7 connections and 2 farms.');
    expect(names()).toContain('rack-b');
    expect(farm('racks')?.connections).toEqual(['rack-a', 'rack-b']);
    // those that are in no imported farm
    screen.getByText('Added nodes to home.');
    expect(farm('home')?.connections).toEqual(expect.arrayContaining(['office', 'docker-host']));
    expect(farm('home')?.connections).not.toContain('rack-a');
    await waitFor(() => expect(screen.queryByRole('checkbox', { name: /^rack-a/, checked: false })).toBeNull());
    // the existing default farm is kept
    expect(useFarms.getState().default).toBe('home');
    const podman = within(screen.getByRole('listitem', { name: 'podman connections' }));
    podman.getByText('all 3 already added');
    expect(screen.getByRole('button', { name: 'Import' })).toHaveProperty('disabled', true);
  });

  it('adds to a new farm, or to none', async () => {
    await openDiscovered();
    await chooseFarm('New farm…');
    fireEvent.change(screen.getByRole('textbox', { name: 'Farm name' }), { target: { value: 'attic' } });
    fireEvent.click(screen.getByRole('button', { name: 'Add nas' }));
    await waitFor(() => expect(farm('attic')?.connections).toEqual(['nas']));
    await chooseFarm('No farm');
    const before = farm('home');
    fireEvent.click(screen.getByRole('button', { name: 'Add mac-mini' }));
    await waitFor(() => expect(names()).toContain('mac-mini'));
    expect(farm('home')).toEqual(before);
  });

  it('can be undone without affecting later changes', async () => {
    await openDiscovered();
    const before = { connections: names(), farms: useFarms.getState().farms };
    fireEvent.click(screen.getByRole('button', { name: /^Import 7/ }));
    await screen.findByText(/^Imported/);
    // a connection that was edited since is kept
    await act(() => app.call('connections.update', { name: 'office', uri: 'ssh://me@office.example.com' }));
    await waitFor(() =>
      expect(useConnections.getState().connections.find(({ name }) => name === 'office')?.uri).toContain('me@'),
    );
    fireEvent.click(screen.getByRole('button', { name: 'Undo import' }));
    await waitFor(() => expect(screen.queryByText(/^Imported/)).toBeNull());
    expect(names()).toEqual([...before.connections, 'office']);
    expect(useFarms.getState().farms).toEqual(before.farms);
  });

  it('adds missing members to an existing farm, and removes them when it is undone', async () => {
    await open();
    await act(() =>
      openImportFile(
        fileOf({
          connections: [
            { name: 'big-amd', uri: 'ssh://build@big-amd.lan' },
            { name: 'pi4', uri: 'ssh://pi@another.lan' },
            { name: 'graviton', uri: 'ssh://ec2-user@graviton.eu.example.com' },
          ],
          farms: [{ name: 'home', connections: ['big-amd', 'pi4', 'graviton'] }],
        }),
      ),
    );
    fireEvent.click(await screen.findByRole('button', { name: 'Import 1 connection and 1 farm' }));
    await screen.findByText('Renamed because the name was taken: pi4 to pi4-2.');
    screen.getByText('2 connections already existed.');
    expect(farm('home')?.connections).toEqual(['big-amd', 'pi4', 'this-computer', 'pi4-2', 'graviton']);
    await screen.findByText('Everything in this file has already been added.');
    fireEvent.click(screen.getByRole('button', { name: 'Undo import' }));
    await waitFor(() => expect(farm('home')?.connections).toEqual(['big-amd', 'pi4', 'this-computer']));
    expect(names()).not.toContain('pi4-2');
  });
});

describe('a file', () => {
  it('can be dropped anywhere on the view', async () => {
    await open();
    const file = fileOf({ connections: [{ name: 'starfive', uri: 'ssh://root@starfive' }], farms: [] });
    fireEvent.drop(window, { dataTransfer: { types: ['Files'], files: [file] } });
    await screen.findByRole('heading', { name: 'connections.json' });
    await waitFor(() => expect(isSelected(/^starfive/)).toBe(true));
    screen.getByRole('button', { name: 'Import 1 connection' });
  });

  it('that contains no connections shows a problem and a button to choose another', async () => {
    await open();
    await act(() => openImportFile(new File(['FROM scratch'], 'Containerfile')));
    await screen.findByText('Containerfile contains no connections or farms.');
    screen.getByRole('button', { name: 'Choose another file…' });
  });

  it('that is too large is not read', async () => {
    await open();
    const huge = new File([new Uint8Array(4 * 1024 * 1024 + 1)], 'huge.json');
    const read = vi.spyOn(huge, 'text');
    await act(() => openImportFile(huge));
    await screen.findByText(/^The file huge\.json is larger than 4 MiB/);
    expect(read).not.toHaveBeenCalled();
  });
});

describe('an export', () => {
  it('saves a file that can be imported, and shows what it contains', async () => {
    await open();
    const saved: { name: string; blob: Blob }[] = [];
    let blob: Blob | undefined;
    vi.spyOn(URL, 'createObjectURL').mockImplementation((object) => {
      blob = object instanceof Blob ? object : undefined;
      return 'blob:1';
    });
    vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
      if (blob) {
        saved.push({ name: this.download, blob });
      }
    });
    exportConnections();
    await screen.findByText('Exported 6 connections and 3 farms');
    screen.getByText(/contains no passwords, passphrases or keys/);
    expect(saved.map(({ name }) => name)).toEqual(['barnraiser-connections.json']);
    const text = await saved[0]?.blob.text();
    await act(() => openImportFile(new File([text ?? ''], 'barnraiser-connections.json')));
    await screen.findByText('Everything in this file has already been added.');
  });
});

function fileOf(content: object): File {
  return new File([JSON.stringify(content)], 'connections.json');
}
