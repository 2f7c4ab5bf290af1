/** The window as a user operates it: the browser front end in a real browser, with real nodes and a real registry. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { launchChromium } from './chromium.ts';
import { setUpLab } from './harness.ts';
import type { LabNode } from './lab/lab.ts';
import { AppWindow } from './pages/app-window.ts';
import { Home } from './pages/browser-front-end.ts';

const lab = await setUpLab();
const amd = lab.node('amd-a');
const other = lab.node('amd-b');
const arm = lab.node('arm-a');

/** Long, since emulated nodes are slow. */
const probeTimeoutMs = 60_000;
const buildTimeoutMs = 120_000;

/** The first lines of a Containerfile that is different in every run, so that no step comes from a cache. */
const uncached = `${lab.from}ENV RUN_OF_THE_SPEC=${randomBytes(6).toString('hex')}\n`;

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

/** Runs a program and resolves with its standard output. @throws Error with its standard error if it fails */
function run(command: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(stdout) : reject(new Error(`${command}: ${code} ${stderr}`))));
  });
}

/** The fingerprint of a node's host key, computed with ssh-keygen. */
async function fingerprintOf(node: LabNode): Promise<string> {
  return /SHA256:\S+/.exec(await run('ssh-keygen', '-lf', node.knownHosts))?.[0] ?? '';
}

const indexSchema = z.object({
  manifests: z.array(z.object({ platform: z.object({ os: z.string(), architecture: z.string() }) })),
});

/** A manifest list in a registry, read with skopeo. */
async function readFromRegistry(reference: string): Promise<{ digest: string; platforms: string[] }> {
  const source = `docker://${reference}`;
  const { manifests } = indexSchema.parse(
    JSON.parse(await run('skopeo', 'inspect', '--raw', '--tls-verify=false', source)),
  );
  return {
    digest: (await run('skopeo', 'inspect', '--format', '{{.Digest}}', '--tls-verify=false', source)).trim(),
    platforms: manifests.map(({ platform: { os, architecture } }) => `${os}/${architecture}`),
  };
}

describe('a new user', () => {
  let home: Home;
  let window: AppWindow;
  const reference = 'hello:1';
  const destination = `${lab.registry.address}/flow/hello:1`;
  beforeAll(async () => {
    home = await Home.create();
    await home.addPodmanConnections(amd, other);
    await home.addSshHosts(arm);
    await home.createProject('hello', {
      Containerfile: `${uncached}COPY greeting /greeting\nRUN echo "it is $TARGETARCH" > /arch && df -k /dev/shm | grep -q " 131072 "\nCMD ["cat", "/greeting", "/arch"]\n`,
      greeting: 'hello\n',
    });
    await home.createProject('slow', {
      Containerfile: `${uncached}RUN for i in 1 2 3 4 5 6 7 8; do echo "line $i"; sleep 1; done\nRUN echo after\n`,
    });
    await home.createProject('broken', {
      Containerfile: `${uncached}RUN echo this goes well\n\nRUN echo just before && cat /nothing-there\nRUN echo never\n`,
    });
    window = await AppWindow.open(browser, home);
  });
  afterAll(async () => {
    await window?.close();
    await home?.remove();
  });

  it('sees the engines of this computer, and is asked to trust the host key of each', async () => {
    await window.firstStart.heading.waitFor();
    await window.checkAccessibility('first start');
    for (const node of [amd, arm]) {
      await window.firstStart.engine(node.name).click();
      expect(await window.questions.hostKeyText(node.name)).toContain(await fingerprintOf(node));
      await window.checkAccessibility(`the host key of ${node.name}`);
      await window.questions.trust(node.name).click();
      await window.questions.hostKey(node.name).waitFor({ state: 'hidden', timeout: probeTimeoutMs });
    }
    await window.firstStart.coverage.getByText('linux/arm64').waitFor({ timeout: probeTimeoutMs });
    expect(await window.firstStart.platformsOf(amd.name)).toContain('amd64');
    await window.checkAccessibility('first start with engines');
  });

  it('creates a farm', async () => {
    await window.firstStart.createFarm.click();
    await window.farm.title('home').waitFor();
    await window.farm.node(amd.name).waitFor();
    await window.farm.coverage.getByText('linux/amd64', { exact: true }).waitFor();
    await window.farm.coverage.getByText('linux/arm64').waitFor();
    await window.checkAccessibility('a farm');
  });

  it('chooses a project and sees which node builds each platform', async () => {
    await window.farm.chooseFolder.click();
    await window.folders.folder('hello').click();
    await window.folders.containerfileNotice.waitFor();
    await window.checkAccessibility('the folder dialog');
    await window.folders.choose.click();
    await window.newBuild.nameImage(reference);
    await window.newBuild.assignment('linux/amd64').getByText(amd.name).waitFor({ timeout: probeTimeoutMs });
    await window.newBuild.assignment('linux/arm64').getByText(arm.name).waitFor({ timeout: probeTimeoutMs });
    for (const platform of ['amd64', 'arm64']) {
      expect(await window.newBuild.platform(platform).getAttribute('aria-pressed')).toBe('true');
    }
    await window.checkAccessibility('a new build');
  });

  it('finds an option by its flag, corrects it, and sees how many are changed', async () => {
    const { keyboard } = window.page;
    await window.newBuild.goToOption('--shm-size');
    await keyboard.type('much');
    await window.newBuild.sheet.getByText('"much" is not a valid value of Size of /dev/shm.').waitFor();
    expect(await window.newBuild.start.isDisabled()).toBe(true);
    await window.checkAccessibility('an option that is not valid');
    await keyboard.press('Control+a');
    await keyboard.type('128m');
    await window.newBuild.goToOption('--label');
    await keyboard.press('Enter');
    await keyboard.type('team');
    await keyboard.press('Tab');
    await keyboard.type('blue');
    await window.newBuild.sheet.getByText('2 options changed').waitFor();
    await window.checkAccessibility('changed options');
  });

  it('builds on both nodes and follows each job until it is done', async () => {
    await window.newBuild.start.click();
    await window.build.title(reference).waitFor();
    await window.build.waitForCell('linux/amd64', /step \d of \d/, buildTimeoutMs);
    await window.checkAccessibility('a running build');
    await window.build.waitForCell('linux/amd64', /, Done,/, buildTimeoutMs);
    await window.build.waitForCell('linux/arm64', /, Done,/, buildTimeoutMs);
    await window.build.headline(/^Built 2 platforms in /).waitFor();
    await window.build.result.waitFor();
    await window.build.changedOptions.click();
    await window.page.getByText('team=blue', { exact: true }).waitFor();
    await window.page.keyboard.press('Escape');
    await window.checkAccessibility('a finished build');
  });

  it('pushes the manifest list to a registry', async () => {
    await window.build.push.click();
    await window.push.destination.fill(destination);
    await window.push.insecure.click();
    await window.checkAccessibility('a push');
    await window.push.start.click();
    await window.push.result.waitFor({ timeout: probeTimeoutMs });
    await window.checkAccessibility('a finished push');
    const pushed = await readFromRegistry(destination);
    expect(pushed.platforms.toSorted()).toEqual(['linux/amd64', 'linux/arm64']);
    expect(await window.push.digest()).toBe(pushed.digest);
    await window.push.close.click();
  });

  it('finds the build in the history and the image in local storage', async () => {
    await window.goTo('Builds');
    const row = window.builds.row(reference);
    await row.waitFor();
    expect(await row.textContent()).toMatch(/Done.*amd64, arm64/);
    await window.checkAccessibility('the history');
    await window.goTo('Images');
    await window.images.reference(reference).waitFor();
    await window.checkAccessibility('the images');
  });

  it('sees the whole state and log after a reload during a build', async () => {
    await window.open(`#/farm/home?sheet=new-build&farm=home&context=${encodeURIComponent(`${home.folder}/slow`)}`);
    await window.newBuild.nameImage('slow:1');
    await window.newBuild.assignment('linux/amd64').getByText(amd.name).waitFor({ timeout: probeTimeoutMs });
    // one platform is sufficient, and fast
    await window.newBuild.platform('arm64').click();
    await window.newBuild.start.click();
    await window.build.cell('linux/amd64').click();
    await window.log.line('line 3').waitFor({ timeout: buildTimeoutMs });
    const { id } = window.build;
    await window.page.reload();
    await window.build.title('slow:1').waitFor();
    expect(window.build.id).toBe(id);
    await window.build.waitForCell('linux/amd64', /Building.*step \d of \d/, buildTimeoutMs);
    // output from before and after the reload
    await window.log.line(/^line 1$/).waitFor();
    await window.log.line('line 8').waitFor({ timeout: buildTimeoutMs });
    await window.build.headline(/^Built amd64 in /).waitFor({ timeout: buildTimeoutMs });
    await window.log.line(/^after$/).waitFor();
    await window.checkAccessibility('a log');
    await window.log.close.click();
  });

  it('sees the failing line of a build in the log and in the Containerfile', async () => {
    await window.open(`#/farm/home?sheet=new-build&farm=home&context=${encodeURIComponent(`${home.folder}/broken`)}`);
    await window.newBuild.nameImage('broken:1');
    await window.newBuild.assignment('linux/amd64').getByText(amd.name).waitFor({ timeout: probeTimeoutMs });
    await window.newBuild.platform('arm64').click();
    await window.newBuild.start.click();
    await window.build
      .headline(/^linux\/amd64 failed at step \d of \d: echo just before/)
      .waitFor({ timeout: buildTimeoutMs });
    const failure = window.build.failures;
    await failure
      .getByText(/can't open '\/nothing-there'/)
      .first()
      .waitFor();
    await failure.getByText('Containerfile, line 6').waitFor();
    await failure.getByText('RUN echo just before && cat /nothing-there').first().waitFor();
    await window.checkAccessibility('a failed build');
    await failure.getByRole('button', { name: 'Open log at the failing line' }).click();
    await window.log.line(/can't open '\/nothing-there'/).waitFor();
    await window.checkAccessibility('a log at the failing line');
    await window.log.close.click();
    await window.goTo('Builds');
    expect(await window.builds.row('broken:1').textContent()).toMatch(/Failed.*amd64/);
  });

  it('checks a connection, and sees why another one is down', async () => {
    await window.goTo('Connections');
    await window.connections.entry(arm.name).click();
    await window.connections.check(arm.name).click();
    await window.connections.checkPassed(arm.name).waitFor({ timeout: probeTimeoutMs });
    await window.checkAccessibility('a connection');

    await window.connections.add.click();
    await window.checkAccessibility('a new connection');
    // no server listens on port 9
    await window.connections.uri.fill('root@127.0.0.1:9');
    await window.connections.name.fill('unreachable');
    await window.page.keyboard.press('Enter');
    const details = window.connections.details('unreachable');
    await details.getByText('Host unreachable').waitFor({ timeout: probeTimeoutMs });
    await details.getByText(/refused the connection/).waitFor();
    await window.checkAccessibility('a connection that is down');
  });

  it("imports podman's connections, and undoes the import", async () => {
    await window.connections.add.click();
    await window.connections.discovered.click();
    await window.connections.import.click();
    // a new connection is probed at once
    await window.questions.trust(other.name).click();
    await window.connections.imported.waitFor();
    await window.connections
      .entry(other.name)
      .getByText(/^amd64/)
      .waitFor({ timeout: probeTimeoutMs });
    await window.checkAccessibility('an import');
    await window.connections.undoImport.click();
    await window.connections.imported.waitFor({ state: 'hidden' });
    await window.connections.entry(other.name).waitFor({ state: 'hidden' });
    await window.connections.entry(amd.name).waitFor();
  });

  it('opens the command palette and the settings', async () => {
    await window.palette.show();
    await window.checkAccessibility('the palette');
    await window.page.keyboard.press('Escape');
    await window.goTo('Settings');
    await window.settings.title.waitFor();
    await window.checkAccessibility('the settings');
  });

  it('has seen no view with an accessibility violation, in either theme', () => {
    expect(window.checkedViews).toHaveLength(24);
    expect(window.violations).toEqual([]);
  });

  it('has caused no error in the console', () => {
    expect(window.consoleErrors.join('\n')).toBe('');
  });
});
