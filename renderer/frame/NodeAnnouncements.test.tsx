import { act, render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import { useNodes } from '../stores/nodes.ts';
import { statuses } from '../testing/fixture-data.ts';
import { lostNode } from '../testing/fixture-questions.ts';
import { NodeAnnouncements } from './NodeAnnouncements.tsx';

const all = Object.fromEntries(statuses(false).map((status) => [status.connection, status]));
const spoken = (): string => screen.getByRole('status').textContent ?? '';
const set = (byName: ReturnType<typeof useNodes.getState>['byName']): void => act(() => useNodes.setState({ byName }));

it('says when nodes cannot build any more, and when they can again, but not what is known at the start', () => {
  useNodes.setState({ byName: {} });
  render(<NodeAnnouncements />);
  set(all);
  expect(spoken()).toBe('');
  set({ ...all, pi4: lostNode('pi4', 8), 'big-amd': lostNode('big-amd', 8) });
  expect(spoken()).toBe('big-amd and pi4: lost.');
  set(all);
  expect(spoken()).toBe('big-amd and pi4: up again.');
  const names = Object.keys(all).filter((name) => all[name]?.state === 'up');
  expect(names.length).toBeGreaterThan(3);
  set({ ...all, ...Object.fromEntries(names.map((name) => [name, lostNode(name, 8)])) });
  expect(spoken()).toBe(`${names.length} nodes: lost.`);
});
