import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { renderWithApp, type TestApp } from '../testing/render-app.tsx';
import { FolderDialog, type FolderDialogProps } from './FolderDialog.tsx';

let app: TestApp;
afterEach(() => app.stop());

async function open(props: Partial<FolderDialogProps> = {}) {
  const onChoose = vi.fn();
  ({ app } = await renderWithApp(<FolderDialog open onClose={() => {}} onChoose={onChoose} {...props} />));
  await screen.findByRole('list', { name: /^Folders in/ });
  return onChoose;
}
const path = () => screen.getByRole<HTMLInputElement>('textbox', { name: 'Path' }).value;
const filter = () => screen.getByRole<HTMLInputElement>('searchbox', { name: 'Filter folders' });
const names = () =>
  within(screen.getByRole('list', { name: /^Folders in/ }))
    .getAllByRole('button')
    .map(({ textContent }) => textContent?.replace('Project', ''));

it('starts in the home folder, moves through folders and returns the current one', async () => {
  const onChoose = await open();
  expect(path()).toBe('/home/anna/projects');
  expect(names()).toContain('notes');
  fireEvent.click(screen.getByRole('button', { name: /^billing-service/ }));
  await screen.findByRole('list', { name: 'Folders in /home/anna/projects/billing-service' });
  fireEvent.click(screen.getByRole('button', { name: 'Up' }));
  await screen.findByRole('list', { name: 'Folders in /home/anna/projects' });
  fireEvent.click(screen.getByRole('button', { name: /^gateway/ }));
  await screen.findByText('Project found');
  fireEvent.click(screen.getByRole('button', { name: 'Choose this folder' }));
  expect(onChoose).toHaveBeenCalledWith('/home/anna/projects/gateway');
});

it('opens a typed path', async () => {
  await open();
  fireEvent.change(screen.getByRole('textbox', { name: 'Path' }), { target: { value: '/srv/code' } });
  fireEvent.keyDown(screen.getByRole('textbox', { name: 'Path' }), { key: 'Enter' });
  await screen.findByRole('list', { name: 'Folders in /srv/code' });
});

it('filters folders by name, and opens a single match with Enter', async () => {
  await open();
  fireEvent.change(filter(), { target: { value: 'W' } });
  expect(names()).toEqual(['gateway', 'web', 'worker']);
  fireEvent.change(filter(), { target: { value: 'zebra' } });
  screen.getByText('No folders match “zebra”.');
  fireEvent.change(filter(), { target: { value: 'gate' } });
  fireEvent.keyDown(filter(), { key: 'Enter' });
  await screen.findByRole('list', { name: 'Folders in /home/anna/projects/gateway' });
  expect(filter().value).toBe('');
});

it('shows the hint, and filters by the searched name in folders with a match', async () => {
  await open({ start: '/home/anna/projects/api', hint: 'Browsers hide where it is.', search: 'billing' });
  expect(screen.getByRole('dialog').getAttribute('aria-describedby')).toBe(
    screen.getByText('Browsers hide where it is.').id,
  );
  expect(filter().value).toBe('');
  fireEvent.click(screen.getByRole('button', { name: 'Up' }));
  await screen.findByRole('list', { name: 'Folders in /home/anna/projects' });
  expect(names()).toEqual(['billing-service']);
});

const pathField = () => screen.getByRole('textbox', { name: 'Path' });
const type = (text: string) => fireEvent.change(pathField(), { target: { value: text } });

it('filters by the name that is typed, in the folder that is typed', async () => {
  await open();
  type('/home/anna/projects/a');
  await waitFor(() => expect(names()).toEqual(['api']));
  type('bi');
  await waitFor(() => expect(names()).toEqual(['billing-service']));
  type('/srv/code/s');
  await screen.findByRole('list', { name: 'Folders in /srv/code' });
  expect(names()).toEqual(['src']);
  expect(path()).toBe('/srv/code/s');
});

it('completes a typed path with Tab, and leaves Tab alone if there is nothing to complete', async () => {
  await open();
  type('/home/anna/projects/bi');
  await waitFor(() => expect(names()).toEqual(['billing-service']));
  expect(fireEvent.keyDown(pathField(), { key: 'Tab' })).toBe(false);
  expect(path()).toBe('/home/anna/projects/billing-service/');
  await screen.findByRole('list', { name: /billing-service/ });
  expect(fireEvent.keyDown(pathField(), { key: 'Tab' })).toBe(true);
});

it('opens a typed folder with Enter, and chooses it with another one', async () => {
  const onChoose = await open();
  type('/home/anna/projects/gateway/');
  fireEvent.keyDown(pathField(), { key: 'Enter' });
  await screen.findByText('Project found');
  await waitFor(() => expect(path()).toBe('/home/anna/projects/gateway'));
  fireEvent.keyDown(pathField(), { key: 'Enter' });
  expect(onChoose).toHaveBeenCalledWith('/home/anna/projects/gateway');
});

it('chooses a typed folder with the first Enter as soon as its Containerfile is shown', async () => {
  const onChoose = await open();
  type('/home/anna/projects/gateway/');
  await screen.findByText('Project found');
  // a name in it that is not typed to its end is another folder, of which nothing is known
  type('/home/anna/projects/gateway/x');
  expect(screen.queryByText('Project found')).toBeNull();
  type('/home/anna/projects/gateway/');
  fireEvent.keyDown(pathField(), { key: 'Enter' });
  expect(onChoose).toHaveBeenCalledWith('/home/anna/projects/gateway');
});

it('says that a typed folder does not exist', async () => {
  await open();
  type('/home/anna/projects/nothing');
  fireEvent.keyDown(pathField(), { key: 'Enter' });
  await screen.findByText('There is no folder nothing in projects.');
});

it('moves through folders with the arrow keys', async () => {
  await open();
  fireEvent.keyDown(pathField(), { key: 'ArrowDown' });
  const list = screen.getByRole('list', { name: /^Folders in/ });
  expect(document.activeElement?.textContent).toContain('api');
  fireEvent.keyDown(list, { key: 'End' });
  expect(document.activeElement?.textContent).toContain('worker');
  fireEvent.keyDown(list, { key: 'Home' });
  fireEvent.keyDown(list, { key: 'ArrowUp' });
  expect(document.activeElement).toBe(pathField());
});

it('the URL of a repository and an archive may be chosen where a project is looked for', async () => {
  const onChoose = await open({ acceptsSources: true });
  fireEvent.change(pathField(), { target: { value: 'https://example.com/team/api.git#v1' } });
  fireEvent.click(screen.getByRole('button', { name: 'Use this repository' }));
  fireEvent.keyDown(pathField(), { key: 'Enter' });
  expect(onChoose.mock.calls).toEqual([
    ['https://example.com/team/api.git#v1'],
    ['https://example.com/team/api.git#v1'],
  ]);
});
