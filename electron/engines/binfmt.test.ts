import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { parsePlatform } from '../../shared/platform.ts';
import { emulatedPlatforms, printHandlersCommand, readHandlers, unusableEmulators } from './binfmt.ts';

/** Entries as the kernel prints them, with the names and bytes from qemu's and Debian's registrations. */
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

describe('unusable handlers', () => {
  test('are handlers without flag F and disabled handlers', () => {
    const printed = arm64.replace('POF', 'PO') + s390x.replace(':enabled', ':disabled') + arm + on;
    expect(readHandlers(printed)).toEqual({
      platforms: ['linux/arm/v7', 'linux/arm/v6'],
      withoutF: ['linux/arm64'],
      disabled: ['linux/s390x'],
    });
  });

  test('are all handlers if binfmt_misc is disabled', () => {
    expect(readHandlers(`${arm64}${s390x}./status:disabled\n`)).toEqual({
      platforms: [],
      withoutF: [],
      disabled: ['linux/arm64', 'linux/s390x'],
    });
  });

  test('are not reported if another handler covers the same platform', () => {
    const other = arm64.replaceAll('qemu-aarch64', 'other').replace('POF', 'PO');
    expect(readHandlers(arm64 + other + on)).toEqual({ platforms: ['linux/arm64'], withoutF: [], disabled: [] });
  });
});

describe('what keeps containers from using an emulator', () => {
  function unusable(printed: string, platform = 'linux/amd64') {
    const node = {
      platform: parsePlatform(platform) ?? expect.fail(platform),
      emulated: emulatedPlatforms(printed),
    };
    return unusableEmulators(printed, node).unusableEmulators;
  }

  test('is a missing flag F, a disabled handler, or that binfmt_misc is off', () => {
    const printed = arm64.replace('POF', 'PO') + s390x.replace(':enabled', ':disabled') + arm + on;
    expect(unusable(printed)).toEqual([
      { platform: 'linux/arm64', handler: 'qemu-aarch64', reason: 'no-flag-f' },
      { platform: 'linux/s390x', handler: 'qemu-s390x', reason: 'disabled' },
    ]);
    expect(unusable(`${arm64}./status:disabled\n`)).toEqual([
      { platform: 'linux/arm64', handler: 'qemu-aarch64', reason: 'off' },
    ]);
  });

  test('is nothing for what the node runs itself, for what works, and without handlers', () => {
    expect(unusable(arm64 + on)).toBeUndefined();
    expect(unusable(i386.replace('flags: F', 'flags: ') + on)).toBeUndefined();
    expect(unusable(arm.replace('OCF', 'OC') + on, 'linux/arm64')).toBeUndefined();
    expect(unusable('')).toBeUndefined();
  });

  test('names no handler that a shell would not take as a word', () => {
    expect(unusable(arm64.replaceAll('qemu-aarch64', 'a;reboot').replace('POF', 'PO') + on)).toBeUndefined();
  });
});

describe('the platforms that a kernel emulates', () => {
  test('are the platforms that one of its handlers covers', () => {
    expect(emulatedPlatforms(arm64 + on)).toEqual(['linux/arm64']);
    expect(emulatedPlatforms(arm64 + i386 + s390x + on)).toEqual(['linux/386', 'linux/arm64', 'linux/s390x']);
  });

  test('include both 32-bit arm variants, whose ELF headers are the same', () => {
    expect(emulatedPlatforms(arm + on)).toEqual(['linux/arm/v7', 'linux/arm/v6']);
  });

  test('are empty if binfmt_misc is disabled', () => {
    expect(emulatedPlatforms(`${arm64}./status:disabled\n`)).toEqual([]);
  });

  test('do not include disabled handlers', () => {
    expect(emulatedPlatforms(arm64.replace(':enabled', ':disabled') + arm + on)).toEqual([
      'linux/arm/v7',
      'linux/arm/v6',
    ]);
  });

  test('do not include handlers without flag F, whose interpreter containers do not have', () => {
    expect(emulatedPlatforms(arm64.replace('POF', 'PO') + on)).toEqual([]);
    expect(emulatedPlatforms(arm64.replace('POF', '') + on)).toEqual([]);
  });

  test('do not include handlers that match only fixed-address executables', () => {
    const fixedOnly = entry('qemu-aarch64', { flags: 'F', magic: '7f454c460201010000000000000000000200b700' });
    expect(emulatedPlatforms(fixedOnly + on)).toEqual([]);
  });

  test('do not include handlers for scripts and archives', () => {
    const jar = './jar:enabled\n./jar:interpreter /usr/bin/java\n./jar:flags: F\n./jar:extension .jar\n';
    const python = entry('python3.11', { flags: 'F', magic: 'a70d0d0a' });
    expect(emulatedPlatforms(jar + python + on)).toEqual([]);
  });

  test('are found by handlers with an offset', () => {
    const machineOnly = './x:enabled\n./x:interpreter /x\n./x:flags: F\n./x:offset 18\n./x:magic b700\n';
    expect(emulatedPlatforms(machineOnly + on)).toEqual(['linux/arm64']);
  });

  test('are empty if the kernel has no handlers', () => {
    expect(emulatedPlatforms('')).toEqual([]);
  });

  test('can be printed on every machine', () => {
    const printed = execFileSync('sh', ['-c', `${printHandlersCommand}; true`], { encoding: 'utf8' });
    expect(printed === '' || printed.includes('./status:')).toBe(true);
  });
});
