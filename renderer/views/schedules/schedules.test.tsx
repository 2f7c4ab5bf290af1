import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, it } from 'vitest';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { SchedulesView } from './SchedulesView.tsx';

let app: TestApp;
afterEach(() => app.stop());

async function open(state: Parameters<typeof renderWithApp>[1]): Promise<void> {
  ({ app } = await renderWithApp(<SchedulesView />, state));
}

async function rowOf(name: string): Promise<HTMLElement> {
  return (await screen.findByText(name)).closest('li') ?? expect.fail(`no row of ${name}`);
}

it('shows when schedules run, and what became of the last run', async () => {
  await open('failed');
  const nightly = within(await rowOf('nightly'));
  nightly.getByText('Every night at 2:30 (Europe/Berlin)');
  nightly.getByText('Failed');
  nightly.getByText(/None of the nodes can be reached/);
  within(await rowOf('weekly-base')).getByText('Missed');
  within(await rowOf('hourly-web')).getByText('Nothing changed');
});

it('pauses, resumes and runs a schedule', async () => {
  await open('busy');
  const row = within(await rowOf('nightly'));
  fireEvent.click(row.getByRole('switch', { name: 'Run nightly at its times' }));
  await row.findByText('Paused');
  fireEvent.click(row.getByRole('switch'));
  await waitFor(() => expect(row.queryByText('Paused')).toBeNull());
  fireEvent.click(row.getByRole('button', { name: 'More about nightly' }));
  fireEvent.click(await screen.findByRole('menuitem', { name: 'Run now' }));
  await row.findByText('Running');
});

it('changes a schedule, and refuses times that are none', async () => {
  await open('busy');
  const row = within(await rowOf('nightly'));
  fireEvent.click(row.getByRole('button', { name: 'More about nightly' }));
  fireEvent.click(await screen.findByRole('menuitem', { name: 'Change…' }));
  const dialog = within(await screen.findByRole('dialog', { name: 'Change nightly' }));
  expect(await dialog.findAllByRole('listitem')).toHaveLength(5);
  await userEvent.click(dialog.getByRole('combobox', { name: 'When' }));
  await userEvent.click(await screen.findByRole('option', { name: 'Other times…' }));
  const expression = await dialog.findByRole('textbox', { name: 'Cron expression' });
  fireEvent.change(expression, { target: { value: 'sometimes' } });
  await dialog.findByText(/"sometimes" is not a cron expression/);
  expect(dialog.getByRole('button', { name: 'Save schedule' })).toHaveProperty('disabled', true);
  fireEvent.change(expression, { target: { value: '15 4 * * *' } });
  await waitFor(() => expect(dialog.getByRole('button', { name: 'Save schedule' })).toHaveProperty('disabled', false));
  fireEvent.click(dialog.getByRole('button', { name: 'Save schedule' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  await row.findByText(/15 4 \* \* \*/);
});

it('removes a schedule after a confirmation', async () => {
  await open('busy');
  fireEvent.click(within(await rowOf('nightly')).getByRole('button', { name: 'More about nightly' }));
  fireEvent.click(await screen.findByRole('menuitem', { name: 'Remove schedule…' }));
  const dialog = within(await screen.findByRole('dialog', { name: 'Remove the schedule nightly?' }));
  fireEvent.click(dialog.getByRole('button', { name: 'Remove schedule' }));
  await waitFor(() => expect(screen.queryByText('nightly')).toBeNull());
});

it('shows what watches do and why one polls, and stops them', async () => {
  await open('busy');
  const api = within(await rowOf('api:dev'));
  api.getByText('Building');
  api.getByText(/src\/server.ts, src\/routes\/users.ts and package.json/);
  within(await rowOf('web:dev')).getByText(/The limit of watched folders is reached/);
  fireEvent.click(api.getByRole('button', { name: 'Stop watching api:dev' }));
  await waitFor(() => expect(screen.queryByText('api:dev')).toBeNull());
});

it('says that a watched project is missing', async () => {
  await open('failed');
  const row = within(await rowOf('gateway:dev'));
  row.getByText('Project missing');
  row.getByText(/does not exist/);
});

it('explains itself where there is nothing yet', async () => {
  await open('empty');
  await screen.findByText('No schedules yet');
});

it('adds a schedule that prunes a farm, with its limits', async () => {
  await open('busy');
  fireEvent.click(screen.getByRole('button', { name: 'New prune schedule…' }));
  const dialog = within(await screen.findByRole('dialog', { name: 'New prune schedule' }));
  const add = dialog.getByRole('button', { name: 'Add schedule' });
  fireEvent.change(dialog.getByRole('textbox', { name: /Keep on each node/ }), { target: { value: 'much' } });
  await dialog.findByText('Enter a size, such as 20 GB.');
  expect(add).toHaveProperty('disabled', true);
  fireEvent.change(dialog.getByRole('textbox', { name: /Keep on each node/ }), { target: { value: '20 GB' } });
  await userEvent.click(dialog.getByRole('combobox', { name: 'Last used' }));
  await userEvent.click(await screen.findByRole('option', { name: 'Older than 7 days' }));
  await waitFor(() => expect(add).toHaveProperty('disabled', false));
  fireEvent.click(add);
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  within(await rowOf('prune')).getByText('Prune the default farm, older than 1w, keep 20.0 GB');
});
