import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, it } from 'vitest';
import { useNavigation } from '../../stores/navigation.ts';
import { isDisabled, renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { PackageSheet } from './PackageSheet.tsx';

let app: TestApp;
afterEach(() => app.stop());

async function open(folder: string) {
  ({ app } = await renderWithApp(<PackageSheet folder={folder} onClose={() => undefined} />, 'done'));
  const sheet = within(await screen.findByRole('dialog', { name: 'Build a LinuxKit package' }));
  await sheet.findByRole('region', { name: 'Image' });
  return sheet;
}

const start = (sheet: ReturnType<typeof within>) =>
  sheet.findByRole('button', { name: /^Build( and push)?$/ }) as Promise<HTMLButtonElement>;

async function startedRequest(sheet: ReturnType<typeof within>) {
  const button = await start(sheet);
  await waitFor(() => expect(isDisabled(button)).toBe(false));
  await userEvent.click(button);
  await waitFor(() => expect(useNavigation.getState().route?.view).toMatchObject({ view: 'build' }));
  const view = useNavigation.getState().route?.view;
  const result = await app.call('builds.get', { id: view?.view === 'build' ? view.id : '' });
  return 'value' in result ? result.value.request : undefined;
}

it('starts a build with the tag of the package, on the chosen farm, for the chosen platforms', async () => {
  const sheet = await open('/home/anna/linuxkit/pkg/init');
  sheet.getByText(/^docker\.io\/linuxkit\/init:/);
  await userEvent.click(sheet.getByRole('checkbox', { name: 'arm64' }));
  const amd64 = sheet.getByRole('checkbox', { name: 'amd64' });
  await waitFor(() =>
    expect(amd64.getAttribute('aria-disabled') ?? amd64.getAttribute('data-disabled')).not.toBeNull(),
  );
  await userEvent.click(sheet.getByRole('combobox', { name: 'Farm' }));
  await userEvent.click(await screen.findByRole('option', { name: /release/ }));
  expect(await startedRequest(sheet)).toMatchObject({
    reference: expect.stringMatching(/^docker\.io\/linuxkit\/init:/),
    tagByContent: true,
    platforms: ['linux/amd64'],
    farm: 'release',
  });
});

it('does not push changed files, and says why', async () => {
  const sheet = await open('/home/anna/linuxkit/pkg/init-dirty');
  await userEvent.click(sheet.getByRole('checkbox', { name: /^Push when done/ }));
  await sheet.findByText('Commit the changed files, or build without a push.');
  expect(isDisabled(await start(sheet))).toBe(true);
  await userEvent.click(sheet.getByRole('checkbox', { name: /^Push when done/ }));
  const button = await start(sheet);
  await waitFor(() => expect(isDisabled(button)).toBe(false));
});

it('asks before a package reads files outside its repository', async () => {
  const sheet = await open('/home/anna/linuxkit/pkg/outside');
  await sheet.findByText('Allow what the package needs first.');
  await userEvent.click(sheet.getByRole('button', { name: 'Allow' }));
  await waitFor(() => expect(sheet.queryByText('Allow what the package needs first.')).toBeNull());
  expect(await startedRequest(sheet)).toBeDefined();
});
