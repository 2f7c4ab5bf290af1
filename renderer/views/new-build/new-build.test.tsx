import { configure, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { allCommands, useCommandStore } from '../../commands.ts';
import { useBuilds } from '../../stores/builds.ts';
import { useNavigation } from '../../stores/navigation.ts';
import { sample } from '../../testing/fixture-data.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { NewBuild } from './NewBuild.tsx';

// the preview is debounced, and CI machines may be slow
configure({ asyncUtilTimeout: 4_000 });
vi.setConfig({ testTimeout: 20_000 });

let app: TestApp;
afterEach(() => app.stop());

type Start = Omit<Parameters<typeof NewBuild>[0], 'onClose'>;
async function open(start: Start, state: Parameters<typeof renderWithApp>[1] = 'done') {
  ({ app } = await renderWithApp(<NewBuild {...start} onClose={() => {}} />, state));
  return screen.findByRole('dialog', { name: 'New build' });
}
const api: Start = { farm: 'home', context: '/home/anna/projects/api' };
const image = () => screen.findByRole<HTMLInputElement>('textbox', { name: 'Image' });
const rows = () => within(screen.getByRole('list', { name: 'Build plan' })).getAllByRole('listitem');
const buildButton = () => screen.getByRole<HTMLButtonElement>('button', { name: /^Build/ });
const chip = (name: RegExp) =>
  within(screen.getByRole('list', { name: 'Platforms to build' })).getByRole('button', { name });

describe('a new build', () => {
  it('asks for a project first and offers recent ones', async () => {
    const sheet = await open({ farm: 'home' });
    within(sheet).getByRole('button', { name: 'Choose a folder…' });
    expect(buildButton().disabled).toBe(true);
    fireEvent.click(within(sheet).getByRole('button', { name: /^gateway/ }));
    await image();
    within(sheet).getByText('/home/anna/projects/gateway');
  });

  it('has defaults for the image name, the platforms and the build plan', async () => {
    await open(api);
    expect((await image()).value).toBe('registry.example.com/team/api:1.4');
    await waitFor(() => expect(rows()[1]?.textContent).toContain('native, built here last time'));
    expect(rows().map((row) => within(row).getByRole('button').textContent)).toEqual([
      'big-amd, node for linux/amd64',
      'pi4, node for linux/arm64',
    ]);
    expect(chip(/^amd64/).getAttribute('aria-pressed')).toBe('true');
    expect(chip(/^s390x/).getAttribute('aria-pressed')).toBe('false');
    screen.getByText(/12\.4 MB in 318 files, 41,207 ignored/);
    await waitFor(() => expect(buildButton().disabled).toBe(false));
  });

  it('shows why an image name is not valid', async () => {
    await open(api);
    fireEvent.change(await image(), { target: { value: 'Team/Api:1' } });
    screen.getByText(/uppercase letters in its repository/);
    expect(buildButton().disabled).toBe(true);
  });

  it('pins a platform to a node, and removes the pin', async () => {
    await open(api);
    await image();
    fireEvent.click(await screen.findByRole('button', { name: /^pi4 ?, node for linux.arm64/ }));
    fireEvent.click(await screen.findByRole('menuitem', { name: /^this-computer/ }));
    await waitFor(() => expect(rows()[1]?.textContent).toContain('pinned'));
    fireEvent.click(screen.getByRole('button', { name: /^this-computer ?, node for linux.arm64/ }));
    fireEvent.click(await screen.findByRole('menuitem', { name: /^Automatic/ }));
    await screen.findByRole('button', { name: /^pi4 ?, node for linux.arm64/ });
  });

  it('explains that no node can build a platform, and can skip it', async () => {
    await open(api);
    await image();
    fireEvent.click(screen.getByRole('button', { name: 'Other…' }));
    const other = screen.getByRole('combobox', { name: 'Other platform' });
    fireEvent.change(other, { target: { value: 'riscv64' } });
    fireEvent.keyDown(other, { key: 'Enter' });
    await screen.findByText('No node can build linux/riscv64.');
    expect(buildButton().disabled).toBe(true);
    fireEvent.click(screen.getByRole('button', { name: 'Skip linux/riscv64' }));
    await waitFor(() => expect(buildButton().disabled).toBe(false));
  });

  it('lists unavailable nodes', async () => {
    await open({ ...api, farm: 'release' });
    await screen.findByText(/1 node is unavailable: s390x-lab/);
  });

  it('counts changed options', async () => {
    await open(api);
    await image();
    const argument = await screen.findByRole('textbox', { name: 'NODE_VERSION' });
    expect(argument.getAttribute('placeholder')).toBe('22');
    fireEvent.change(argument, { target: { value: '24' } });
    await userEvent.click(screen.getByRole('checkbox', { name: /Build without cache/ }));
    await screen.findByText('2 options changed');
  });

  it('starts by shortcut and opens the build', async () => {
    await open(api);
    await image();
    await waitFor(() => expect(buildButton().disabled).toBe(false));
    const command = allCommands(useCommandStore.getState()).find(({ shortcut }) => shortcut === 'Mod+Enter');
    command?.run();
    await waitFor(() => expect(useNavigation.getState().route?.view.view).toBe('build'));
    const [id = ''] = useBuilds.getState().order;
    expect(useNavigation.getState().route?.view).toEqual({ view: 'build', id });
    expect(useBuilds.getState().byId[id]?.request).toMatchObject({
      farm: 'home',
      context: '/home/anna/projects/api',
      platforms: ['linux/amd64', 'linux/arm64'],
    });
  });

  it('uses the settings of a previous build, with some of its platforms', async () => {
    const { id, reference } = sample.failed();
    await open(
      {
        from: id,
        platforms: sample.failed().jobs.flatMap((job) => (job.platform === 'linux/arm64' ? job.platform : [])),
      },
      'failed',
    );
    expect((await image()).value).toBe(reference);
    await waitFor(() => expect(rows()).toHaveLength(1));
    expect(chip(/^arm64/).getAttribute('aria-pressed')).toBe('true');
    expect(chip(/^amd64/).getAttribute('aria-pressed')).toBe('false');
  });

  it('shows that a folder does not exist', async () => {
    const sheet = await open({ farm: 'home', context: '/home/anna/missing' });
    await within(sheet).findByText('The folder /home/anna/missing does not exist.');
    expect(buildButton().disabled).toBe(true);
  });

  it('links to the first start if there are no connections', async () => {
    const sheet = await open({}, 'empty');
    fireEvent.click(within(sheet).getByRole('button', { name: 'Add nodes' }));
    expect(useNavigation.getState().route?.view).toEqual({ view: 'first-start' });
  });
});
