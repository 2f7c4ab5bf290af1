/** Registries and lists in the window, in a real browser, with a real registry that asks for tokens. */
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from './chromium.ts';
import { setUpLab } from './harness.ts';
import { mustRun } from './lab/command.ts';
import { type AuthRegistry, startAuthRegistry } from './lab/registries.ts';
import { AppWindow } from './pages/app-window.ts';
import { Home } from './pages/browser-front-end.ts';

const lab = await setUpLab();
let browser: Browser;
let home: Home;
let registry: AuthRegistry;
let window: AppWindow;

beforeAll(async () => {
  [browser, home, registry] = await Promise.all([
    launchChromium(),
    Home.create(),
    startAuthRegistry({ mode: 'token' }),
  ]);
  const source = `docker://${lab.registry.address}/base:1`;
  const login = `--dest-creds=${registry.username}:${registry.password}`;
  const insecure = ['--src-tls-verify=false', '--dest-tls-verify=false'];
  await mustRun(['skopeo', 'copy', '--all', ...insecure, login, source, `docker://${registry.address}/team/base:1`]);
  window = await AppWindow.open(browser, home);
});
afterAll(async () => {
  await window?.close();
  await browser?.close();
  await registry?.stop();
  await home?.remove();
});

interface Manifest {
  readonly annotations?: Record<string, string>;
  readonly manifests: readonly { readonly platform: { readonly architecture: string } }[];
}

async function read(): Promise<Manifest> {
  const creds = `--creds=${registry.username}:${registry.password}`;
  const image = `docker://${registry.address}/team/base:1`;
  return JSON.parse(await mustRun(['skopeo', 'inspect', '--raw', '--tls-verify=false', creds, image]));
}

test('a registry is added, signed in to and checked', async () => {
  const { registries } = window;
  await window.goTo('Registries');
  await registries.add(registry.address, 'Plain HTTP');
  await registries.signIn(registry.address, registry.username, 'wrong');
  await registries
    .signInDialog(registry.address)
    .getByText(/rejected the user "builder"/)
    .waitFor();
  await registries.signIn(registry.address, registry.username, registry.password);
  await registries.row(registry.address).getByText('builder').waitFor();
  await registries.check(registry.address);
  await registries.row(registry.address).getByText('Check passed').waitFor();
  await window.checkAccessibility('registries');
});

test('a list loses an image, gets annotations and another image, each after it was said what changes', async () => {
  const { manifestList: list } = window;
  const name = `${registry.address}/team/base:1`;
  const before = (await read()).manifests.length;
  await window.registries.manifestList.click();
  await list.show(name);
  await list.entries.first().waitFor();
  expect(await list.entries.count()).toBe(before);
  await window.checkAccessibility('manifest list');

  await list.choose('linux/arm64', 'Remove from the list…');
  const removal = list.dialog('Remove linux/arm64 from the list?');
  await removal.getByText('The image for linux/arm64').waitFor();
  await removal.getByRole('button', { name: 'Remove image' }).click();
  await removal.waitFor({ state: 'hidden' });
  expect((await read()).manifests.map(({ platform }) => platform.architecture)).not.toContain('arm64');

  await list.sheet.getByRole('button', { name: 'Annotate list…' }).click();
  const annotation = list.dialog('Annotate the list');
  await annotation.getByLabel('Annotations').fill('team=a');
  await annotation.getByText('team: a (new)').waitFor();
  await annotation.getByRole('button', { name: 'Change list' }).click();
  await annotation.waitFor({ state: 'hidden' });
  expect((await read()).annotations).toEqual({ team: 'a' });

  await list.sheet.getByRole('button', { name: 'Add images…' }).click();
  const merge = list.dialog('Add images to the list');
  await merge.getByLabel('Images').fill(`${lab.registry.address}/base:1`);
  await merge.getByRole('button', { name: 'Use plain HTTP' }).click();
  await merge.getByText(/^Added: .*linux\/arm64/).waitFor();
  await merge.getByRole('button', { name: 'Add images' }).click();
  await merge.getByText('Copy complete').waitFor();
  await merge.getByRole('button', { name: 'Close' }).click();
  const after = await read();
  expect(after.annotations).toEqual({ team: 'a' });
  expect(after.manifests.map(({ platform }) => platform.architecture)).toContain('arm64');
  expect(after.manifests).toHaveLength(before);
  expect(window.consoleErrors.join('\n')).toBe('');
  expect(window.violations).toEqual([]);
});
