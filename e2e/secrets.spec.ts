/** No secret remains in memory or in a file. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProject, setUpLab } from './harness.ts';
import { mustRun } from './lab/command.ts';
import { type ExtraSshd, runOnNode, startExtraSshd } from './lab/lab.ts';
import type { SecretsRequest } from './secrets/build-and-snapshot.ts';
import { buildAndSnapshot, findInFolder, findSecrets } from './secrets/search.ts';

const lab = await setUpLab();
const amdA = lab.node('amd-a');
const amdB = lab.node('amd-b');
const passphrase = 'rather-a-long-passphrase-of-a-key-42';
/** Part of the file's name on the node, so that other tests' keys are not changed. */
const marker = `secrets-${process.pid}`;

let folder: string;
let project: string;
let byPassword: ExtraSshd;
let byKey: ExtraSshd;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-secrets-'));
  project = await makeProject({ Containerfile: `${lab.from}RUN echo hello > /hello\n` });
  await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', passphrase, '-C', marker, '-f', join(folder, 'id')]);
  const line = await readFile(join(folder, 'id.pub'), 'utf8');
  await runOnNode(amdB.name, `cat > /run/node/${marker}`, { input: line });
  byPassword = await startExtraSshd(amdA.name, {
    config: ['PasswordAuthentication yes', 'PermitRootLogin yes', 'PubkeyAuthentication no'],
  });
  byKey = await startExtraSshd(amdB.name, { config: [`AuthorizedKeysFile /run/node/${marker}`] });
});
afterAll(async () => {
  await byPassword?.stop();
  await byKey?.stop();
  await runOnNode(amdB.name, `rm -f /run/node/${marker}`);
  await rm(folder, { recursive: true, force: true });
  await rm(project, { recursive: true, force: true });
});

describe('after a build on nodes with a password and with an encrypted key', () => {
  test('no secret is in the heap, the events, the logs, the history, the settings or the output', async () => {
    const home = join(folder, 'home');
    const unlocked = join(folder, 'unlocked');
    await writeFile(unlocked, await readFile(join(folder, 'id')), { mode: 0o600 });
    await mustRun(['ssh-keygen', '-q', '-p', '-P', passphrase, '-N', '', '-f', unlocked]);
    const key = readKeySecrets(await readFile(unlocked, 'utf8'));
    await rm(unlocked);

    const files = {
      passphrase: join(folder, 'passphrase'),
      password: join(folder, 'password'),
      prompts: join(folder, 'password'),
    };
    await writeFile(files.passphrase, passphrase);
    await writeFile(files.password, byPassword.password);
    const request: SecretsRequest = {
      connections: [
        { name: 'by-password', uri: `ssh://root@127.0.0.1:${byPassword.port}${amdA.socket}` },
        { name: 'by-key', uri: `ssh://root@127.0.0.1:${byKey.port}${amdB.socket}`, identity: join(folder, 'id') },
      ],
      secretFiles: files,
      context: project,
      builds: [{ reference: 'secrets:1' }],
      eventsFile: join(folder, 'events'),
      snapshotFile: join(folder, 'heap.heapsnapshot'),
    };
    await writeFile(join(folder, 'request.json'), JSON.stringify(request));
    const { code, printed } = await buildAndSnapshot(join(folder, 'request.json'), {
      BARNRAISER_HOME: home,
      BARNRAISER_KNOWN_HOSTS: join(folder, 'known_hosts'),
    }).ended;
    expect(code, printed).toBe(0);
    const result: { statuses: Record<string, string>; nodes: { connection: string; state: string }[] } = JSON.parse(
      printed.trim().split('\n').at(-1) ?? '',
    );
    expect(result.statuses, printed).toEqual({ 'secrets:1': 'done' });
    expect(result.nodes.map(({ connection, state }) => `${connection} ${state}`).sort()).toEqual([
      'by-key up',
      'by-password up',
    ]);
    // the process has asked for both secrets, so it has held them
    const events = await readFile(request.eventsFile, 'utf8');
    expect(events).toContain('"kind":"passphrase"');
    expect(events).toMatch(/"kind":"(password|prompts)"/);

    const secrets = { passphrase, password: byPassword.password, ...key };
    // the search works: it finds a name that must be in the heap
    expect(await findSecrets(request.snapshotFile, { name: 'by-password' })).toEqual(['name']);
    expect(await findSecrets(request.snapshotFile, secrets)).toEqual([]);
    expect(await findSecrets(request.eventsFile, secrets)).toEqual([]);
    expect(Object.entries(secrets).flatMap(([name, secret]) => (printed.includes(secret) ? [name] : []))).toEqual([]);
    const inHome = await findInFolder(home, secrets);
    expect(inHome.files).toBeGreaterThan(5);
    expect(inHome.found).toEqual([]);
  });
});

/** The secret part of an unencrypted private key, as in its file and as in PEM format. */
function readKeySecrets(text: string): { readonly keyFile: string; readonly keyPem: string } {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('-----'));
  const [key] = [ssh2.utils.parseKey(text)].flat();
  if (!key || key instanceof Error) {
    throw new Error('The key cannot be parsed.', { cause: key });
  }
  const [, keyPem = ''] = key.getPrivatePEM().split('\n');
  // the file begins with the public key; the private key is in the middle
  const keyFile = lines[Math.floor(lines.length / 2)] ?? '';
  expect(Math.min(keyFile.length, keyPem.length)).toBeGreaterThan(40);
  return { keyFile, keyPem };
}
