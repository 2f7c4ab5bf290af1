import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { replaceView, useNavigation } from '../../stores/navigation.ts';
import { toastManager } from '../../stores/toasts.ts';
import type { FixtureState } from '../../testing/fixture-app.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { positionsOf } from './file-tree.ts';
import { ImageView } from './ImageView.tsx';

const reference = 'registry.example.com/team/api:1.3';

let app: TestApp;
beforeAll(() => {
  // the simulated browser has no layout: without a size, no row would be visible
  for (const side of ['clientHeight', 'offsetHeight', 'clientWidth', 'offsetWidth']) {
    Object.defineProperty(HTMLElement.prototype, side, { configurable: true, get: () => 600 });
  }
});
afterEach(() => {
  app.stop();
  vi.restoreAllMocks();
});

function CurrentView() {
  const view = useNavigation(({ route }) => route?.view);
  return view?.view === 'image' ? <ImageView {...view} /> : null;
}

async function open(section = 'files', state: FixtureState = 'done'): Promise<HTMLElement> {
  replaceView({ view: 'image', reference, section });
  ({ app } = await renderWithApp(<CurrentView />, state));
  const tree = await screen.findByRole('tree', { name: 'Files' });
  await waitFor(() => expect(within(tree).getAllByRole('treeitem')[0]?.textContent).not.toMatch(/Loading/));
  return tree;
}

const item = (name: RegExp): HTMLElement => screen.getByRole('treeitem', { name });
const names = (): string[] =>
  screen
    .getAllByRole('treeitem')
    .map(
      (row) => [...(row.firstElementChild?.children ?? [])].map(({ textContent }) => textContent).find(Boolean) ?? '',
    );

describe('the files of an image', () => {
  it('are a tree, whose folders are opened and closed with the arrow keys', async () => {
    const tree = await open();
    expect(names()).toEqual(['etc', 'srv', 'usr', 'bin']);
    const etc = item(/^etc/);
    expect(etc.getAttribute('aria-expanded')).toBe('false');
    etc.focus();
    fireEvent.keyDown(etc, { key: 'ArrowRight' });
    await within(tree).findByRole('treeitem', { name: /^passwd/ });
    expect(names()).toEqual(['etc', 'os-release', 'passwd', 'srv', 'usr', 'bin']);
    expect(item(/^passwd/).getAttribute('aria-level')).toBe('2');
    fireEvent.keyDown(etc, { key: 'ArrowDown' });
    await waitFor(() => expect(document.activeElement).toBe(item(/^os-release/)));
    fireEvent.keyDown(item(/^os-release/), { key: 'ArrowLeft' });
    await waitFor(() => expect(document.activeElement).toBe(item(/^etc/)));
    fireEvent.keyDown(item(/^etc/), { key: 'ArrowLeft' });
    await waitFor(() => expect(names()).toEqual(['etc', 'srv', 'usr', 'bin']));
  });

  it('are found by a part of their path', async () => {
    await open();
    await userEvent.type(screen.getByRole('textbox', { name: 'Filter files' }), 'SERVER');
    await waitFor(() => expect(screen.getAllByRole('treeitem')).toHaveLength(1));
    expect(names()).toEqual(['/srv/api/server.js']);
    await userEvent.type(screen.getByRole('textbox', { name: 'Filter files' }), ' nothing');
    await screen.findByText('No matches');
  });

  it('of one layer say what it deletes', async () => {
    await open('files-3');
    await userEvent.click(screen.getByRole('textbox', { name: 'Filter files' }));
    await userEvent.type(screen.getByRole('textbox', { name: 'Filter files' }), 'lists');
    const removed = await screen.findByRole('treeitem', { name: /lists\/index/ });
    within(removed).getByText('deleted');
    expect(within(removed).queryByRole('button')).toBeNull();
  });

  it('warn if a layer is damaged', async () => {
    await open('files', 'failed');
    screen.getByText(/Layer 3 is damaged/);
  });

  it('are saved one by one with Enter', async () => {
    const add = vi.spyOn(toastManager, 'add');
    await open();
    await userEvent.click(item(/^etc/));
    const file = await screen.findByRole('treeitem', { name: /^passwd/ });
    await userEvent.click(within(file).getByRole('button', { name: 'Save passwd…', hidden: true }));
    const dialog = await screen.findByRole('dialog', { name: 'Save passwd' });
    const field = within(dialog).getByRole('textbox', { name: 'File' });
    await waitFor(() => expect(field).toHaveProperty('value', '/home/anna/projects/passwd'));
    within(dialog).getByText('Writes 1.0 kB');
    fireEvent.change(field, { target: { value: '/tmp/passwd' } });
    await userEvent.click(within(dialog).getByRole('button', { name: 'Save file' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(add).toHaveBeenCalledWith(expect.objectContaining({ description: '/tmp/passwd' }));
  });
});

describe('tabs for which there is no room', () => {
  it('are in a menu', async () => {
    const observers: { report: IntersectionObserverCallback; targets: Element[] }[] = [];
    vi.stubGlobal(
      'IntersectionObserver',
      class {
        readonly #observed: (typeof observers)[number];
        constructor(report: IntersectionObserverCallback) {
          this.#observed = { report, targets: [] };
          observers.push(this.#observed);
        }
        observe(target: Element): void {
          this.#observed.targets.push(target);
        }
        disconnect(): void {}
      },
    );
    try {
      await open('files');
      const tabs = screen.getAllByRole('tab');
      const observed = observers.find(({ targets }) => targets.includes(tabs[0] as Element));
      const hide = tabs.slice(-2).map((target) => ({ target, intersectionRatio: 0.3 }));
      observed?.report(hide as unknown as IntersectionObserverEntry[], undefined as unknown as IntersectionObserver);
      await userEvent.click(await screen.findByRole('button', { name: 'More: Compare, Manifest' }));
      await userEvent.click(await screen.findByRole('menuitem', { name: 'Manifest' }));
      expect(useNavigation.getState().route?.view).toMatchObject({ section: 'manifest' });
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe('the position of a row', () => {
  it('is counted among the rows of its folder', () => {
    const depths = [0, 1, 2, 2, 1, 0, 1];
    expect(positionsOf(depths.map((depth) => ({ depth }))).map(({ number, of }) => `${number}/${of}`)).toEqual([
      ...['1/2', '1/2', '1/2', '2/2', '2/2', '2/2', '1/1'],
    ]);
  });
});
