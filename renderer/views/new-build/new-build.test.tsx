import { configure, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { allCommands, useCommandStore } from '../../commands.ts';
import { useBuilds } from '../../stores/builds.ts';
import { useNavigation } from '../../stores/navigation.ts';
import { useUndo } from '../../stores/toasts.ts';
import { sample } from '../../testing/fixture-data.ts';
import { isDisabled, renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { NewBuild } from './NewBuild.tsx';
import { proposedPush } from './push-memory.ts';

// the preview is debounced, and CI machines may be slow
configure({ asyncUtilTimeout: 4_000 });
vi.setConfig({ testTimeout: 20_000 });

let app: TestApp;
afterEach(() => app.stop());

type Start = Omit<Parameters<typeof NewBuild>[0], 'onClose'>;
async function open(start: Start, state: Parameters<typeof renderWithApp>[1] = 'done') {
  ({ app } = await renderWithApp(<NewBuild {...start} onClose={() => {}} />, state));
  return screen.findByRole('dialog', { name: start.from ? 'Rebuild api' : 'New build' });
}
const api: Start = { farm: 'home', context: '/home/anna/projects/api' };
const image = () => screen.findByRole<HTMLInputElement>('textbox', { name: 'Image' });
const rows = () => within(screen.getByRole('list', { name: 'Build plan' })).getAllByRole('listitem');
const buildButton = () => screen.getByRole<HTMLButtonElement>('button', { name: /^Build/ });
const openOptions = async () => fireEvent.click(await screen.findByText('Options'));
const chip = (name: RegExp) =>
  within(screen.getByRole('list', { name: 'Platforms to build' })).getByRole('button', { name });

describe('a new build', () => {
  it('asks for a project first and offers recent ones', async () => {
    const sheet = await open({ farm: 'home' });
    within(sheet).getByRole('button', { name: 'Choose a folder…' });
    expect(isDisabled(buildButton())).toBe(true);
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
    await waitFor(() => expect(isDisabled(buildButton())).toBe(false));
  });

  it('names the secrets that the Containerfile mounts until the build has them', async () => {
    await open({ farm: 'home', context: '/home/anna/projects/gateway' });
    const mounts = await screen.findByRole('list', { name: /^Secrets that the Containerfile mounts/ });
    expect(within(mounts).getAllByRole('listitem')).toHaveLength(2);
    within(mounts).getByText('The Containerfile mounts the secret npm-token. Its step fails without it.');
    await userEvent.click(within(mounts).getByRole('button', { name: 'Add npm-token' }));
    const value = await screen.findByLabelText('Value of secret npm-token');
    await waitFor(() => expect(document.activeElement).toBe(value));
    await userEvent.type(value, 's3cret');
    await userEvent.click(within(mounts).getByRole('button', { name: 'Add SSH agent default' }));
    await waitFor(() => expect(screen.queryByRole('list', { name: /^Secrets that the/ })).toBeNull());
    screen.getByText('2 options changed');
    expect(screen.getByLabelText<HTMLInputElement>('Value of secret npm-token').value).toBe('s3cret');
  });

  it('says what an emulated platform costs', async () => {
    await open({ ...api, platforms: [sample.done().jobs[2]?.platform ?? expect.fail()] });
    await waitFor(() =>
      expect(rows()[0]?.textContent).toContain(
        '7 min 10 s last time. It took 1 min 11 s natively on s390x-lab, which is not available now.',
      ),
    );
  });

  it('uses values from git if they are chosen, and shows what they are', async () => {
    await open(api);
    const section = await screen.findByText('Values from git');
    screen.getByText('none used; the Containerfile declares REVISION');
    const details = section.closest('details') ?? expect.fail();
    details.open = true;
    fireEvent(details, new Event('toggle'));
    const revision = await screen.findByRole('checkbox', { name: /^REVISION/ });
    expect(screen.getByRole('checkbox', { name: /^SOURCE/ }).getAttribute('aria-disabled')).toBe('true');
    await userEvent.click(revision);
    await userEvent.click(screen.getByRole('checkbox', { name: /image\.created/ }));
    screen.getByText('2 values used');
    await waitFor(() => expect(isDisabled(buildButton())).toBe(false));
    await userEvent.click(buildButton());
    await waitFor(() => expect(useNavigation.getState().route).toMatchObject({ view: { view: 'build' } }));
    expect(Object.values(useBuilds.getState().byId).map(({ request }) => request.automatic)).toContainEqual({
      args: ['REVISION'],
      labels: ['org.opencontainers.image.created'],
    });
  });

  it('tells the same command elsewhere, and remembers the tool', async () => {
    await open(api);
    await userEvent.click(await screen.findByRole('button', { name: 'Same command elsewhere…' }));
    const dialog = await screen.findByRole('dialog', { name: 'Same command elsewhere' });
    await within(dialog).findByText(/^podman build/);
    await userEvent.click(within(dialog).getByRole('button', { name: 'GitHub Actions' }));
    within(dialog).getByText(/runs-on: ubuntu-latest/);
    within(dialog).getByRole('button', { name: 'Copy GitHub Actions' });
    await userEvent.click(within(dialog).getByRole('button', { name: 'Close' }));
    await userEvent.click(screen.getByRole('button', { name: 'Same command elsewhere…' }));
    await screen.findByText(/runs-on: ubuntu-latest/);
  });

  it('shows why an image name is not valid', async () => {
    await open(api);
    fireEvent.change(await image(), { target: { value: 'Team/Api:1' } });
    screen.getByText(/uppercase letters in its repository/);
    expect(isDisabled(buildButton())).toBe(true);
  });

  it('pushes the image when it is built, and proposes that for the next build', async () => {
    await open(api);
    await image();
    await userEvent.click(screen.getByRole('checkbox', { name: /^Push when done/ }));
    const destination = screen.getByRole<HTMLInputElement>('textbox', { name: 'Destination' });
    expect(destination.value).toContain('api:1.4');
    fireEvent.change(destination, { target: { value: 'api:1.4' } });
    await screen.findByText('Enter where to push the image.');
    fireEvent.change(destination, { target: { value: 'registry.example.com/other/api:1.4' } });
    await userEvent.click(screen.getByRole('switch', { name: /^Push from the nodes/ }));
    fireEvent.change(await image(), { target: { value: 'registry.example.com/team/api:1.6' } });
    expect(destination.value).toBe('registry.example.com/other/api:1.6');
    await waitFor(() => expect(isDisabled(buildButton())).toBe(false));
    fireEvent.click(buildButton());
    await waitFor(() => expect(useNavigation.getState().route?.view.view).toBe('build'));
    const [newest = ''] = useBuilds.getState().order;
    expect(useBuilds.getState().byId[newest]?.request.push).toEqual({
      destination: 'registry.example.com/other/api:1.6',
      tlsVerify: true,
      direct: true,
    });
    expect(proposedPush('registry.example.com/team/api:1.5')).toMatchObject({ isOn: true, direct: true });
    expect(proposedPush('registry.example.com/team/web:1')).toMatchObject({ isOn: false, direct: false });
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
    const other = screen.getByRole('combobox', { name: 'Other platforms' });
    fireEvent.change(other, { target: { value: 'riscv64' } });
    fireEvent.keyDown(other, { key: 'Enter' });
    await screen.findByText('No node can build linux/riscv64.');
    expect(isDisabled(buildButton())).toBe(true);
    fireEvent.click(screen.getByRole('button', { name: 'Skip linux/riscv64' }));
    await waitFor(() => expect(isDisabled(buildButton())).toBe(false));
  });

  it('cannot be started while it is not known which nodes can build a platform, whose chip follows the plan', async () => {
    await open(api);
    await image();
    await waitFor(() => expect(isDisabled(buildButton())).toBe(false));
    fireEvent.click(screen.getByRole('button', { name: 'Other…' }));
    const other = screen.getByRole('combobox', { name: 'Other platforms' });
    fireEvent.change(other, { target: { value: 'riscv64' } });
    fireEvent.keyDown(other, { key: 'Enter' });
    expect(isDisabled(buildButton())).toBe(true);
    screen.getByText('Checking what the nodes can build.');
    expect(screen.queryByText(/^For \d platforms/)).toBeNull();
    expect(chip(/^riscv64/).textContent).toBe('riscv64');
    await screen.findByText('No node can build linux/riscv64.');
    expect(chip(/^riscv64/).textContent).toContain('no node can build it');
    fireEvent.click(chip(/^386/));
    await screen.findByRole('button', { name: /node for linux.386/ });
    expect(chip(/^386/).textContent).toContain('native');
  });

  it('lists unavailable nodes', async () => {
    await open({ ...api, farm: 'release' });
    await screen.findByText(/1 node is unavailable: s390x-lab/);
  });

  it('counts changed options', async () => {
    await open(api);
    await image();
    await openOptions();
    const argument = await screen.findByRole('textbox', { name: 'NODE_VERSION' });
    expect(argument.getAttribute('placeholder')).toBe('22');
    fireEvent.change(argument, { target: { value: '24' } });
    await userEvent.click(screen.getByRole('checkbox', { name: /Build without cache/ }));
    await screen.findByText('2 options changed');
  });

  it('says which nodes the value of an option leaves out, and why', async () => {
    await open({ ...api, farm: 'release' });
    await image();
    await openOptions();
    await userEvent.click(await screen.findByRole('combobox', { name: 'Keep on nodes after the build' }));
    await userEvent.click(await screen.findByRole('option', { name: /^Tagged image/ }));
    await screen.findByText('Leaves out graviton: BuildKit keeps no images.');
  });

  it('starts by shortcut and opens the build', async () => {
    await open(api);
    await image();
    await waitFor(() => expect(isDisabled(buildButton())).toBe(false));
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

  it('says why nothing can be built if no node answers, and can try again', async () => {
    ({ app } = await renderWithApp(<NewBuild {...api} onClose={() => {}} />, 'done'));
    const problem = { code: 'ssh.unreachable', message: 'The machine is off.', fix: 'Start it.' } as const;
    for (const connection of ['big-amd', 'pi4', 'this-computer']) {
      app.emit({ event: 'node.changed', status: { state: 'down', connection, problem } });
    }
    fireEvent.click(await screen.findByRole('button', { name: 'Try again' }));
    await screen.findByText('No node of home can be reached.');
    expect(screen.getAllByText('The machine is off.').length).toBeGreaterThan(0);
    expect(isDisabled(buildButton())).toBe(true);
  });

  it('takes another file of the project as the Containerfile', async () => {
    ({ app } = await renderWithApp(<NewBuild {...api} apply="choose-containerfile" onClose={() => {}} />, 'done'));
    fireEvent.click(await screen.findByRole('button', { name: 'build.containerfile' }));
    await screen.findByText('build.containerfile');
    expect(screen.queryByRole('dialog', { name: 'Choose a Containerfile' })).toBeNull();
  });

  it('shows that a folder does not exist', async () => {
    const sheet = await open({ farm: 'home', context: '/home/anna/missing' });
    await within(sheet).findByText('The folder /home/anna/missing does not exist.');
    expect(isDisabled(buildButton())).toBe(true);
  });

  it('links to the first start if there are no connections', async () => {
    const sheet = await open({}, 'empty');
    fireEvent.click(within(sheet).getByRole('button', { name: 'Add nodes' }));
    expect(useNavigation.getState().route?.view).toEqual({ view: 'first-start' });
  });

  it('adds what a warning is about to the ignore file, which can be undone', async () => {
    const sheet = await open(api);
    fireEvent.click(await within(sheet).findByText('Context'));
    const warnings = () => within(screen.getByRole('list', { name: 'Warnings' })).getAllByRole('listitem');
    expect(warnings()).toHaveLength(2);
    const [first] = warnings();
    expect(first?.textContent).toContain('.env may contain secrets');
    fireEvent.click(within(first ?? sheet).getByRole('button', { name: /^Add to .containerignore ?: .env$/ }));
    await waitFor(() => expect(warnings()).toHaveLength(1));
    const undo = useUndo.getState().steps.at(-1);
    expect(undo?.title).toBe('Added .env to .containerignore');
    undo?.run();
    await waitFor(() => expect(warnings()).toHaveLength(2));
    fireEvent.click(within(sheet).getByRole('button', { name: 'Ignore all 2' }));
    await waitFor(() => expect(screen.queryByRole('list', { name: 'Warnings' })).toBeNull());
  });

  it('shows what is found in the Containerfile beside the context, and builds it anyway', async () => {
    const sheet = await open({ farm: 'home', context: '/home/anna/warned' });
    const warnings = await within(sheet).findByRole('list', { name: 'Warnings about the Containerfile' });
    expect(warnings.textContent).toContain(
      'Containerfile:4 VERSOIN has no value here. Did you mean VERSION? UndefinedVar',
    );
    const rule = within(warnings).getByText('UndefinedVar');
    expect(rule.getAttribute('href')).toBe('https://docs.docker.com/reference/build-checks/undefined-var/');
    expect(within(sheet).getByRole('list', { name: 'Notes about the Containerfile' }).textContent).toContain(
      'FromAsCasing',
    );
    expect(within(sheet).getByRole('list', { name: 'Warnings' }).textContent).not.toContain('VERSOIN');
    await waitFor(() => expect(isDisabled(buildButton())).toBe(false));
  });

  it('cannot be started while the Containerfile has errors, and shows them', async () => {
    const sheet = await open({ farm: 'home', context: '/home/anna/broken' });
    const errors = await within(sheet).findByRole('list', { name: 'Errors in the Containerfile' });
    expect(errors.textContent).toContain('Containerfile, line 7: RUNN is not an instruction.Did you mean RUN?');
    within(sheet).getByText('Correct the Containerfile.');
    expect(isDisabled(buildButton())).toBe(true);
  });
});
