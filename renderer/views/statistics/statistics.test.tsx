import { fireEvent, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, it } from 'vitest';
import { useNavigation } from '../../stores/navigation.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { StatisticsView } from './StatisticsView.tsx';

let app: TestApp;
afterEach(() => app.stop());

it('shows success and times of nodes, platforms and both', async () => {
  ({ app } = await renderWithApp(<StatisticsView farm={undefined} />, 'busy'));
  const table = within(await screen.findByRole('table'));
  const nodes = table.getAllByRole('row').length;
  expect(table.getByRole('link', { name: 'big-amd' }).getAttribute('href')).toBe('#/connections/big-amd');
  table.getByText('4 by the build itself, 4 by the node; 4 moved to another node');
  fireEvent.click(screen.getByRole('button', { name: 'Platforms' }));
  expect(screen.getByRole('columnheader', { name: 'Platform' })).toBeTruthy();
  expect(screen.queryByRole('columnheader', { name: 'Node' })).toBeNull();
  fireEvent.click(screen.getByRole('button', { name: 'Both' }));
  expect(screen.getAllByRole('row')).toHaveLength(nodes);
});

it('chooses the farm in the address', async () => {
  ({ app } = await renderWithApp(<StatisticsView farm="home" />, 'busy'));
  await screen.findByRole('table');
  await userEvent.click(screen.getByRole('combobox', { name: 'Farm' }));
  await userEvent.click(await screen.findByRole('option', { name: 'All builds' }));
  expect(useNavigation.getState().route?.view).toEqual({ view: 'statistics' });
});

it('says that there are no builds yet', async () => {
  ({ app } = await renderWithApp(<StatisticsView farm={undefined} />, 'empty'));
  await screen.findByText('No builds yet');
});
