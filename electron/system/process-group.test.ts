import { expect, test } from 'vitest';
import { type SignalSystem, signalGroup } from './process-group.ts';

/** A system with one process, 12. */
function system(platform: NodeJS.Platform) {
  const sent: string[] = [];
  const fake: SignalSystem = {
    platform,
    kill: (pid, signal) => {
      if (Math.abs(pid) !== 12) {
        throw new Error('ESRCH');
      }
      // the only ones that libuv can send on Windows
      if (platform === 'win32' && ![0, 'SIGINT', 'SIGTERM', 'SIGKILL', 'SIGQUIT'].includes(signal)) {
        throw new Error('ENOSYS');
      }
      sent.push(`${signal} ${pid}`);
    },
    endTree: (pid) => sent.push(`end ${pid}`),
  };
  return { sent, fake };
}

test.each(['linux', 'darwin'] as const)('on %s, the whole group gets the signal', (platform) => {
  const { sent, fake } = system(platform);
  expect([signalGroup(12, 'SIGHUP', fake), signalGroup(13, 'SIGHUP', fake)]).toEqual([true, false]);
  expect(sent).toEqual(['SIGHUP -12']);
});

test('on Windows, a signal that it does not have ends the process and all that it has started', () => {
  const { sent, fake } = system('win32');
  expect([signalGroup(12, 'SIGHUP', fake), signalGroup(12, 0, fake), signalGroup(13, 'SIGKILL', fake)]).toEqual([
    true,
    true,
    false,
  ]);
  expect(sent).toEqual(['0 12', 'end 12', '0 12']);
});
