import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Sidebar } from '../../frame/Sidebar.tsx';
import { healthOf, useNodes } from '../../stores/nodes.ts';
import { lostNode } from '../../testing/fixture-questions.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { FarmView } from './FarmView.tsx';

let app: TestApp;
beforeEach(() => {
  // only the countdown is controlled by the test; other timers are real
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'], now: Date.parse('2026-03-01T10:00:00Z') });
});
afterEach(() => {
  app.stop();
  vi.useRealTimers();
});

/** Opens a farm with a lost node that is retried in `seconds`. */
async function openWithLostNode(
  farm: string,
  node: string,
  seconds: number,
  attempt = 1,
  state: 'busy' | 'huge' = 'busy',
) {
  ({ app } = await renderWithApp(
    <>
      <Sidebar isFolded={false} onFold={() => {}} onSearch={() => {}} />
      <FarmView name={farm} />
    </>,
    state,
  ));
  act(() => app.emit({ event: 'node.changed', status: lostNode(node, seconds, attempt) }));
  await waitFor(() => expect(healthOf(useNodes.getState(), node)).toBe('lost'));
}
const card = (name: string) => screen.getByRole('article', { name });

describe('a lost node', () => {
  it('counts down to the next attempt', async () => {
    await openWithLostNode('home', 'pi4', 8);
    expect(card('pi4').textContent).toContain('Lost, reconnecting in 8 s');
    act(() => void vi.advanceTimersByTime(3_000));
    expect(card('pi4').textContent).toContain('Lost, reconnecting in 5 s');
    act(() => void vi.advanceTimersByTime(5_000));
    expect(card('pi4').textContent).toContain('Lost, reconnecting now');
  });

  it('hides the countdown from screen readers', async () => {
    await openWithLostNode('home', 'pi4', 8);
    expect(within(card('pi4')).getByText('in 8 s').getAttribute('aria-hidden')).toBe('true');
    within(card('pi4')).getByRole('img', { name: 'Lost' });
  });

  it('can be retried immediately', async () => {
    await openWithLostNode('home', 'pi4', 30, 4);
    within(card('pi4')).getByText('Tried 3 times automatically so far.');
    fireEvent.click(within(card('pi4')).getByRole('button', { name: 'Retry now' }));
    await within(card('pi4')).findByText(/podman 5\.4\.2/);
    expect(card('pi4').textContent).not.toContain('Lost');
  });

  it('is distinguished from a node that is down, also in the sidebar', async () => {
    await openWithLostNode('release', 'graviton', 8);
    within(card('s390x-lab')).getByText('Down');
    within(card('s390x-lab')).getByRole('button', { name: 'Check again' });
    screen.getByRole('link', { name: /^release ?: 2 of 4 nodes up, s390x-lab down, graviton lost$/ });
    screen.getByRole('link', { name: /^home ?: 3 nodes up$/ });
  });

  it('is told from one that was never reached, everywhere in the same words', async () => {
    await openWithLostNode('home', 'pi4', 8);
    act(() =>
      app.emit({ event: 'node.changed', status: Object.assign(lostNode('pi4', 8), { neverReached: true as const }) }),
    );
    await waitFor(() => expect(card('pi4').textContent).toContain('Never reached, trying again in 8 s'));
    within(card('pi4')).getByRole('img', { name: 'Never reached' });
    expect(card('pi4').textContent).not.toContain('Lost');
    screen.getByRole('link', { name: /^home ?: 2 of 3 nodes up, pi4 never reached$/ });
    // s390x-lab is down
    screen.getByRole('link', { name: /^Connections ?2 not up$/ });
  });

  it('is among the nodes that are down in a large farm, marked as lost', async () => {
    await openWithLostNode('datacenter', 'rack1-node1', 8, 1, 'huge');
    fireEvent.click(screen.getByRole('button', { name: '3 not up' }));
    const lines = within(screen.getByRole('list', { name: 'Nodes' })).getAllByRole('listitem');
    expect(lines.map(({ textContent }) => /Lost|Down/.exec(textContent ?? '')?.[0])).toEqual(['Lost', 'Down', 'Down']);
  });

  it('is marked in the matrix', async () => {
    await openWithLostNode('release', 'graviton', 8);
    fireEvent.click(screen.getByRole('button', { name: 'Matrix' }));
    expect(screen.getByRole('row', { name: /graviton/ }).textContent).toContain('Lost, reconnecting in 8 s');
  });
});
