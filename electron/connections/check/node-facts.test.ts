import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { Run } from '../../engines/transport/socket.ts';
import { lookAround, readFacts } from './node-facts.ts';

const here: Run = (command) =>
  new Promise((resolve) => {
    execFile('sh', ['-c', command], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });

describe('looking around on a machine', () => {
  test('tells who is signed in there and what commands it has, by any POSIX shell', async () => {
    const facts = await lookAround(here);
    expect(facts).toMatchObject({ uid: userInfo().uid, user: userInfo().username });
    const systemctl = await here('command -v systemctl');
    expect(facts?.commands.has('systemctl')).toBe(systemctl.code === 0);
  });

  test('finds nothing out where another command is run in the place of ours, or none', async () => {
    const forced: Run = () => here('echo This account is not for you.');
    expect(await lookAround(forced)).toBeUndefined();
    expect(await lookAround(() => Promise.reject(new Error('refused')))).toBeUndefined();
  });

  test('ends with the reason of its signal', async () => {
    const cancelled = AbortSignal.abort(new Error('cancelled'));
    await expect(lookAround(() => Promise.reject(new Error('refused')), cancelled)).rejects.toThrow('cancelled');
  });
});

test('emulators are known by their names, however a distribution calls them', () => {
  const printed = `uid 1000\nuser kim\nemulator qemu-aarch64-static\nemulator qemu-aarch64\nemulator s390x-binfmt-P
emulator qemu-img\nemulator qemu-constructor\nlooked\n`;
  expect(readFacts(printed)?.emulators).toEqual(['aarch64', 's390x']);
});
