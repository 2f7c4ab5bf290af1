import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configFiles } from '../electron/ssh/ssh-config/read.ts';
import { resolveHost } from '../electron/ssh/ssh-config/resolve.ts';
import { type ConfigCase, makeCases } from './ssh-config-cases.ts';

const run = promisify(execFile);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ssh-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('what ssh -G says is what is resolved', () => {
  const seed = Number(process.env.SSH_CONFIG_SEED ?? Date.now() % 1_000_000);
  const count = Number(process.env.SSH_CONFIG_COUNT ?? 200);

  test(`for ${count} configurations made by chance (SSH_CONFIG_SEED=${seed})`, async () => {
    console.log(`SSH_CONFIG_SEED=${seed}`);
    const cases = makeCases(seed, count, folder);
    let accepted = 0;
    for (const each of cases) {
      const file = await written(each);
      const [ssh, ours] = await Promise.all([askSsh(file, each), askUs(file, each)]);
      expect(ours, `${JSON.stringify(each, null, 1)}\nssh says: ${ssh}`).toBe(ssh);
      accepted += ssh === refused ? 0 : 1;
    }
    // the generator must not make files that are mostly refused, which would compare nothing
    expect(accepted).toBeGreaterThan(count * 0.75);
  });
});

const refused = 'refused';
/** Differ between versions of OpenSSH. */
const versioned = /^identityfile ~\/\.ssh\/id_(dsa|xmss)$/;

async function written(each: ConfigCase): Promise<string> {
  for (const [name, content] of Object.entries(each.files)) {
    await writeFile(join(folder, name), content);
  }
  return join(folder, Object.keys(each.files)[0] ?? '');
}

async function askSsh(file: string, each: ConfigCase): Promise<string> {
  const { host, user, port } = each;
  const given = [...(user ? ['-l', user] : []), ...(port ? ['-p', String(port)] : [])];
  try {
    const { stdout } = await run('ssh', ['-G', '-F', file, ...given, host]);
    const handled = new Set(
      'host user hostname port identitiesonly serveralivecountmax serveraliveinterval hostkeyalias identityagent identityfile userknownhostsfile connecttimeout proxyjump proxycommand'.split(
        ' ',
      ),
    );
    return stdout
      .split('\n')
      .filter((line) => handled.has(line.split(' ')[0] ?? '') && !versioned.test(line))
      .join('\n');
  } catch {
    return refused;
  }
}

async function askUs(file: string, each: ConfigCase): Promise<string> {
  try {
    // ssh looks for ~ where the account says, not where $HOME does
    const { lines } = await resolveHost(each.host, { ...each, files: configFiles(file), home: userInfo().homedir });
    return lines
      .map(({ key, value }) => `${key} ${value}`)
      .filter((line) => !versioned.test(line))
      .join('\n');
  } catch (error) {
    if (error instanceof Error && error.name === 'Failure') {
      return refused;
    }
    throw error;
  }
}
