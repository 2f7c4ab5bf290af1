import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { Sample } from '../../shared/node-history.ts';
import { useSamples } from '../stores/samples.ts';
import { renderWithApp, type TestApp } from '../testing/render-app.tsx';
import { type ChartFacts, describeChart, describeMoment, formatMinute, metrics } from './chart-metrics.ts';
import { NodeCharts } from './NodeCharts.tsx';

let app: TestApp;
afterEach(() => app?.stop());
// that of the simulated browser reports nothing
beforeAll(() => void vi.stubGlobal('IntersectionObserver', undefined));
afterAll(() => vi.unstubAllGlobals());

const facts: ChartFacts = { slots: 2, cpus: 4, memory: { total: 8e9, free: 0 }, disk: { total: 100e9, free: 0 } };
const noon = new Date(2026, 2, 1, 12).getTime();
const metric = (id: string) => metrics.find((each) => each.id === id) ?? metrics[0];

it('describes a chart in a sentence', () => {
  const samples: Sample[] = [
    { at: noon, load: 0.5, memoryFree: 6e9, running: 0 },
    { at: noon + 5 * 60_000, load: 3.9, memoryFree: 1.1e9, running: 2, waiting: 3 },
    { at: noon + 6 * 60_000, down: true },
    { at: noon + 7 * 60_000, load: 1.2, memoryFree: 3.2e9, running: 1, waiting: 0 },
  ];
  const texts = metrics.map((each) => describeChart(each, 'pi4', samples, facts, 'hours'));
  expect(texts).toEqual([
    'Load of pi4: 1.2 of 4 processors, highest 3.9 at 12:05 in the last 3 hours',
    'Memory of pi4: 3.2 GB free of 8.0 GB, least 1.1 GB at 12:05 in the last 3 hours',
    'Disk of pi4: not measured in the last 3 hours',
    'Jobs of pi4: 1 running, most 5 at 12:05 in the last 3 hours',
  ]);
  expect(describeMoment(samples[1] ?? samples[0] ?? { at: 0 }, facts)).toBe(
    '12:05: load 3.9 of 4, memory 1.1 GB free, 2 jobs',
  );
  expect(describeMoment({ at: noon, down: true }, facts)).toBe('12:00: down');
});

it('draws no line over a gap, and marks where the node was lost', async () => {
  ({ app } = await renderWithApp(<NodeCharts name="pi4" node={undefined} layout="row" />, 'busy'));
  const now = Date.now();
  const minute = (ago: number, more: Partial<Sample>): Sample => ({ at: now - ago * 60_000, ...more });
  await waitFor(() => expect(useSamples.getState().byNode.pi4?.length).toBeGreaterThan(0));
  const samples = [
    ...[60, 59, 58].map((ago) => minute(ago, { load: 1 })),
    minute(57, { down: true }),
    ...[30, 29].map((ago) => minute(ago, { load: 2 })),
    minute(2, { load: 3 }),
  ];
  useSamples.setState({ byNode: { pi4: samples }, endMs: now });
  await waitFor(() => {
    const chart = screen.getByRole('img', { name: /^Load of pi4: 3\.0/ });
    // an area and a line for each of the three parts
    expect(chart.querySelectorAll('path')).toHaveLength(6);
    expect(chart.querySelectorAll('line')).toHaveLength(2);
  });
  expect(screen.getByRole('img', { name: 'Memory of pi4: not measured in the last 3 hours' })).toBeTruthy();
});

it('reads all charts of a node at one moment with the arrow keys', async () => {
  ({ app } = await renderWithApp(<NodeCharts name="pi4" node={undefined} layout="row" />, 'busy'));
  await screen.findByRole('img', { name: /^Load of pi4: \d/ });
  const group = within(screen.getByRole('group', { name: 'History of pi4' }));
  const samples = useSamples.getState().byNode.pi4 ?? [];
  fireEvent.keyDown(screen.getByRole('group', { name: 'History of pi4' }), { key: 'ArrowLeft' });
  expect(group.getByRole('status').textContent).toContain(`${formatMinute(samples.at(-1)?.at ?? 0)}: load`);
  fireEvent.keyDown(screen.getByRole('group', { name: 'History of pi4' }), { key: 'Home' });
  expect(group.getByRole('status').textContent).toContain(`${formatMinute(samples[0]?.at ?? 0)}: load`);
  fireEvent.keyDown(screen.getByRole('group', { name: 'History of pi4' }), { key: 'Escape' });
  expect(group.getByRole('status').textContent).toBe('');
});

it('loads only the samples of nodes whose charts are shown, and draws again only what has changed', async () => {
  ({ app } = await renderWithApp(
    <>
      <NodeCharts name="pi4" node={undefined} layout="row" />
      <NodeCharts name="big-amd" node={undefined} layout="row" />
    </>,
    'busy',
  ));
  await screen.findByRole('img', { name: /^Load of big-amd: \d/ });
  const before = useSamples.getState();
  expect(Object.keys(before.byNode).sort()).toEqual(['big-amd', 'pi4']);
  const drawn = screen.getByRole('img', { name: /^Load of pi4: / }).querySelector('svg')?.innerHTML;
  useSamples.setState({ byNode: { ...before.byNode, 'big-amd': [{ at: Date.now(), load: 1 }] } });
  await screen.findByRole('img', { name: /^Load of big-amd: 1\.0/ });
  expect(useSamples.getState().byNode.pi4).toBe(before.byNode.pi4);
  expect(screen.getByRole('img', { name: /^Load of pi4: / }).querySelector('svg')?.innerHTML).toBe(drawn);
});

it('does not describe what a metric does not have', () => {
  expect(metric('jobs')?.value({ at: noon }, facts)).toBeUndefined();
  expect(metric('memory')?.value({ at: noon, memoryFree: 1 }, { slots: 1 })).toBeUndefined();
});
