import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixCommandFor } from './fix-commands.ts';
import type { NodeFacts } from './node-facts.ts';

/** A typical machine: systemd, podman with its units, a user who is signed in. */
const machine: NodeFacts = {
  uid: 1000,
  user: 'kim',
  commands: new Set(['podman', 'systemctl', 'loginctl']),
  hasSystemd: true,
  hasUserManager: true,
  isLingerEnabled: false,
  units: new Set(['user', 'system']),
  emulators: [],
  hasBinfmtConfig: false,
  handlers: './status:enabled',
};
const root = { ...machine, uid: 0, user: 'root' };

const disabled = [
  'disabled',
  'flags: F',
  'offset 0',
  'magic 7f454c460201010000000000000000000200b700',
  'mask ffffffffffffff00fffffffffffffffffeffffff',
]
  .map((line) => `./qemu-aarch64:${line}\n`)
  .join('');

describe('the fix that enables the socket', () => {
  test('uses the user manager and sets XDG_RUNTIME_DIR for it', () => {
    const fixCommand = fixCommandFor('enable-socket', machine);
    expect(fixCommand?.command).toBe('systemctl --user enable --now podman.socket');
    expect(fixCommand?.program).toContain('XDG_RUNTIME_DIR=/run/user/1000');
  });

  test('enables lingering first if no user manager runs', () => {
    expect(fixCommandFor('enable-socket', { ...machine, hasUserManager: false })?.command).toBe(
      'loginctl enable-linger && systemctl --user enable --now podman.socket',
    );
  });

  test('uses the system manager as root', () => {
    expect(fixCommandFor('enable-socket', root)?.command).toBe('systemctl enable --now podman.socket');
  });

  test.each([
    ['systemd is not the init system', { hasSystemd: false }],
    ['systemctl is missing', { commands: new Set(['podman']) }],
    ['podman has no units', { units: new Set<string>() }],
  ])('is not offered if %s', (_reason, change) => {
    expect(fixCommandFor('enable-socket', { ...machine, ...change })).toBeUndefined();
    expect(fixCommandFor('start-service', { ...root, ...change })).toBeUndefined();
  });
});

test('lingering is offered to users, not to root', () => {
  expect(fixCommandFor('enable-linger', machine)?.command).toBe('loginctl enable-linger');
  expect(fixCommandFor('enable-linger', root)).toBeUndefined();
});

describe('the fix that registers emulators', () => {
  test('needs root, and emulators to register', () => {
    expect(fixCommandFor('load-binfmt', { ...machine, hasBinfmtConfig: true })).toBeUndefined();
    expect(fixCommandFor('load-binfmt', root)).toBeUndefined();
  });

  test('uses the tool that registers them at boot', () => {
    expect(fixCommandFor('load-binfmt', { ...root, hasBinfmtConfig: true })?.command).toBe(
      'systemctl restart systemd-binfmt',
    );
    const debian = { ...root, commands: new Set(['update-binfmts']) };
    expect(fixCommandFor('load-binfmt', debian)?.command).toBe('update-binfmts --enable');
  });

  test('enables disabled emulators and changes no others', () => {
    const fixCommand = fixCommandFor('load-binfmt', { ...root, handlers: `${disabled}./status:enabled` });
    expect(fixCommand?.program).not.toContain('systemctl');
    expect(fixCommand?.program).toContain('echo 1');
  });
});

test('every program is valid for a POSIX shell', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fix-'));
  try {
    const machines = [
      machine,
      root,
      { ...root, hasSystemd: false, hasBinfmtLines: true },
      { ...root, handlers: disabled },
    ];
    const programs = machines.flatMap((facts) =>
      (['enable-socket', 'start-service', 'enable-linger', 'load-binfmt'] as const).flatMap(
        (fix) => fixCommandFor(fix, facts)?.program ?? [],
      ),
    );
    expect(programs.length).toBeGreaterThan(6);
    for (const program of programs) {
      writeFileSync(join(folder, 'program'), program);
      execFileSync('sh', ['-n', join(folder, 'program')]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
