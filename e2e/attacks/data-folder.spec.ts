/** A data folder that other users of this computer may read. */
import { execFile } from 'node:child_process';
import { chmod, rm, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensureBundled } from '../bundle.ts';
import { bundledCli, makeProject, Person } from '../harness.ts';
import { type HostileEngine, startHostileEngine } from './testing/hostile-engine.ts';
import { canBecomeOtherUser } from './testing/other-user.ts';

const run = promisify(execFile);

let person: Person;
let engine: HostileEngine;
let project: string;

beforeAll(ensureBundled);
beforeEach(async () => {
  person = await Person.create();
  engine = await startHostileEngine('');
  project = await makeProject({ Containerfile: 'FROM scratch\n' });
});
afterEach(async () => {
  await engine.close();
  await person.remove();
  await rm(project, { recursive: true, force: true });
});

async function useEverything(umask: string): Promise<void> {
  for (const args of [
    `connection add node ${engine.uri}`,
    'farm create home node --default',
    `build -t a:1 --build-arg TOKEN=s3cret ${project}`,
    'builds',
  ]) {
    // failures are expected: the engine refuses the build
    await run('sh', ['-c', `umask ${umask}; node ${bundledCli.join(' ')} ${args}`], { env: person.env }).catch(
      () => undefined,
    );
  }
}

describe.skipIf(process.platform === 'win32')('a data folder that was there before, and is open to others', () => {
  it.each(['022', '000'])('is closed, with everything that is written into it (umask %s)', async (umask) => {
    await person.mustRun('builds');
    await chmod(person.home, 0o755);
    await useEverything(umask);
    expect((await stat(person.home)).mode & 0o777).toBe(0o700);
  });

  it.skipIf(!canBecomeOtherUser)('shows another user nothing of a build', async () => {
    await person.mustRun('builds');
    await chmod(person.home, 0o755);
    await useEverything('000');
    const asOther = run('find', [person.home, '-type', 'f', '-exec', 'grep', '-l', 's3cret', '{}', '+'], {
      uid: 65_534,
      gid: 65_534,
    });
    await expect(asOther).rejects.toMatchObject({ stdout: '' });
  });
});
