import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import { App } from './app.tsx';
import { allCommands, useCommandStore } from './commands.ts';
import { shortcuts } from './parts/shortcut-table.ts';
import { matchesShortcut } from './shortcuts.ts';
import { useBuilds } from './stores/builds.ts';
import { removeNode } from './stores/farm-actions.ts';
import { useFarms } from './stores/farms.ts';
import { useMemory } from './stores/memory.ts';
import { navigate, useNavigation } from './stores/navigation.ts';
import { useSettings } from './stores/settings.ts';
import { useSync } from './stores/sync.ts';
import { renderWithApp, type TestApp } from './testing/render-app.tsx';

let app: TestApp;
afterEach(() => app.stop());

async function open(state: Parameters<typeof renderWithApp>[1]) {
  ({ app } = await renderWithApp(<App />, state));
  // a dialog hides what is behind it from screen readers
  return screen.findByRole('navigation', { name: 'Main', hidden: true });
}
const view = () => useNavigation.getState().route?.view;

describe('the frame', () => {
  it('opens the default farm, or the first start if there is no farm', async () => {
    await open('busy');
    expect(view()).toEqual({ view: 'farm', name: 'home' });
    app.stop();
    await open('empty');
    expect(view()).toEqual({ view: 'first-start' });
  });

  it('describes the health of the nodes of each farm', async () => {
    const sidebar = await open('busy');
    within(sidebar).getByRole('link', { name: /^home ?: 3 nodes up$/ });
    within(sidebar).getByRole('link', { name: /^release ?: 3 of 4 nodes up, s390x-lab down$/ });
  });

  it('links to every running build', async () => {
    const sidebar = await open('busy');
    expect(within(sidebar).getByText('2 running')).toBeDefined();
    const link = within(sidebar).getByRole('link', { name: /api:1.4/ });
    expect(link.getAttribute('href')).toBe('#/build/20260301-101500-run1');
  });

  it('shows that the link to the app is lost until it is restored', async () => {
    await open('busy');
    app.link('lost');
    await screen.findByText(/connection to Barnraiser lost/i);
    app.link('open');
    await waitFor(() => expect(screen.queryByText(/connection to Barnraiser lost/i)).toBeNull());
  });

  it('shows a host key question with its fingerprint and sends the answer', async () => {
    await open('question');
    const dialog = await screen.findByRole('dialog', { name: 'Trust the host key of graviton?' });
    within(dialog).getByText('SHA256:3Zt0hQ0mRr0mVb1Ck3Tn0yYwWq1uPp7kLx9sD2fG4hJ');
    fireEvent.click(within(dialog).getByRole('button', { name: 'Trust and save' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });
});

describe('a node', () => {
  const members = (name: string) => useFarms.getState().farms.find((farm) => farm.name === name)?.connections;

  /** Drags a node by the header of its card over a farm in the sidebar. */
  async function dragOver(node: string, farm: string, keys: { shiftKey?: boolean } = {}) {
    const sidebar = await open('busy');
    const card = await screen.findByRole('article', { name: node });
    const header = card.querySelector('[draggable]');
    if (!header) {
      throw new Error('the card cannot be dragged');
    }
    fireEvent(header, dragEvent('dragstart'));
    const target = within(sidebar).getByRole('link', { name: new RegExp(`^${farm}\\b`) });
    const over = dragEvent('dragover', keys);
    fireEvent(target, over);
    return {
      target,
      isAccepted: over.defaultPrevented,
      drop: () => {
        fireEvent(target, dragEvent('drop', keys));
        fireEvent(header, dragEvent('dragend'));
      },
    };
  }
  function dragEvent(kind: string, keys = {}): Event {
    return Object.assign(new Event(kind, { bubbles: true, cancelable: true }), {
      dataTransfer: new DataTransfer(),
      shiftKey: false,
      altKey: false,
      ...keys,
    });
  }

  it('is added to the farm on which it is dropped, which can be undone', async () => {
    const { target, drop } = await dragOver('pi4', 'lab');
    within(target).getByText('Add');
    drop();
    await waitFor(() => expect(members('lab')).toEqual(['riscv-board', 'pi4']));
    expect(members('home')).toContain('pi4');
    expect(within(target).queryByText('Add')).toBeNull();
    fireEvent.click(await screen.findByRole('button', { name: 'Undo' }));
    await waitFor(() => expect(members('lab')).toEqual(['riscv-board']));
  });

  it('moves to the farm on which it is dropped with Shift held', async () => {
    const { target, drop } = await dragOver('pi4', 'lab', { shiftKey: true });
    within(target).getByText('Move');
    drop();
    await waitFor(() => expect(members('home')).not.toContain('pi4'));
    expect(members('lab')).toContain('pi4');
  });

  it('cannot be dropped on a farm that contains it', async () => {
    const { isAccepted, drop } = await dragOver('pi4', 'home');
    expect(isAccepted).toBe(false);
    drop();
    expect(members('home')).toEqual(['big-amd', 'pi4', 'this-computer']);
  });
});

describe('the palette', () => {
  it('opens with its shortcut, finds a command and runs it', async () => {
    await open('busy');
    fireEvent.keyDown(document.body, { key: 'k', ctrlKey: true });
    const input = await screen.findByRole('combobox');
    fireEvent.change(input, { target: { value: 'farm lab' } });
    fireEvent.click(await screen.findByRole('option', { name: 'Farm lab' }));
    expect(view()).toEqual({ view: 'farm', name: 'lab' });
  });

  /** The commands that a search finds, best first. */
  async function find(search: string): Promise<string[]> {
    if (!screen.queryByRole('combobox')) {
      fireEvent.keyDown(document.body, { key: 'k', ctrlKey: true });
    }
    fireEvent.change(await screen.findByRole('combobox'), { target: { value: search } });
    return screen.queryAllByRole('option').map(({ firstElementChild: icon }) => icon?.nextSibling?.textContent ?? '');
  }

  it('knows recent projects, builds, images and nodes, and ranks them across groups', async () => {
    await open('busy');
    expect((await find('api'))[0]).toBe('Build api on home…');
    expect((await find('open api:1.4'))[0]).toMatch(/^Open build api:1\.4 \(Running, .+ ago\)$/);
    expect((await find('pi4')).slice(0, 3)).toEqual(['Check pi4', 'Connection pi4', 'Free disk space on pi4…']);
    expect((await find('prune pi4'))[0]).toBe('Free disk space on pi4…');
    expect((await find('help'))[0]).toBe('Show shortcuts');
    expect((await find('dark'))[0]).toBe('Theme: dark');
    expect((await find('sample'))[0]).toBe('Try a sample…');
    expect(await find('nothing is called that')).toEqual([]);
    screen.getByText('No matching command.');
  });

  it('selects the best match, so that Enter runs it, and asks before disk space is freed', async () => {
    await open('busy');
    await find('prune pi4');
    const best = screen.getByRole('option', { name: 'Free disk space on pi4…' });
    await waitFor(() => expect(best.getAttribute('aria-selected')).toBe('true'));
    fireEvent.keyDown(screen.getByRole('combobox'), { key: 'Enter' });
    const dialog = await screen.findByRole('dialog', { name: 'Free disk space on pi4' });
    fireEvent.click(await within(dialog).findByRole('button', { name: /^Remove \d+ items, / }));
    await screen.findByText(/^Freed .+ on pi4$/);
  });

  it('never selects what ends a build by a loose match', async () => {
    await open('busy');
    navigate({ view: 'build', id: '20260301-101500-run1' });
    await screen.findByRole('heading', { name: /api:1\.4/ });
    expect(await find('api:1.4')).not.toContain('Cancel build of api:1.4');
    expect((await find('cancel'))[0]).toBe('Cancel build of api:1.4');
  });
});

describe('shortcuts', () => {
  it('are listed with ?, also while nothing has the focus', async () => {
    await open('busy');
    fireEvent.keyDown(document.body, { key: '?', shiftKey: true });
    const dialog = await screen.findByRole('dialog', { name: 'Shortcuts' });
    const term = within(within(dialog).getByRole('region', { name: 'Everywhere' })).getByText('Back');
    expect(term.nextSibling?.textContent).toContain('Alt Left arrow');
  });

  it('are all in the table', async () => {
    await open('busy');
    const known: string[] = Object.values(shortcuts).map(({ keys }) => keys);
    for (const next of [
      { view: 'build', id: '20260301-101500-run1' },
      { view: 'builds' },
      { view: 'images' },
      { view: 'connections' },
    ] as const) {
      navigate(next);
      await screen.findByRole('main');
      const used = allCommands(useCommandStore.getState()).flatMap(({ shortcut }) => shortcut ?? []);
      expect(used.filter((keys) => !known.includes(keys))).toEqual([]);
    }
  });

  it('in a tab of a browser avoid the keys that the browser keeps', () => {
    expect(shortcuts.newBuild.keys).toBe('Mod+Shift+B');
  });
});

describe('Ctrl+Z', () => {
  it('undoes what the last message offers to undo, but not while text is edited', async () => {
    await open('busy');
    const members = () => useFarms.getState().farms.find(({ name }) => name === 'home')?.connections;
    removeNode('home', 'pi4');
    await screen.findByText('Removed pi4 from home');
    fireEvent.keyDown(document.body, { key: 'k', ctrlKey: true });
    fireEvent.keyDown(await screen.findByRole('combobox'), { key: 'z', ctrlKey: true });
    expect(members()).not.toContain('pi4');
    fireEvent.keyDown(document.body, { key: 'z', ctrlKey: true });
    await waitFor(() => expect(members()).toContain('pi4'));
  });
});

describe('the sidebar', () => {
  it('folds and unfolds with its button and its shortcut, and remembers it', async () => {
    const sidebar = await open('busy');
    fireEvent.click(within(sidebar).getByRole('button', { name: 'Fold sidebar' }));
    await within(sidebar).findByRole('button', { name: 'Unfold sidebar' });
    expect(within(sidebar).getByRole('link', { name: /^home ?: 3 nodes up$/ })).toBeDefined();
    expect(useMemory.getState().entries).toMatchObject({ 'sidebar.folded.wide': true });
    fireEvent.keyDown(document.body, { key: 'b', ctrlKey: true });
    await within(sidebar).findByRole('button', { name: 'Fold sidebar' });
  });

  it('has the menu of a farm on right click', async () => {
    const sidebar = await open('busy');
    fireEvent.contextMenu(within(sidebar).getByRole('link', { name: /^release/ }), { clientX: 9, clientY: 9 });
    fireEvent.click(await screen.findByRole('menuitem', { name: 'Show farm' }));
    expect(view()).toEqual({ view: 'farm', name: 'release' });
  });

  it('keeps a build that ended until it is seen, and names it in the title', async () => {
    const sidebar = await open('busy');
    const link = () => within(sidebar).queryByRole('link', { name: /^api:1\.4/ });
    expect(document.title).toBe('● Building 2 images · Barnraiser');
    const running = useBuilds.getState().byId['20260301-101500-run1'];
    if (!running) {
      throw new Error('the fixture has no running build');
    }
    app.emit({ event: 'build.finished', build: { ...running, status: 'done', durationMs: 60_000 } });
    await waitFor(() => expect(link()?.textContent).toContain('Done'));
    expect(document.title).toBe('✓ api:1.4 · Barnraiser');
    expect(document.querySelector('link[rel="icon"]')).toBeNull();
    navigate({ view: 'build', id: running.id });
    await waitFor(() => expect(link()).toBeNull());
    expect(document.title).toMatch(/^● Building/);
  });

  it('keeps what ended while the window was closed', async () => {
    useMemory.setState({ entries: { 'builds.watched': ['gone', '20260301-101500-run1'] } });
    const sidebar = await open('busy');
    await within(sidebar).findByRole('link', { name: /^api:1\.4/ });
  });
});

describe('settings', () => {
  it('change the theme immediately', async () => {
    await open('done');
    fireEvent.keyDown(document.body, { key: ',', ctrlKey: true });
    fireEvent.click(await screen.findByRole('button', { name: 'Dark' }));
    await waitFor(() => expect(document.documentElement.dataset.theme).toBe('dark'));
    expect(useSettings.getState().settings.theme).toBe('dark');
    fireEvent.click(screen.getByRole('button', { name: 'System' }));
    await waitFor(() => expect(document.documentElement.dataset.theme).toBeUndefined());
  });
});

describe('a shortcut', () => {
  const press = (key: string, more: KeyboardEventInit = {}) => new KeyboardEvent('keydown', { key, ...more });
  it.each([
    ['Mod+K', press('k', { ctrlKey: true }), false, true],
    ['Mod+K', press('k', { metaKey: true }), true, true],
    ['Mod+K', press('k', { metaKey: true }), false, false],
    ['Mod+K', press('K', { ctrlKey: true, shiftKey: true }), false, false],
    ['Mod+Shift+K', press('K', { ctrlKey: true, shiftKey: true }), false, true],
    ['?', press('?', { shiftKey: true }), false, true],
    ['Alt+ArrowLeft', press('ArrowLeft', { altKey: true }), false, true],
    ['Escape', press('Escape'), false, true],
  ])('%s matches exactly its keys', (shortcut, event, mac, isMatch) => {
    expect(matchesShortcut(event, shortcut, mac)).toBe(isMatch);
  });
});

it('shows what could not be loaded again, and keeps the rest', async () => {
  await open('busy');
  useSync.setState({
    problems: [{ code: 'settings.broken', message: 'farms.json is not valid.', fix: 'Correct it.' }],
  });
  const note = await screen.findByText('farms.json is not valid.');
  within(await screen.findByRole('navigation', { name: 'Main' })).getByRole('link', { name: /^home/ });
  fireEvent.click(screen.getByRole('button', { name: 'Retry' }));
  await waitFor(() => expect(note.isConnected).toBe(false));
});
