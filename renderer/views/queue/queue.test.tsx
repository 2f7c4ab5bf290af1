import { createEvent, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { useNavigation } from '../../stores/navigation.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { QueueView } from './QueueView.tsx';

let app: TestApp;
afterEach(() => app.stop());

async function open(state: Parameters<typeof renderWithApp>[1]): Promise<void> {
  ({ app } = await renderWithApp(<QueueView farm={undefined} />, state));
}

const builds = (): HTMLElement[] => within(screen.getByRole('region', { name: 'Builds' })).getAllByRole('listitem');
const order = (): (string | undefined)[] =>
  builds().map((row) => /\d: (?:.*\/)?([^,/]+),/.exec(row.getAttribute('aria-label') ?? '')?.[1]);
const node = (name: string): HTMLElement =>
  within(screen.getByRole('region', { name: 'Nodes' })).getByRole('listitem', { name });

test('the queue explains itself while it is empty', async () => {
  await open('empty');
  screen.getByText('No jobs run or wait');
  expect(screen.queryByRole('button', { name: /Pause/ })).toBeNull();
});

test('builds are in their order, with their jobs on a time axis for each node', async () => {
  await open('busy');
  expect(order()).toEqual(['docs:3', 'api:1.4', 'worker:nightly', 'web:2.1', 'billing-service:7.4', 'worker:nightly']);
  const lane = node('big-amd');
  within(lane).getByRole('link', { name: /amd64 api:1\.4, running, ends at about/ });
  within(lane).getByRole('link', { name: /amd64 docs:3, waiting, starts at about .* high priority/ });
  within(node('graviton')).getByText('disk swap');
  within(node('graviton')).getByRole('link', { name: /waiting: the node is paused/ });
});

test('a build is moved by keyboard, by menu and by drag', async () => {
  await open('busy');
  const [first, second] = builds();
  first?.focus();
  fireEvent.keyDown(first ?? document, { key: 'ArrowDown' });
  expect(document.activeElement).toBe(second);
  fireEvent.keyDown(second ?? document, { key: 'ArrowUp', altKey: true });
  await waitFor(() => expect(order().slice(0, 2)).toEqual(['api:1.4', 'docs:3']));
  // the focus goes with the build
  expect(document.activeElement?.getAttribute('aria-label')).toMatch(/^1: .*api:1\.4/);

  fireEvent.click(screen.getByRole('button', { name: 'More actions for docs:3' }));
  fireEvent.click(await screen.findByRole('menuitem', { name: /Move to the end/ }));
  await waitFor(() => expect(order().at(-1)).toBe('docs:3'));

  const dataTransfer = { setData: () => undefined, effectAllowed: '' };
  const [target] = builds();
  const last = builds().at(-1) ?? expect.fail('no build');
  fireEvent.dragStart(last, { dataTransfer });
  const over = createEvent.dragOver(target ?? document);
  Object.defineProperty(over, 'clientY', { value: -1 });
  fireEvent(target ?? document, over);
  fireEvent.drop(target ?? document);
  await waitFor(() => expect(order()[0]).toBe('docs:3'));
});

test('a build and the whole queue are paused and resumed, and a build is cancelled', async () => {
  await open('busy');
  fireEvent.click(screen.getByRole('button', { name: 'Pause docs:3' }));
  await screen.findByRole('button', { name: 'Resume docs:3' });
  within(node('big-amd')).getByRole('link', { name: /docs:3, waiting: the build is paused/ });
  fireEvent.click(screen.getByRole('button', { name: 'Pause queue' }));
  await screen.findByText(/The queue is paused: no build starts further jobs/);
  fireEvent.click(screen.getByRole('button', { name: 'Resume queue' }));
  await screen.findByRole('button', { name: 'Pause queue' });
  fireEvent.click(screen.getByRole('button', { name: 'More actions for docs:3' }));
  fireEvent.click(await screen.findByRole('menuitem', { name: /Open build/ }));
  expect(useNavigation.getState().route?.view).toMatchObject({ view: 'build' });
});

test('a node is drained and resumed', async () => {
  await open('busy');
  fireEvent.click(within(node('pi4')).getByRole('button', { name: 'More actions for pi4' }));
  fireEvent.click(await screen.findByRole('menuitem', { name: /Drain node/ }));
  await within(node('pi4')).findByText('Draining');
  fireEvent.click(within(node('pi4')).getByRole('button', { name: 'More actions for pi4' }));
  fireEvent.click(await screen.findByRole('menuitem', { name: /Resume node/ }));
  await waitFor(() => expect(within(node('pi4')).queryByText('Draining')).toBeNull());
});

test('500 waiting jobs on 50 nodes are shown', async () => {
  await open('huge');
  expect(builds().length).toBeGreaterThan(50);
  screen.getByText(/17 running, 502 waiting/);
});
