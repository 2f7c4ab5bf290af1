import { describe, expect, test } from 'vitest';
import { describeEmulation, emulationText, emulatorFixCommand, formatTime, type JobTime } from './emulation.ts';
import { parsePlatform } from './platform.ts';

const platform = (text: string) => parsePlatform(text) ?? expect.fail(text);
const arm64 = platform('linux/arm64');
const amd64 = platform('linux/amd64');
const time = (on: string, node: string, mode: JobTime['mode'], seconds: number): JobTime => ({
  ...{ platform: platform(on), node, mode, ms: seconds * 1000 },
});
const assignments = [
  { platform: amd64, node: 'big', mode: 'native' as const },
  { platform: arm64, node: 'big', mode: 'emulated' as const },
];
const texts = (times: readonly JobTime[], usable: readonly string[] = ['big']) =>
  describeEmulation(assignments, times, usable).map(emulationText);

describe('emulation', () => {
  test('is told with the time that it took last, and with that of a native node', () => {
    const times = [
      time('arm64', 'big', 'emulated', 430),
      time('arm64', 'pi5', 'native', 60),
      time('arm64', 'pi4', 'native', 40),
    ];
    expect(texts(times)).toEqual([
      'linux/arm64 runs emulated on big: 7 min 10 s last time. It took 40 s natively on pi4, which is not available now.',
    ]);
    expect(texts(times, ['big', 'pi4'])).toEqual([
      'linux/arm64 runs emulated on big: 7 min 10 s last time. It took 40 s natively on pi4.',
    ]);
  });

  test('is compared with another platform if nothing is known of its own', () => {
    expect(texts([time('amd64', 'big', 'native', 12)])).toEqual([
      'linux/arm64 runs emulated on big: often about ten times slower. amd64 took 12 s natively on big.',
    ]);
    expect(texts([])).toEqual(['linux/arm64 runs emulated on big: often about ten times slower.']);
    // the node has become one that emulates
    expect(texts([time('arm64', 'big', 'native', 12)])[0]).toContain('slower. It took 12 s natively on big.');
  });

  test('is not mentioned if all platforms are native', () => {
    expect(describeEmulation(assignments.slice(0, 1), [], [])).toEqual([]);
  });
});

test.each([
  [10, '1 s'],
  [59_400, '59 s'],
  [60_000, '1 min'],
  [430_000, '7 min 10 s'],
  [3_600_000, '1 h'],
  [3_900_000, '1 h 5 min'],
])('%i ms is %s', (ms, text) => {
  expect(formatTime(ms)).toBe(text);
});

test.each([
  [
    'podman',
    false,
    'no-flag-f',
    'podman run --privileged --rm docker.io/tonistiigi/binfmt --uninstall qemu-aarch64 --install arm64',
  ],
  [
    'podman',
    true,
    'no-flag-f',
    'sudo podman run --privileged --rm docker.io/tonistiigi/binfmt --uninstall qemu-aarch64 --install arm64',
  ],
  [
    'buildkit',
    false,
    'no-flag-f',
    'docker run --privileged --rm docker.io/tonistiigi/binfmt --uninstall qemu-aarch64 --install arm64',
  ],
  ['docker', undefined, 'disabled', 'echo 1 | sudo tee /proc/sys/fs/binfmt_misc/qemu-aarch64'],
  ['docker', undefined, 'off', 'echo 1 | sudo tee /proc/sys/fs/binfmt_misc/status'],
] as const)('on %s (rootless: %s), "%s" is fixed by %s', (engine, rootless, reason, command) => {
  expect(emulatorFixCommand({ engine, rootless }, { platform: arm64, handler: 'qemu-aarch64', reason })).toBe(command);
});
