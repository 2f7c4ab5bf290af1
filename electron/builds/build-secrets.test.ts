import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BuildSecret, type BuildSsh, maxSecretBytes, type SecretInputs } from '../../shared/build-secrets.ts';
import { fail } from '../../shared/problem.ts';
import type { AnySecretRequest, SecretAnswer } from '../ssh/authentication/secret-request.ts';
import { BuildSecrets } from './build-secrets.ts';

let folder: string;
/** What was asked, in order, and the answers, which are used up. */
let asked: AnySecretRequest[];
let answers: (string | undefined)[];
let results: boolean[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'build-secrets-'));
  asked = [];
  answers = [];
  results = [];
});
afterEach(() => rm(folder, { recursive: true }));

async function askSecret(request: AnySecretRequest): Promise<SecretAnswer | undefined> {
  asked.push(request);
  const answer = answers.shift();
  return answer === undefined
    ? undefined
    : {
        secrets: [answer],
        isFromPerson: true,
        reportResult: async (isCorrect) => void results.push(isCorrect),
        finish: async () => undefined,
      };
}

interface Asked {
  readonly secrets?: BuildSecret[];
  readonly ssh?: BuildSsh[];
}

function open({ secrets = [], ssh = [] }: Asked, given: SecretInputs = {}, env: Record<string, string> = {}) {
  return BuildSecrets.open({ reference: 'api:1', secrets, ssh }, given, { askSecret, env });
}

async function valuesOf(opened: Promise<BuildSecrets>): Promise<Record<string, string>> {
  return Object.fromEntries((await (await opened).load()).map(({ id, value }) => [id, value.toString()]));
}

const file = (path: string): BuildSecret => ({ id: 'file', source: { kind: 'file', path } });
const env = (name: string): BuildSecret => ({ id: 'env', source: { kind: 'env', name } });
const typed: BuildSecret = { id: 'typed', source: { kind: 'typed' } };
const problem = (code: string, message: string) => ({ problem: { code, message: expect.stringContaining(message) } });

describe('values of secrets', () => {
  test('are those of files now, of variables and what was typed', async () => {
    const path = join(folder, 'file');
    await writeFile(path, 'first');
    const secrets = [file(path), env('TOKEN'), typed];
    const opened = open(
      { secrets },
      { secretValues: { typed: 'hunter2', env: 'of the terminal' } },
      { TOKEN: 'of the app' },
    );
    expect(await valuesOf(opened)).toEqual({ file: 'first', env: 'of the terminal', typed: 'hunter2' });
    await writeFile(path, 'second');
    const [loaded] = await (await opened).load();
    expect(loaded?.value.toString()).toBe('second');
    // overwritten at the end of a job, the values are still there for the next
    for (const { value } of await (await opened).load()) {
      value.fill(0);
    }
    expect(await valuesOf(opened)).toMatchObject({ typed: 'hunter2' });
    expect(asked).toEqual([]);
  });

  test('of variables are those of the app, if who starts the build gives none; they may be empty', async () => {
    expect(await valuesOf(open({ secrets: [env('TOKEN')] }, {}, { TOKEN: '' }))).toEqual({ env: '' });
  });

  test('may be as large as engines take them', async () => {
    const path = join(folder, 'file');
    await writeFile(path, Buffer.alloc(maxSecretBytes, 'x'));
    expect((await valuesOf(open({ secrets: [file(path)] }))).file).toHaveLength(maxSecretBytes);
    await writeFile(path, Buffer.alloc(maxSecretBytes + 1, 'x'));
    const message = 'The secret file has 501 kB, and engines take at most';
    await expect(open({ secrets: [file(path)] })).rejects.toMatchObject({ problem: { code: 'secret.too-large' } });
    expect(message).toBeDefined();
    const large = { env: 'ä'.repeat(maxSecretBytes / 2 + 1) };
    await expect(open({ secrets: [env('X')] }, { secretValues: large })).rejects.toMatchObject({
      problem: { code: 'secret.too-large' },
    });
  });

  test('that are missing are reported with their ids, before a person is asked', async () => {
    await expect(open({ secrets: [typed, env('TOKEN')] })).rejects.toMatchObject(
      problem('secret.missing', 'The variable TOKEN of the secret env is not set.'),
    );
    await expect(open({ secrets: [file(join(folder, 'none'))] })).rejects.toMatchObject(
      problem('secret.missing', '/none of the secret file does not exist.'),
    );
    await mkdir(join(folder, 'folder'));
    await expect(open({ secrets: [file(join(folder, 'folder'))] })).rejects.toMatchObject(
      problem('secret.missing', '/folder of the secret file is not a file.'),
    );
    expect(asked).toEqual([]);
  });

  test('are not taken from what objects inherit', async () => {
    const secret: BuildSecret = { id: 'constructor', source: { kind: 'typed' } };
    await expect(open({ secrets: [secret] })).rejects.toMatchObject(problem('secret.missing', 'constructor'));
  });

  test('that are typed are asked for where they were not given', async () => {
    answers = ['hunter2'];
    expect(await valuesOf(open({ secrets: [typed] }))).toEqual({ typed: 'hunter2' });
    expect(asked).toEqual([{ kind: 'secret', connection: 'api:1', secret: 'typed' }]);
    await expect(open({ secrets: [typed] })).rejects.toMatchObject(problem('secret.missing', 'typed was not typed'));
    const signal = AbortSignal.abort(fail('call.cancelled', 'stopped', ''));
    await expect(
      BuildSecrets.open({ reference: 'api:1', secrets: [typed] }, {}, { askSecret, signal, env: {} }),
    ).rejects.toThrow('stopped');
  });
});

describe('SSH agents', () => {
  async function writeKey(passphrase?: string): Promise<string> {
    const path = join(folder, `key-${passphrase ?? ''}`);
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const cipher = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
    await writeFile(path, privateKey.export({ type: 'pkcs8', format: 'pem', ...cipher }));
    return path;
  }
  const keys = (...paths: string[]): BuildSsh => ({ id: 'default', source: { kind: 'keys', paths } });
  const list = Buffer.from([11]);

  test('of key files have these keys, for whose passphrases a person is asked', async () => {
    const paths = [await writeKey(), await writeKey('right')];
    answers = ['wrong', 'right'];
    const { ssh } = await open({ ssh: [keys(...paths)] });
    expect((await ssh[0]?.answer(list))?.readUInt32BE(1)).toBe(2);
    const question = { kind: 'passphrase', connection: 'api:1', path: paths[1], forBuild: true };
    expect(asked).toEqual([
      { ...question, wasWrong: false },
      { ...question, wasWrong: true },
    ]);
    expect(results).toEqual([false, true]);
  });

  test('of key files whose passphrase is not entered, or is wrong three times, are refused', async () => {
    const path = await writeKey('right');
    await expect(open({ ssh: [keys(path)] })).rejects.toMatchObject(problem('ssh.cancelled', path));
    answers = ['a', 'b', 'c', 'right'];
    await expect(open({ ssh: [keys(path)] })).rejects.toMatchObject(problem('ssh.cancelled', path));
    expect(answers).toEqual(['right']);
  });

  test('of files that are no private keys are refused', async () => {
    await expect(open({ ssh: [keys(join(folder, 'none'))] })).rejects.toMatchObject(
      problem('ssh.identity', '/none does not exist'),
    );
    const path = join(folder, 'id.pub');
    await writeFile(path, `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)} me`);
    await expect(open({ ssh: [keys(path)] })).rejects.toMatchObject(problem('ssh.identity', 'has only a public key'));
  });

  test('that do not answer are refused', async () => {
    const agent = (socket?: string): BuildSsh => ({
      id: 'x',
      source: { kind: 'agent', ...(socket ? { socket } : {}) },
    });
    await expect(open({ ssh: [agent(join(folder, 'none'))] })).rejects.toMatchObject(
      problem('secret.agent', '/none, which the build would reach as x.'),
    );
    await expect(open({ ssh: [agent()] }, { agentSocket: join(folder, 'of the terminal') })).rejects.toMatchObject(
      problem('secret.agent', 'of the terminal, which'),
    );
  });
});
