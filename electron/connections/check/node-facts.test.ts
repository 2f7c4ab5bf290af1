import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { RunCommand } from '../../engines/transport/engine-socket.ts';
import { parseNodeFacts, readNodeFacts } from './node-facts.ts';

const runHere: RunCommand = (command) =>
  new Promise((resolve) => {
    execFile('sh', ['-c', command], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });

describe('reading the facts of a node', () => {
  test('finds the user and the installed commands with any POSIX shell', async () => {
    const facts = await readNodeFacts(runHere);
    expect(facts).toMatchObject({ uid: userInfo().uid, user: userInfo().username });
    const systemctl = await runHere('command -v systemctl');
    expect(facts?.commands.has('systemctl')).toBe(systemctl.code === 0);
  });

  test('finds nothing if another command is run instead, or none', async () => {
    const forced: RunCommand = () => runHere('echo This account is not for you.');
    expect(await readNodeFacts(forced)).toBeUndefined();
    expect(await readNodeFacts(() => Promise.reject(new Error('refused')))).toBeUndefined();
  });

  test('rejects with the reason of its signal', async () => {
    const cancelled = AbortSignal.abort(new Error('cancelled'));
    await expect(readNodeFacts(() => Promise.reject(new Error('refused')), cancelled)).rejects.toThrow('cancelled');
  });
});

test('emulators are recognized by the file names that distributions use', () => {
  const printed = `uid 1000\nuser kim\nemulator qemu-aarch64-static\nemulator qemu-aarch64\nemulator s390x-binfmt-P
emulator qemu-img\nemulator qemu-constructor\nend\n`;
  expect(parseNodeFacts(printed)?.emulators).toEqual(['aarch64', 's390x']);
});
