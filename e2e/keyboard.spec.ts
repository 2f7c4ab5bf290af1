/** The window of the browser front end without a mouse, from the first start to the push, with a real node and a real registry. */
import { randomBytes } from 'node:crypto';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { launchChromium } from './chromium.ts';
import { setUpLab } from './harness.ts';
import { AppWindow } from './pages/app-window.ts';
import { Home } from './pages/browser-front-end.ts';

const lab = await setUpLab();
const node = lab.node('docker-a');

/** Long, since other builds may run on the node. */
const probeTimeoutMs = 60_000;
const buildTimeoutMs = 120_000;

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

/** The platforms of a manifest list in the registry. */
async function platformsOf(repository: string, tag: string): Promise<string[]> {
  const response = await fetch(`http://${lab.registry.address}/v2/${repository}/manifests/${tag}`, {
    headers: {
      accept: 'application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json',
    },
  });
  const { manifests } = indexSchema.parse(await response.json());
  return manifests.map(({ platform }) => `${platform.os}/${platform.architecture}`);
}
const indexSchema = z.object({
  manifests: z.array(z.object({ platform: z.object({ os: z.string(), architecture: z.string() }) })),
});

/** Each of the first two stages waits for the other one, so that they end only if they run at once. */
function twoStages(name: string): string {
  const [base] = lab.from.split('\n', 1);
  const waiting = (own: string, other: string) =>
    `RUN --mount=type=cache,id=${name},target=/both echo ${own} of ${name}; touch /both/${own}; until [ -e /both/${other} ]; do sleep 0.1; done; touch /${own}`;
  return [
    ...[`${base} AS left`, waiting('left', 'right')],
    ...[`${base} AS right`, waiting('right', 'left')],
    ...[base, `RUN echo by hand > /how # ${name}`, 'COPY --from=left /left /', 'COPY --from=right /right /', ''],
  ].join('\n');
}

describe('a keyboard user', () => {
  let home: Home;
  let window: AppWindow;
  const name = `keys-${randomBytes(4).toString('hex')}`;
  beforeAll(async () => {
    home = await Home.create();
    await home.addPodmanConnections(node);
    await home.createProject(name, { Containerfile: twoStages(name) });
    window = await AppWindow.open(browser, home);
  });
  afterAll(async () => {
    await window?.close();
    await home?.remove();
  });

  it('creates a farm', async () => {
    const { keyboard } = window.page;
    await window.tabTo(window.firstStart.engine(node.name));
    await keyboard.press('Space');
    await window.tabTo(window.questions.trust(node.name));
    await keyboard.press('Enter');
    await window.firstStart.coverage.getByText('linux/amd64', { exact: true }).waitFor({ timeout: probeTimeoutMs });
    await window.tabTo(window.firstStart.createFarm);
    await keyboard.press('Enter');
    await window.farm.title('home').waitFor();
  });

  it('chooses a project by typing its path, which Tab completes', async () => {
    const { keyboard } = window.page;
    await keyboard.press('Control+o');
    await window.folders.folder(name).waitFor();
    await keyboard.press('Control+a');
    await keyboard.type('~/no-such');
    await keyboard.press('Enter');
    await window.folders.dialog.getByText('There is no folder no-such in ').waitFor();
    await keyboard.press('Control+a');
    await keyboard.type('~/KEYS');
    await window.folders.folder(name).waitFor();
    await keyboard.press('Tab');
    await expect.poll(() => window.folders.path.inputValue()).toBe(`~/${name}/`);
    await window.folders.containerfileNotice.waitFor();
    await keyboard.press('Enter');
    await window.newBuild.sheet.waitFor();
  });

  it('builds', async () => {
    const { keyboard } = window.page;
    await window.tabTo(window.newBuild.image);
    await keyboard.press('Control+a');
    await keyboard.type(`${name}:1`);
    await window.newBuild.assignment('linux/amd64').getByText(node.name).waitFor({ timeout: probeTimeoutMs });
    await keyboard.press('Control+Enter');
    await window.build.title(`${name}:1`).waitFor();
    await window.build.waitForCell('linux/amd64', /, Done,/, buildTimeoutMs);
  });

  it('opens the menu of a platform, and its log', async () => {
    const { page } = window;
    await window.tabTo(window.build.cell('linux/amd64'));
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menu').waitFor();
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => page.getByRole('menuitem', { name: 'Copy digest' }).count()).toBe(1);
    await page.keyboard.press('Escape');
    await page.getByRole('menu').waitFor({ state: 'hidden' });
    // the focus is back
    await page.keyboard.press('Enter');
    await window.log.line(/STEP.*RUN echo by hand/).waitFor();
  });

  it('sees in the graph that two stages ran at once, and opens the log of a step there', async () => {
    const { page } = window;
    await page.keyboard.press('Escape');
    await window.tabTo(window.build.stepsAs('By step'));
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'Enter']) {
      await page.keyboard.press(key);
    }
    const [left, right] = await Promise.all(
      ['left', 'right'].map((stage) => window.build.graphStep(stage, /RUN/).boundingBox()),
    );
    expect(right?.y).toBe(left?.y);
    expect(right?.x).toBeGreaterThan(left?.x ?? Number.POSITIVE_INFINITY);
    await window.checkAccessibility('the graph of a build');
    await window.tabTo(window.build.graphStep('left', /^1 FROM/));
    for (const key of ['ArrowDown', 'ArrowRight', 'Enter']) {
      await page.keyboard.press(key);
    }
    await window.log.line(`right of ${name}`).waitFor();
    // a step that has the focus shows what is known of it, also when a sheet over it is closed
    await window.tabTo(window.build.cell('linux/amd64'));
  });

  it('pushes', async () => {
    const { keyboard } = window.page;
    await window.palette.run(`push ${name}`, `Push ${name}:1…`);
    await window.tabTo(window.push.destination);
    await keyboard.press('Control+a');
    await keyboard.type(`${lab.registry.address}/keyboard/${name}:1`);
    await window.tabTo(window.push.insecure);
    await keyboard.press('Space');
    await keyboard.press('Control+Enter');
    await window.push.result.waitFor({ timeout: probeTimeoutMs });
    expect(await platformsOf(`keyboard/${name}`, '1')).toEqual(['linux/amd64']);
    await keyboard.press('Escape');
    await window.push.sheet.waitFor({ state: 'hidden' });
  });

  it('finds the shortcuts with ?, and folds the sidebar', async () => {
    const { page } = window;
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Shortcuts' }).waitFor();
    await window.checkAccessibility('the shortcuts');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Shortcuts' }).waitFor({ state: 'hidden' });
    await page.keyboard.press('Control+b');
    await page.getByRole('button', { name: 'Unfold sidebar' }).waitFor();
    await window.checkAccessibility('the folded sidebar');
    expect(window.violations).toEqual([]);
  });

  it('types into the search of commands at once, also while the page is late with its frames', async () => {
    const { page } = window;
    await page.evaluate(`window.paint = window.requestAnimationFrame;
      window.requestAnimationFrame = (call) => setTimeout(() => window.paint(call), 1000);`);
    await page.keyboard.press('Control+k');
    await page.keyboard.type('storage');
    expect(await window.palette.input.inputValue()).toBe('storage');
    await page.keyboard.press('Escape');
    await window.palette.input.waitFor({ state: 'hidden' });
    await page.evaluate('window.requestAnimationFrame = window.paint');
  });

  it('finds the window at the next start as it was', async () => {
    await window.palette.run('images', 'Images');
    await window.images.reference(`${name}:1`).waitFor();
    expect(window.consoleErrors.join('\n')).toBe('');
    await window.close();
    window = await AppWindow.open(browser, home);
    await window.images.reference(`${name}:1`).waitFor();
    await window.page.getByRole('button', { name: 'Unfold sidebar' }).waitFor();
  });

  it('deletes the build', async () => {
    const { keyboard } = window.page;
    await window.palette.run('builds', 'Builds');
    await window.tabTo(window.builds.grid);
    expect(await window.builds.activeRow()).toContain(`${name}:1`);
    await keyboard.press('Delete');
    await window.tabTo(window.page.getByRole('dialog').getByRole('button', { name: 'Delete build' }));
    await keyboard.press('Enter');
    await window.page.getByText('No builds yet').waitFor();
    expect(window.consoleErrors.join('\n')).toBe('');
  });
});
