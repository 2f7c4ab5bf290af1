import { configure, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { allCommands, useCommandStore } from '../../../commands.ts';
import { optionLabel } from '../../../parts/option-words.ts';
import { useBuilds } from '../../../stores/builds.ts';
import { useMemory } from '../../../stores/memory.ts';
import { useNavigation } from '../../../stores/navigation.ts';
import { useUndo } from '../../../stores/toasts.ts';
import { sample } from '../../../testing/fixture-data.ts';
import { isDisabled, renderWithApp, type TestApp } from '../../../testing/render-app.tsx';
import { NewBuild } from '../NewBuild.tsx';
import { formOptions } from './option-draft.ts';

// the preview is debounced, and CI machines may be slow
configure({ asyncUtilTimeout: 4_000 });
vi.setConfig({ testTimeout: 20_000 });

let app: TestApp;
afterEach(() => app.stop());

async function open(start: Omit<Parameters<typeof NewBuild>[0], 'onClose'> = {}) {
  ({ app } = await renderWithApp(
    <NewBuild farm="home" context="/home/anna/projects/api" {...start} onClose={() => {}} />,
    'failed',
  ));
  fireEvent.click(await screen.findByText('Options'));
  return screen.findByRole<HTMLInputElement>('searchbox', { name: 'Search options' });
}
const buildButton = () => screen.getByRole<HTMLButtonElement>('button', { name: /^Build/ });
const search = (text: string) =>
  fireEvent.change(screen.getByRole('searchbox', { name: 'Search options' }), { target: { value: text } });
const field = (label: string) => screen.getByRole<HTMLInputElement>('textbox', { name: label });
const enter = (label: string, value: string) => fireEvent.change(field(label), { target: { value } });
const group = (name: string) => screen.getByRole('button', { name: new RegExp(`^${name}`) });

async function startedRequest() {
  await waitFor(() => expect(isDisabled(buildButton())).toBe(false));
  fireEvent.click(buildButton());
  await waitFor(() => expect(useNavigation.getState().route?.view.view).toBe('build'));
  const [newest = ''] = useBuilds.getState().order;
  return useBuilds.getState().byId[newest]?.request;
}

describe('the form of options', () => {
  it('has what is used most, and the other options in groups that are remembered', async () => {
    await open();
    for (const name of ['Target stage', 'Pull base images', 'Keep on nodes after the build']) {
      screen.getByRole('combobox', { name });
    }
    screen.getByRole('group', { name: 'Build arguments' });
    screen.getByRole('checkbox', { name: /^Build without cache/ });
    expect(screen.queryByRole('textbox', { name: 'Memory limit' })).toBeNull();
    expect(group('Limits of build steps').getAttribute('aria-expanded')).toBe('false');
    fireEvent.click(group('Limits of build steps'));
    expect(field('Memory limit').placeholder).toBe('512m');
    expect(useMemory.getState().entries).toMatchObject({
      'new-build.options': true,
      'new-build.option-groups': ['limits'],
    });
  });

  it('has a control for every option that is not elsewhere, with its flag', async () => {
    await open();
    search('-');
    search('');
    for (const button of screen
      .getAllByRole('button', { expanded: false })
      .filter(({ parentElement }) => parentElement?.tagName === 'H4')) {
      fireEvent.click(button);
    }
    const shown = [...document.querySelectorAll('[data-option]')].map((each) => each.getAttribute('data-option'));
    expect(shown.toSorted()).toEqual(formOptions.toSorted());
    expect(document.querySelector('[data-option=shmSize]')?.textContent).toContain('--shm-size');
  });

  it('sends what is entered, in the kinds of the table', async () => {
    await open();
    search('-');
    enter('Memory limit', '1.5 GiB');
    enter('DNS servers', '10.0.0.1\n10.0.0.2\n');
    enter('How often a failed pull is repeated', '0');
    await userEvent.click(screen.getByRole('checkbox', { name: /^Keep the layer of each step/ }));
    await userEvent.click(screen.getByRole('combobox', { name: 'Network of build steps' }));
    await userEvent.click(await screen.findByRole('option', { name: /^None/ }));
    fireEvent.click(screen.getByRole('button', { name: 'Add folder to Mapped folders' }));
    enter('Mapped folders: folder 1', '/lib');
    enter('Mapped folders: path of /lib', 'vendor/lib');
    expect(screen.getByText('6 options changed')).toBeDefined();
    expect(await startedRequest()).toMatchObject({
      memory: 1.5 * 1024 ** 3,
      dns: ['10.0.0.1', '10.0.0.2'],
      retry: 0,
      layers: false,
      network: 'none',
      sources: [{ from: '/lib', to: 'vendor/lib' }],
    });
  });

  it('finds options by their flags, and goes to the first one with Down', async () => {
    const box = await open();
    search('--shm-size');
    expect(screen.getAllByRole('heading', { level: 4 }).map(({ textContent }) => textContent)).toEqual([
      'Limits of build steps',
    ]);
    fireEvent.keyDown(box, { key: 'ArrowDown' });
    expect(document.activeElement).toBe(field('Size of /dev/shm'));
    search('nothing is called that');
    screen.getByText('No option matches “nothing is called that”.');
    fireEvent.keyDown(box, { key: 'Escape' });
    expect(box.value).toBe('');
    screen.getByRole('dialog', { name: 'New build' });
  });

  it('opens with a shortcut, and goes from group to group with Up and Down', async () => {
    ({ app } = await renderWithApp(
      <NewBuild farm="home" context="/home/anna/projects/api" onClose={() => {}} />,
      'done',
    ));
    await screen.findByText('Options');
    allCommands(useCommandStore.getState())
      .find(({ id }) => id === 'new-build:search-options')
      ?.run();
    await waitFor(() => expect(document.activeElement).toBe(screen.getByRole('searchbox', { name: 'Search options' })));
    group('Image').focus();
    fireEvent.keyDown(group('Image'), { key: 'ArrowUp' });
    expect(document.activeElement).toBe(group('Platforms'));
  });

  it('says what is wrong below the field, and what to correct before the build', async () => {
    await open();
    search('memory');
    enter('Memory limit', 'much');
    screen.getByText('"much" is not a valid value of Memory limit. Use a size, for example 512m or 2g.');
    expect(field('Memory limit').getAttribute('aria-invalid')).toBe('true');
    screen.getByText('Correct the option “Memory limit”.');
    expect(isDisabled(buildButton())).toBe(true);
    search('pull');
    search('memory');
    expect(field('Memory limit').value).toBe('much');
    enter('Memory limit', '2g');
    await waitFor(() => expect(isDisabled(buildButton())).toBe(false));
  });

  it('says which nodes an option leaves out, and which options no node has', async () => {
    await open({ farm: 'release' });
    search('dns servers');
    enter('DNS servers', '10.0.0.1');
    screen.getByText(/Leaves out graviton: BuildKit takes DNS servers only from its own configuration\./);
    await screen.findByText('No node can build linux/arm64 and linux/riscv64.');
  });

  it('says before a change that no node can do it', async () => {
    await open({ farm: 'lab' });
    search('squash');
    screen.getByText(/^No node of lab can do this: docker's classic builder squashes only/);
  });
});

describe('changed options', () => {
  it('can be shown alone, stay while they are reset, and come back with undo', async () => {
    await open();
    await userEvent.click(screen.getByRole('checkbox', { name: /^Build without cache/ }));
    search('memory');
    enter('Memory limit', 'much');
    search('');
    fireEvent.click(screen.getByRole('button', { name: 'Only changed' }));
    expect(screen.queryByRole('combobox', { name: 'Pull base images' })).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: 'Reset Memory limit' }));
    expect(field('Memory limit').value).toBe('');
    expect(document.activeElement).toBe(field('Memory limit'));
    expect(screen.queryByRole('button', { name: 'Reset Memory limit' })).toBeNull();
    useUndo.getState().steps.at(-1)?.run();
    await waitFor(() => expect(field('Memory limit').value).toBe('much'));

    fireEvent.click(screen.getByRole('button', { name: 'Reset all' }));
    await screen.findByText('none changed');
    useUndo.getState().steps.at(-1)?.run();
    await screen.findByText('2 options changed');
  });

  it('of a build are kept when it is repeated', async () => {
    const { id, request } = sample.failed();
    await open({ from: id });
    await screen.findByText('4 options changed');
    fireEvent.click(screen.getByRole('button', { name: 'Only changed' }));
    expect(field('Hosts that steps know').value).toBe(request.addHosts?.join('\n'));
    expect(field(optionLabel('shmSize')).value).toBe('128m');
    expect(await startedRequest()).toMatchObject({
      buildArgs: request.buildArgs,
      target: 'build',
      shmSize: request.shmSize,
      addHosts: request.addHosts,
    });
  });

  it('are pairs, whose rows are removed without losing the focus', async () => {
    await open();
    const labels = () => within(screen.getByRole('group', { name: 'Build arguments' }));
    const add = () => fireEvent.click(labels().getByRole('button', { name: 'Add key to Build arguments' }));
    add();
    enter('Build arguments: key 1', 'A');
    add();
    enter('Build arguments: key 2', 'A');
    expect(screen.getAllByText('A is listed twice.')).toHaveLength(2);
    screen.getByText('Correct the option “Build arguments”.');
    enter('Build arguments: key 2', 'B');
    fireEvent.click(labels().getByRole('button', { name: 'Remove A' }));
    expect(document.activeElement).toBe(field('Build arguments: key 1'));
    expect(field('Build arguments: key 1').value).toBe('B');
  });

  it('can be files that are chosen', async () => {
    await open();
    search('further');
    fireEvent.click(screen.getByRole('button', { name: 'Add a file to Further Containerfiles' }));
    fireEvent.click(await screen.findByRole('button', { name: 'build.containerfile' }));
    await waitFor(() => expect(field('Further Containerfiles').value).toBe('build.containerfile'));
  });
});
