/** The face as a person uses it: the real app behind the browser door, a real browser, real nodes and a real registry. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { theLab } from './harness.ts';
import type { LabNode } from './lab/lab.ts';
import { Home } from './pages/front-end.ts';
import { Face, launchBrowser } from './pages/window.ts';

const lab = await theLab();
const amd = lab.node('amd-a');
const other = lab.node('amd-b');
const arm = lab.node('arm-a');

/** How long a node may take to be asked, and a build to end, in milliseconds. Emulation is slow. */
const askMs = 60_000;
const buildMs = 120_000;

/** Begins a Containerfile that no node has built before, so that nothing of it comes from a cache. */
const fresh = `${lab.from}ENV RUN_OF_THE_SPEC=${randomBytes(6).toString('hex')}\n`;

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

/** What a program prints. @throws Error with what it complained of */
function run(command: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let complaints = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(out) : reject(new Error(`${command}: ${code} ${complaints}`))));
  });
}

/** The fingerprint of a node's key, as its own administrator would read it out. */
async function fingerprintOf(node: LabNode): Promise<string> {
  return /SHA256:\S+/.exec(await run('ssh-keygen', '-lf', node.knownHosts))?.[0] ?? '';
}

const indexSchema = z.object({
  manifests: z.array(z.object({ platform: z.object({ os: z.string(), architecture: z.string() }) })),
});

/** A list as anybody else reads it from the registry. */
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

describe('from nothing to an image in a registry', () => {
  let home: Home;
  let face: Face;
  const reference = 'hello:1';
  const destination = `${lab.registry.address}/flow/hello:1`;
  beforeAll(async () => {
    home = await Home.create();
    await home.podmanKnows(amd, other);
    await home.sshKnows(arm);
    await home.project('hello', {
      Containerfile: `${fresh}COPY greeting /greeting\nRUN echo "it is $TARGETARCH" > /arch\nCMD ["cat", "/greeting", "/arch"]\n`,
      greeting: 'hello\n',
    });
    await home.project('slow', {
      Containerfile: `${fresh}RUN for i in 1 2 3 4 5 6 7 8; do echo "line $i"; sleep 1; done\nRUN echo after\n`,
    });
    await home.project('broken', {
      Containerfile: `${fresh}RUN echo this goes well\n\nRUN echo just before && cat /nothing-there\nRUN echo never\n`,
    });
    face = await Face.open(browser, home);
  });
  afterAll(async () => {
    await face?.close();
    await home?.remove();
  });

  it('finds what this computer knows, and asks before it trusts a host', async () => {
    await face.firstStart.question.waitFor();
    await face.look('first start');
    for (const node of [amd, arm]) {
      await face.firstStart.engine(node.name).click();
      expect(await face.questions.hostKeyText(node.name)).toContain(await fingerprintOf(node));
      await face.look(`the host key of ${node.name}`);
      await face.questions.trust(node.name).click();
      await face.questions.hostKey(node.name).waitFor({ state: 'hidden', timeout: askMs });
    }
    await face.firstStart.coverage.getByText('linux/arm64').waitFor({ timeout: askMs });
    expect(await face.firstStart.platformsOf(amd.name)).toContain('amd64');
    await face.look('first start with engines');
  });

  it('makes a farm of them', async () => {
    await face.firstStart.makeFarm.click();
    await face.farm.title('home').waitFor();
    await face.farm.node(amd.name).waitFor();
    await face.farm.coverage.getByText('linux/amd64').waitFor();
    await face.farm.coverage.getByText('linux/arm64').waitFor();
    await face.look('a farm');
  });

  it('chooses a project and says who will build what', async () => {
    await face.farm.chooseFolder.click();
    await face.folders.folder('hello').click();
    await face.folders.containerfileFound.waitFor();
    await face.look('the folder dialog');
    await face.folders.choose.click();
    await face.newBuild.image.fill(reference);
    await face.newBuild.assignment('linux/amd64').getByText(amd.name).waitFor({ timeout: askMs });
    await face.newBuild.assignment('linux/arm64').getByText(arm.name).waitFor({ timeout: askMs });
    for (const platform of ['amd64', 'arm64']) {
      expect(await face.newBuild.platform(platform).getAttribute('aria-pressed')).toBe('true');
    }
    await face.look('a new build');
  });

  it('builds on both at once, and shows each to its end', async () => {
    await face.newBuild.start.click();
    await face.build.title(reference).waitFor();
    await face.build.says('linux/amd64', /step \d of \d/, buildMs);
    await face.look('a build that runs');
    await face.build.says('linux/amd64', /, Done,/, buildMs);
    await face.build.says('linux/arm64', /, Done,/, buildMs);
    await face.build.headline(/^Built 2 platforms in /).waitFor();
    await face.build.result.waitFor();
    await face.look('a build that is done');
  });

  it('pushes the list, which others then find in the registry', async () => {
    await face.build.push.click();
    await face.push.destination.fill(destination);
    await face.push.insecure.click();
    await face.look('a push');
    await face.push.start.click();
    await face.push.result.waitFor({ timeout: askMs });
    await face.look('a push that is done');
    const found = await readFromRegistry(destination);
    expect(found.platforms.toSorted()).toEqual(['linux/amd64', 'linux/arm64']);
    expect(await face.push.digest()).toBe(found.digest);
    await face.push.close.click();
  });

  it('remembers the build and keeps the image', async () => {
    await face.goTo('Builds');
    const line = face.builds.line(reference);
    await line.waitFor();
    expect(await line.textContent()).toMatch(/Done.*amd64, arm64/);
    await face.look('the history');
    await face.goTo('Images');
    await face.images.reference(reference).waitFor();
    await face.look('the images');
  });

  it('shows the whole truth after a reload in the middle of a build', async () => {
    await face.open(`#/farm/home?sheet=new-build&farm=home&context=${encodeURIComponent(`${home.folder}/slow`)}`);
    await face.newBuild.image.fill('slow:1');
    await face.newBuild.assignment('linux/amd64').getByText(amd.name).waitFor({ timeout: askMs });
    // one platform is enough to see, and quick
    await face.newBuild.platform('arm64').click();
    await face.newBuild.start.click();
    await face.build.cell('linux/amd64').click();
    await face.log.line('line 3').waitFor({ timeout: buildMs });
    const { id } = face.build;
    await face.page.reload();
    await face.build.title('slow:1').waitFor();
    expect(face.build.id).toBe(id);
    await face.build.says('linux/amd64', /Building.*step \d of \d/, buildMs);
    // what was said before, and what is said after
    await face.log.line(/^line 1$/).waitFor();
    await face.log.line('line 8').waitFor({ timeout: buildMs });
    await face.build.headline(/^Built amd64 in /).waitFor({ timeout: buildMs });
    await face.log.line(/^after$/).waitFor();
    await face.look('a log');
    await face.log.close.click();
  });

  it('shows the failing line of a build and its place in the Containerfile', async () => {
    await face.open(`#/farm/home?sheet=new-build&farm=home&context=${encodeURIComponent(`${home.folder}/broken`)}`);
    await face.newBuild.image.fill('broken:1');
    await face.newBuild.assignment('linux/amd64').getByText(amd.name).waitFor({ timeout: askMs });
    await face.newBuild.platform('arm64').click();
    await face.newBuild.start.click();
    await face.build.headline(/^linux\/amd64 failed at step \d of \d: echo just before/).waitFor({ timeout: buildMs });
    const failure = face.build.failures;
    await failure
      .getByText(/can't open '\/nothing-there'/)
      .first()
      .waitFor();
    await failure.getByText('Containerfile, line 6').waitFor();
    await failure.getByText('RUN echo just before && cat /nothing-there').first().waitFor();
    await face.look('a build that failed');
    await failure.getByRole('button', { name: 'Open log at the failing line' }).click();
    await face.log.line(/can't open '\/nothing-there'/).waitFor();
    await face.look('a log at the failing line');
    await face.log.close.click();
    await face.goTo('Builds');
    expect(await face.builds.line('broken:1').textContent()).toMatch(/Failed.*amd64/);
  });

  it('tests a connection, and says why one is down', async () => {
    await face.goTo('Connections');
    await face.connections.entry(arm.name).click();
    await face.connections.test(arm.name).click();
    await face.connections.passed(arm.name).waitFor({ timeout: askMs });
    await face.look('a connection');

    await face.connections.add.click();
    await face.look('a new connection');
    // nobody listens at the port before that of the nodes
    await face.connections.uri.fill('root@127.0.0.1:9');
    await face.connections.name.fill('nobody');
    await face.page.keyboard.press('Enter');
    const details = face.connections.details('nobody');
    await details.getByText('Host not reached').waitFor({ timeout: askMs });
    await details.getByText(/refused the connection/).waitFor();
    await face.look('a connection that is down');
  });

  it('imports what podman knows, and takes that back', async () => {
    await face.connections.add.click();
    await face.connections.found.click();
    await face.connections.import.click();
    // it is asked at once what it can build
    await face.questions.trust(other.name).click();
    await face.connections.imported.waitFor();
    await face.connections
      .entry(other.name)
      .getByText(/^amd64/)
      .waitFor({ timeout: askMs });
    await face.look('an import');
    await face.connections.undoImport.click();
    await face.connections.imported.waitFor({ state: 'hidden' });
    await face.connections.entry(other.name).waitFor({ state: 'hidden' });
    await face.connections.entry(amd.name).waitFor();
  });

  it('has a palette and settings', async () => {
    await face.palette.show();
    await face.look('the palette');
    await face.page.keyboard.press('Escape');
    await face.goTo('Settings');
    await face.settings.title.waitFor();
    await face.look('the settings');
  });

  it('has shown nothing that axe finds fault with, in either theme', () => {
    expect(face.seen).toHaveLength(22);
    expect(face.findings).toEqual([]);
  });

  it('has written nothing to the console that it should not', () => {
    expect(face.complaints).toEqual([]);
  });
});

describe('with the keyboard alone', () => {
  let home: Home;
  let face: Face;
  const destination = `${lab.registry.address}/flow/keys:1`;
  beforeAll(async () => {
    home = await Home.create();
    await home.podmanKnows(other);
    await home.project('keys', { Containerfile: `${fresh}RUN echo by hand > /how\n` });
    face = await Face.open(browser, home);
  });
  afterAll(async () => {
    await face?.close();
    await home?.remove();
  });

  it('goes the whole way', async () => {
    const { keyboard } = face.page;
    // a farm of what was found
    await face.tabTo(face.firstStart.engine(other.name));
    await keyboard.press('Space');
    await face.tabTo(face.questions.trust(other.name));
    await keyboard.press('Enter');
    await face.firstStart.coverage.getByText('linux/amd64').waitFor({ timeout: askMs });
    await face.tabTo(face.firstStart.makeFarm);
    await keyboard.press('Enter');
    await face.farm.title('home').waitFor();

    // a project
    await keyboard.press('Control+o');
    await face.tabTo(face.folders.folder('keys'));
    await keyboard.press('Enter');
    await face.folders.containerfileFound.waitFor();
    await face.tabTo(face.folders.choose);
    await keyboard.press('Enter');

    // a build
    await face.tabTo(face.newBuild.image);
    await keyboard.press('Control+a');
    await keyboard.type('keys:1');
    await face.newBuild.assignment('linux/amd64').getByText(other.name).waitFor({ timeout: askMs });
    await keyboard.press('Control+Enter');
    await face.build.title('keys:1').waitFor();
    await face.build.says('linux/amd64', /, Done,/, buildMs);
    await face.tabTo(face.build.cell('linux/amd64'));
    await keyboard.press('Enter');
    await face.log.line(/STEP.*RUN echo by hand/).waitFor();

    // a push
    await face.palette.run('push keys', 'Push keys:1…');
    await face.tabTo(face.push.destination);
    await keyboard.press('Control+a');
    await keyboard.type(destination);
    await face.tabTo(face.push.insecure);
    await keyboard.press('Space');
    await keyboard.press('Control+Enter');
    await face.push.result.waitFor({ timeout: askMs });
    expect((await readFromRegistry(destination)).platforms).toEqual(['linux/amd64']);
    await keyboard.press('Escape');
    await face.push.sheet.waitFor({ state: 'hidden' });

    // the history, and away with it
    await face.palette.run('builds', 'Builds');
    await face.tabTo(face.builds.grid);
    expect(await face.builds.activeLine()).toContain('keys:1');
    await keyboard.press('Delete');
    await face.tabTo(face.page.getByRole('dialog').getByRole('button', { name: 'Delete build' }));
    await keyboard.press('Enter');
    await face.page.getByText('No builds yet').waitFor();
    expect(face.complaints).toEqual([]);
  });
});
