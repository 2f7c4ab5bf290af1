import { configure, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { allCommands, useCommandStore } from '../../commands.ts';
import { useBuilds } from '../../stores/builds.ts';
import { useNavigation } from '../../stores/navigation.ts';
import { sample } from '../../testing/fixture-data.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { firstHindrance, NewBuild } from './NewBuild.tsx';

// nodes are asked only after a moment of quiet, and the machine may be busy
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
const rows = () => within(screen.getByRole('list', { name: 'Who builds what' })).getAllByRole('listitem');
const buildButton = () => screen.getByRole<HTMLButtonElement>('button', { name: /^Build/ });
const chip = (name: RegExp) =>
  within(screen.getByRole('list', { name: 'Platforms to build' })).getByRole('button', { name });

describe('a new build', () => {
  it('begins with a project, and offers those that were built before', async () => {
    const sheet = await open({ farm: 'home' });
    within(sheet).getByRole('button', { name: 'Choose a folder…' });
    expect(buildButton().disabled).toBe(true);
    fireEvent.click(within(sheet).getByRole('button', { name: /^gateway/ }));
    await image();
    within(sheet).getByText('/home/anna/projects/gateway');
  });

  it('has an answer for everything: the next name, all native platforms, and who builds them', async () => {
    await open(api);
    expect((await image()).value).toBe('registry.example.com/team/api:1.4');
    await waitFor(() => expect(rows()[1]?.textContent).toContain('runs it natively'));
    expect(rows().map((row) => within(row).getByRole('button').textContent)).toEqual([
      'big-amd, who builds linux/amd64',
      'pi4, who builds linux/arm64',
    ]);
    expect(chip(/^amd64/).getAttribute('aria-pressed')).toBe('true');
    expect(chip(/^s390x/).getAttribute('aria-pressed')).toBe('false');
    screen.getByText(/12\.4 MB in 318 files, 41,207 ignored/);
    await waitFor(() => expect(buildButton().disabled).toBe(false));
  });

  it('says what is wrong with a name while it is written', async () => {
    await open(api);
    fireEvent.change(await image(), { target: { value: 'Team/Api:1' } });
    screen.getByText(/capital letters|not a registry|not an image/);
    expect(buildButton().disabled).toBe(true);
  });

  it('pins a platform to a node, and lets it go again', async () => {
    await open(api);
    await image();
    fireEvent.click(await screen.findByRole('button', { name: /^pi4 ?, who builds linux.arm64/ }));
    fireEvent.click(await screen.findByRole('menuitem', { name: /^this-computer/ }));
    await waitFor(() => expect(rows()[1]?.textContent).toContain('pinned'));
    fireEvent.click(screen.getByRole('button', { name: /^this-computer ?, who builds linux.arm64/ }));
    fireEvent.click(await screen.findByRole('menuitem', { name: /^Automatic/ }));
    await screen.findByRole('button', { name: /^pi4 ?, who builds linux.arm64/ });
  });

  it('says who cannot build what, and builds without it', async () => {
    await open(api);
    await image();
    fireEvent.click(screen.getByRole('button', { name: 'Other' }));
    const other = screen.getByRole('combobox', { name: 'Other platform' });
    fireEvent.change(other, { target: { value: 'riscv64' } });
    fireEvent.keyDown(other, { key: 'Enter' });
    await screen.findByText('Nobody can build linux/riscv64.');
    expect(buildButton().disabled).toBe(true);
    fireEvent.click(screen.getByRole('button', { name: 'Leave out linux/riscv64' }));
    await waitFor(() => expect(buildButton().disabled).toBe(false));
  });

  it('names the nodes that are left out', async () => {
    await open({ ...api, farm: 'release' });
    await screen.findByText(/1 node is left out: s390x-lab/);
  });

  it('counts the options that are changed', async () => {
    await open(api);
    await image();
    const argument = await screen.findByRole('textbox', { name: 'NODE_VERSION' });
    expect(argument.getAttribute('placeholder')).toBe('22');
    fireEvent.change(argument, { target: { value: '24' } });
    await userEvent.click(screen.getByRole('checkbox', { name: /Without the cache/ }));
    await screen.findByText('2 options changed');
  });

  it('starts with its keys and goes to the build', async () => {
    await open(api);
    await image();
    await waitFor(() => expect(buildButton().disabled).toBe(false));
    const command = allCommands(useCommandStore.getState()).find(({ shortcut }) => shortcut === 'Mod+Enter');
    command?.run();
    await waitFor(() => expect(useNavigation.getState().place?.view.view).toBe('build'));
    const [id = ''] = useBuilds.getState().order;
    expect(useNavigation.getState().place?.view).toEqual({ view: 'build', id });
    expect(useBuilds.getState().byId[id]?.request).toMatchObject({
      farm: 'home',
      context: '/home/anna/projects/api',
      platforms: ['linux/amd64', 'linux/arm64'],
    });
  });

  it('takes everything from a build to do it again, or some of its platforms to retry', async () => {
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

  it('says in place that a folder is not there', async () => {
    const sheet = await open({ farm: 'home', context: '/home/anna/missing' });
    await within(sheet).findByText('There is no folder /home/anna/missing.');
    expect(buildButton().disabled).toBe(true);
  });

  it('leads to the first start where nothing can build', async () => {
    const sheet = await open({}, 'empty');
    fireEvent.click(within(sheet).getByRole('button', { name: 'Find what can build' }));
    expect(useNavigation.getState().place?.view).toEqual({ view: 'first-start' });
  });
});

describe('what hinders a build', () => {
  const ready = { project: true, reference: undefined, chosen: true, holes: [], pairs: false };
  it('is said one thing at a time, in the order of the sheet', () => {
    expect(firstHindrance(ready)).toBeUndefined();
    expect(firstHindrance({ ...ready, chosen: false, pairs: true })).toBe('Choose at least one platform.');
    expect(firstHindrance({ ...ready, holes: ['linux/arm', 'linux/386'] })).toBe(
      'Nobody can build linux/arm and linux/386.',
    );
    expect(firstHindrance({ ...ready, holes: ['a', 'b', 'c'] })).toBe('Nobody can build 3 of the platforms.');
  });
});
