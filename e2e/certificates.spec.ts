/** Sign-in with SSH certificates, made by ssh-keygen, to a real sshd that trusts their authority and no key. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Person, setUpLab } from './harness.ts';
import { type ExtraSshd, runOnNode, startExtraSshd } from './lab/lab.ts';

const run = promisify(execFile);
const lab = await setUpLab();
const { name: node, socket } = lab.node('amd-a');
const onNode = `/run/node/certificates-${process.pid}`;

let folder: string;
let sshd: ExtraSshd;
let person: Person;
let serial = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'certificates-'));
  person = await Person.create();
  await keygen('-t', 'ed25519', '-f', join(folder, 'authority'));
  const authority = (await readFile(join(folder, 'authority.pub'), 'utf8')).trim();
  await runOnNode(node, `echo '${authority}' > ${onNode}`);
  sshd = await startExtraSshd(node, { config: [`TrustedUserCAKeys ${onNode}`, 'AuthorizedKeysFile none'] });
});
afterAll(async () => {
  await sshd?.stop();
  await runOnNode(node, `rm -f ${onNode}`);
  await person.remove();
  await rm(folder, { recursive: true });
});

function keygen(...args: string[]) {
  return run('ssh-keygen', ['-q', '-N', '', ...args]);
}

/** Makes a key with a certificate. @returns the path of the key */
async function makeCertified(keyArgs: readonly string[], ...certificateArgs: string[]): Promise<string> {
  const path = join(folder, `key${serial++}`);
  await keygen(...keyArgs, '-f', path);
  await run('ssh-keygen', ['-q', '-s', join(folder, 'authority'), '-I', 'kim', ...certificateArgs, `${path}.pub`]);
  return path;
}

/** Tests a new connection. @returns what it prints, and its exit code */
async function signIn(identity: string | undefined, env: Record<string, string> = {}) {
  const name = `certified${serial++}`;
  const uri = `ssh://root@127.0.0.1:${sshd.port}${socket}`;
  await person.mustRun('connection', 'add', name, uri, '--no-test', ...(identity ? ['--identity', identity] : []));
  const { code, stdout, stderr } = await person.startWith(env, 'connection', 'test', name, '--accept-new-host-keys')
    .ended;
  return { code, text: stdout + stderr };
}

test.each([
  ['ed25519', ['-t', 'ed25519']],
  ['ecdsa of 256 bits', ['-t', 'ecdsa', '-b', '256']],
  ['ecdsa of 521 bits', ['-t', 'ecdsa', '-b', '521']],
  ['rsa', ['-t', 'rsa', '-b', '2048']],
])('a certificate of an %s key signs in', async (_name, keyArgs) => {
  const path = await makeCertified(keyArgs, '-n', 'root');
  const { code, text } = await signIn(path);
  expect(code, text).toBe(0);
  expect(text).toContain(`with the certificate ${path}-cert.pub`);
});

test('a certificate that the SSH configuration names signs in', async () => {
  const path = await makeCertified(['-t', 'ed25519'], '-n', 'root');
  const certificate = join(folder, 'by-configuration');
  await run('mv', [`${path}-cert.pub`, certificate]);
  const config = join(folder, 'config');
  await writeFile(config, `IdentityFile ${path}\nCertificateFile ${certificate}\n`);
  const { code, text } = await signIn(undefined, { BARNRAISER_SSH_CONFIG: config });
  expect(code, text).toBe(0);
  expect(text).toContain(`with the certificate ${certificate}`);
});

describe('with an agent', () => {
  let agent: ReturnType<typeof spawn>;
  const agentSocket = () => join(folder, 'agent.sock');

  beforeAll(async () => {
    agent = spawn('ssh-agent', ['-D', '-a', agentSocket()], { stdio: ['ignore', 'pipe', 'ignore'] });
    if (agent.stdout) {
      // ssh-agent prints its socket once it listens
      await once(agent.stdout, 'data');
    }
  });
  afterAll(async () => {
    const exited = once(agent, 'exit');
    agent.kill();
    await exited;
  });

  test.each([
    ['ed25519', ['-t', 'ed25519']],
    ['rsa', ['-t', 'rsa', '-b', '2048']],
  ])('a certificate of an %s key in the agent signs in', async (_name, keyArgs) => {
    const path = await makeCertified(keyArgs, '-n', 'root');
    const env = { SSH_AUTH_SOCK: agentSocket() };
    await run('ssh-add', ['-D'], { env: { ...process.env, ...env } });
    await run('ssh-add', [path], { env: { ...process.env, ...env } });
    const { code, text } = await signIn(undefined, env);
    expect(code, text).toBe(0);
    expect(text).toMatch(/with \d keys? from the agent/);
  });
});

test('a certificate that has expired is the reason that is given', async () => {
  const path = await makeCertified(['-t', 'ed25519'], '-n', 'root', '-V', '20200101:20200201');
  const { code, text } = await signIn(path);
  expect(code, text).toBe(1);
  expect(text).toMatch(/key\d+-cert\.pub expired at 2020-0/);
});

test('a certificate for other users is the reason that is given', async () => {
  const path = await makeCertified(['-t', 'ed25519'], '-n', 'deploy,kim');
  const { code, text } = await signIn(path);
  expect(code, text).toBe(1);
  expect(text).toContain(`The certificate ${path}-cert.pub is for deploy, kim, not for root.`);
});

test('where known_hosts trusts the host by a certificate authority, the problem says that it cannot be checked', async () => {
  const path = await makeCertified(['-t', 'ed25519'], '-n', 'root');
  const authority = (await readFile(join(folder, 'authority.pub'), 'utf8')).trim();
  const knownHosts = join(folder, 'known_hosts');
  await writeFile(knownHosts, `@cert-authority [127.0.0.1]:${sshd.port} ${authority}\n`);
  const name = `certified${serial++}`;
  const uri = `ssh://root@127.0.0.1:${sshd.port}${socket}`;
  await person.mustRun('connection', 'add', name, uri, '--no-test', '--identity', path);
  const env = { BARNRAISER_KNOWN_HOSTS: knownHosts };
  const { code, stdout, stderr } = await person.startWith(env, 'connection', 'test', name).ended;
  expect(code).toBe(1);
  expect(stdout + stderr).toMatch(/trusts this host by a certificate authority .*Barnraiser cannot check/s);
});
