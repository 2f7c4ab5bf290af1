import { act, configure, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ToastArea } from '../../parts/ToastArea.tsx';
import { useConnections } from '../../stores/connections.ts';
import { exportConnections, takeFile } from '../../stores/exchange.ts';
import { useFarms } from '../../stores/farms.ts';
import { replaceView, useNavigation } from '../../stores/navigation.ts';
import type { Scene } from '../../testing/fixture-app.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { ConnectionsView } from './ConnectionsView.tsx';

// machines that draw this may be busy
configure({ asyncUtilTimeout: 15_000 });

let app: TestApp;
afterEach(() => {
  app.stop();
  vi.restoreAllMocks();
});

function Here() {
  const view = useNavigation(({ place }) => place?.view);
  return view?.view === 'connections' ? <ConnectionsView name={view.name} adding={view.adding} /> : null;
}

async function open(scene: Scene = {}, state: Parameters<typeof renderWithApp>[1] = 'done') {
  replaceView({ view: 'connections', adding: true });
  ({ app } = await renderWithApp(
    <>
      <Here />
      <ToastArea />
    </>,
    state,
    scene,
  ));
}

async function openFound(scene: Scene = { found: 'many' }) {
  await open(scene);
  fireEvent.click(await screen.findByRole('button', { name: /^Found here/ }));
  await screen.findAllByRole('checkbox');
}

const names = () => useConnections.getState().connections.map(({ name }) => name);
const farm = (name: string) => useFarms.getState().farms.find((each) => each.name === name);
const box = (name: RegExp | string) => screen.getByRole('checkbox', { name });
const isTicked = (name: RegExp | string) => box(name).getAttribute('aria-checked') === 'true';

describe('what was found', () => {
  it('is grouped by where, and says of each what it is here already', async () => {
    await openFound();
    const groups = screen.getAllByRole('checkbox', { name: /^All of/ }).map((each) => each.closest('li'));
    expect(groups.map((group) => group?.getAttribute('aria-labelledby')).filter(Boolean)).toHaveLength(5);
    const podman = within(screen.getByRole('listitem', { name: 'podman’s connections' }));
    podman.getByText('rack-a and rack-b');
    podman.getByText('Its identity file ~/.ssh/id_rack is not there.');
    const ssh = within(screen.getByRole('listitem', { name: 'SSH hosts' }));
    expect(ssh.getByRole('link', { name: 'pi4' }).parentElement?.textContent).toBe('is here as pi4');
  });

  it('ticks what is meant for building, and leaves hosts of SSH to a person', async () => {
    await openFound();
    expect(isTicked(/^rack-a/)).toBe(true);
    expect(isTicked(/^staging/)).toBe(true);
    expect(isTicked(/^nas/)).toBe(false);
    screen.getByRole('button', { name: 'Import 5 connections and 1 farm' });
  });

  it('ticks all of a group, and none', async () => {
    await openFound();
    await userEvent.click(box('All of SSH hosts'));
    await screen.findByText('202 of 202 chosen');
    screen.getByRole('button', { name: 'Import 207 connections and 1 farm' });
    await userEvent.click(box('All of SSH hosts'));
    await screen.findByRole('button', { name: 'Import 5 connections and 1 farm' });
  });

  it('takes a farm with its members, and not one of which nothing is left', async () => {
    await openFound();
    await userEvent.click(box(/^rack-a/));
    await screen.findByText('1 of 2: rack-b');
    await userEvent.click(box(/^rack-b/));
    await screen.findByRole('button', { name: 'Import 3 connections' });
    expect(isTicked(/^Farm racks/)).toBe(false);
    await userEvent.click(box(/^Farm racks/));
    await screen.findByRole('button', { name: 'Import 5 connections and 1 farm' });
    expect(isTicked(/^rack-b/)).toBe(true);
  });

  it('stays short where it is much, and is found by its name', async () => {
    await openFound();
    expect(screen.queryByRole('checkbox', { name: /^web-150/ })).toBeNull();
    fireEvent.change(screen.getByLabelText('Filter what was found'), { target: { value: 'web-15' } });
    screen.getByRole('checkbox', { name: /^web-150/ });
    expect(screen.getAllByRole('checkbox', { name: /^web-/ })).toHaveLength(10);
    // of a group only what is shown is ticked
    await userEvent.click(box('All of SSH hosts'));
    await screen.findByRole('button', { name: 'Import 15 connections and 1 farm' });
  });

  it('says what was left out and why', async () => {
    await openFound();
    fireEvent.click(screen.getByText('2 things were left out'));
    screen.getByText('Host "rack 7" has a name that no URI can hold. Give it a plainer one.');
  });

  it('is walked through with the arrow keys', async () => {
    await openFound();
    box('All of podman’s connections').focus();
    fireEvent.keyDown(box('All of podman’s connections'), { key: 'ArrowDown' });
    expect(document.activeElement).toBe(box(/^Farm racks/));
  });

  it('says so where there is nothing', async () => {
    await open({ found: 'nothing' });
    fireEvent.click(await screen.findByRole('button', { name: 'Found here' }));
    await screen.findByText(/^No engine, no host in ~\/\.ssh\/config/);
    expect(screen.queryByRole('button', { name: /^Import/ })).toBeNull();
  });
});

describe('an import', () => {
  it('adds what is ticked, says so, and has nothing to do the second time', async () => {
    await openFound();
    fireEvent.click(screen.getByRole('button', { name: 'Import 5 connections and 1 farm' }));
    await screen.findByText('Imported 5 connections and 1 farm.');
    expect(names()).toContain('rack-b');
    expect(farm('racks')?.connections).toEqual(['rack-a', 'rack-b']);
    await waitFor(() => expect(screen.queryByRole('checkbox', { name: /^rack-a/, checked: false })).toBeNull());
    // the person's own default stays
    expect(useFarms.getState().default).toBe('home');
    const podman = within(screen.getByRole('listitem', { name: 'podman’s connections' }));
    podman.getByText('all 3 here already');
    expect(screen.getByRole('button', { name: 'Import' })).toHaveProperty('disabled', true);
  });

  it('is taken back wholly, and takes nothing else with it', async () => {
    await openFound();
    const before = { connections: names(), farms: useFarms.getState().farms };
    fireEvent.click(screen.getByRole('button', { name: /^Import 5/ }));
    await screen.findByText(/^Imported/);
    // what a person has made something else of since is that person's
    await act(() => app.call('connections.update', { name: 'office', uri: 'ssh://me@office.example.com' }));
    await waitFor(() =>
      expect(useConnections.getState().connections.find(({ name }) => name === 'office')?.uri).toContain('me@'),
    );
    fireEvent.click(screen.getByRole('button', { name: 'Undo import' }));
    await waitFor(() => expect(screen.queryByText(/^Imported/)).toBeNull());
    expect(names()).toEqual([...before.connections, 'office']);
    expect(useFarms.getState().farms).toEqual(before.farms);
  });

  it('takes out of a farm again what it has put in', async () => {
    await open();
    await act(() =>
      takeFile(
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
    await screen.findByText('pi4 is called pi4-2 here.');
    screen.getByText('2 were here already.');
    expect(farm('home')?.connections).toEqual(['big-amd', 'pi4', 'this-computer', 'pi4-2', 'graviton']);
    await screen.findByText('Everything in it is here already.');
    fireEvent.click(screen.getByRole('button', { name: 'Undo import' }));
    await waitFor(() => expect(farm('home')?.connections).toEqual(['big-amd', 'pi4', 'this-computer']));
    expect(names()).not.toContain('pi4-2');
  });
});

describe('a file', () => {
  it('is shown with what it holds when it is dropped anywhere on the view', async () => {
    await open();
    const file = fileOf({ connections: [{ name: 'starfive', uri: 'ssh://root@starfive' }], farms: [] });
    fireEvent.drop(window, { dataTransfer: { types: ['Files'], files: [file] } });
    await screen.findByRole('heading', { name: 'connections.json' });
    await waitFor(() => expect(isTicked(/^starfive/)).toBe(true));
    screen.getByRole('button', { name: 'Import 1 connection' });
  });

  it('that is no list of connections says so, and another can be chosen', async () => {
    await open();
    await act(() => takeFile(new File(['FROM scratch'], 'Containerfile')));
    await screen.findByText('Containerfile is no list of connections.');
    screen.getByRole('button', { name: 'Choose another file…' });
  });

  it('that is too large is not even read', async () => {
    await open();
    const huge = new File([new Uint8Array(4 * 1024 * 1024 + 1)], 'huge.json');
    const read = vi.spyOn(huge, 'text');
    await act(() => takeFile(huge));
    await screen.findByText(/^The file huge\.json is larger than 4 MiB/);
    expect(read).not.toHaveBeenCalled();
  });
});

describe('an export', () => {
  it('saves a file that others can import, and says how much is in it', async () => {
    await open();
    const saved: { name: string; blob: Blob }[] = [];
    let blob: Blob | undefined;
    vi.spyOn(URL, 'createObjectURL').mockImplementation((given) => {
      blob = given instanceof Blob ? given : undefined;
      return 'blob:1';
    });
    vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
      if (blob) {
        saved.push({ name: this.download, blob });
      }
    });
    exportConnections();
    await screen.findByText('Exported 6 connections and 3 farms');
    screen.getByText(/holds no password, passphrase or key/);
    expect(saved.map(({ name }) => name)).toEqual(['barnraiser-connections.json']);
    const text = await saved[0]?.blob.text();
    await act(() => takeFile(new File([text ?? ''], 'barnraiser-connections.json')));
    await screen.findByText('Everything in it is here already.');
  });
});

function fileOf(content: object): File {
  return new File([JSON.stringify(content)], 'connections.json');
}
