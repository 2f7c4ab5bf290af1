import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { emulatedPlatforms, printHandlers, readHandlers } from './binfmt.ts';

/** Entries as the kernel prints them, with the names and bytes that qemu's and Debian's registrations use. */
const arm64 = entry('qemu-aarch64', {
  flags: 'POF',
  magic: '7f454c460201010000000000000000000200b700',
  mask: 'ffffffffffffff00fffffffffffffffffeffffff',
});
const arm = entry('qemu-arm', {
  flags: 'OCF',
  magic: '7f454c4601010100000000000000000002002800',
  mask: 'ffffffffffffff00fffffffffffffffffeffffff',
});
const s390x = entry('qemu-s390x', {
  flags: 'POCF',
  magic: '7f454c4602020100000000000000000000020016',
  mask: 'ffffffffffffff00fffffffffffffffffffeffff',
});
const i386 = entry('qemu-i386', {
  flags: 'F',
  magic: '7f454c4601010100000000000000000002000300',
  mask: 'fffffffffffefe00fffffffffffffffffeffffff',
});

function entry(
  name: string,
  { state = 'enabled', flags, magic, mask }: { state?: string; flags: string; magic: string; mask?: string },
) {
  const lines = [state, 'interpreter /usr/bin/qemu', `flags: ${flags}`, 'offset 0', `magic ${magic}`];
  return [...lines, ...(mask === undefined ? [] : [`mask ${mask}`])].map((line) => `./${name}:${line}\n`).join('');
}
const on = './status:enabled\n';

describe('handlers that are there for nothing', () => {
  test('are those without flag F, and those that are switched off', () => {
    const printed = arm64.replace('POF', 'PO') + s390x.replace(':enabled', ':disabled') + arm + on;
    expect(readHandlers(printed)).toEqual({
      platforms: ['linux/arm/v7', 'linux/arm/v6'],
      withoutF: ['linux/arm64'],
      disabled: ['linux/s390x'],
    });
  });

  test('are all of them where all are switched off', () => {
    expect(readHandlers(`${arm64}${s390x}./status:disabled\n`)).toEqual({
      platforms: [],
      withoutF: [],
      disabled: ['linux/arm64', 'linux/s390x'],
    });
  });

  test('do not count beside one for the same programs that works', () => {
    const other = arm64.replaceAll('qemu-aarch64', 'other').replace('POF', 'PO');
    expect(readHandlers(arm64 + other + on)).toEqual({ platforms: ['linux/arm64'], withoutF: [], disabled: [] });
  });
});

describe('the platforms that a kernel emulates', () => {
  test('are those whose programs one of its handlers takes', () => {
    expect(emulatedPlatforms(arm64 + on)).toEqual(['linux/arm64']);
    expect(emulatedPlatforms(arm64 + i386 + s390x + on)).toEqual(['linux/386', 'linux/arm64', 'linux/s390x']);
  });

  test('hold both variants of 32-bit arm, whose programs look the same', () => {
    expect(emulatedPlatforms(arm + on)).toEqual(['linux/arm/v7', 'linux/arm/v6']);
  });

  test('are none where all handlers are switched off', () => {
    expect(emulatedPlatforms(`${arm64}./status:disabled\n`)).toEqual([]);
  });

  test('leave out a handler that is switched off', () => {
    expect(emulatedPlatforms(arm64.replace(':enabled', ':disabled') + arm + on)).toEqual([
      'linux/arm/v7',
      'linux/arm/v6',
    ]);
  });

  test('leave out a handler without flag F, whose interpreter no container has', () => {
    expect(emulatedPlatforms(arm64.replace('POF', 'PO') + on)).toEqual([]);
    expect(emulatedPlatforms(arm64.replace('POF', '') + on)).toEqual([]);
  });

  test('leave out a handler that takes only programs at a fixed place', () => {
    const fixedOnly = entry('qemu-aarch64', { flags: 'F', magic: '7f454c460201010000000000000000000200b700' });
    expect(emulatedPlatforms(fixedOnly + on)).toEqual([]);
  });

  test('leave out handlers of scripts and of archives', () => {
    const jar = './jar:enabled\n./jar:interpreter /usr/bin/java\n./jar:flags: F\n./jar:extension .jar\n';
    const python = entry('python3.11', { flags: 'F', magic: 'a70d0d0a' });
    expect(emulatedPlatforms(jar + python + on)).toEqual([]);
  });

  test('are read at the offset where a handler looks', () => {
    const machineOnly = './x:enabled\n./x:interpreter /x\n./x:flags: F\n./x:offset 18\n./x:magic b700\n';
    expect(emulatedPlatforms(machineOnly + on)).toEqual(['linux/arm64']);
  });

  test('are none where the kernel knows no foreign programs', () => {
    expect(emulatedPlatforms('')).toEqual([]);
  });

  test('can be printed on any machine', () => {
    const printed = execFileSync('sh', ['-c', `${printHandlers}; true`], { encoding: 'utf8' });
    expect(printed === '' || printed.includes('./status:')).toBe(true);
  });
});
