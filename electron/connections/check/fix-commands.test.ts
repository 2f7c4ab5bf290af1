import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { planFix } from './fix-commands.ts';
import type { NodeFacts } from './node-facts.ts';

/** A machine as most are: systemd, podman with its units, a user who is signed in. */
const machine: NodeFacts = {
  uid: 1000,
  user: 'kim',
  commands: new Set(['podman', 'systemctl', 'loginctl']),
  hasSystemd: true,
  hasUserManager: true,
  lingers: false,
  units: new Set(['user', 'system']),
  emulators: [],
  hasBinfmtLines: false,
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

describe('enabling the socket', () => {
  test("is the user's own, told where their systemd is", () => {
    const plan = planFix('enable-socket', machine);
    expect(plan?.command).toBe('systemctl --user enable --now podman.socket');
    expect(plan?.program).toContain('XDG_RUNTIME_DIR=/run/user/1000');
  });

  test('lets the user linger first where no systemd runs for them', () => {
    expect(planFix('enable-socket', { ...machine, hasUserManager: false })?.command).toBe(
      'loginctl enable-linger && systemctl --user enable --now podman.socket',
    );
  });

  test("is the machine's as root", () => {
    expect(planFix('enable-socket', root)?.command).toBe('systemctl enable --now podman.socket');
  });

  test.each([
    ['systemd does not run', { hasSystemd: false }],
    ['its command is missing', { commands: new Set(['podman']) }],
    ['podman has brought no units', { units: new Set<string>() }],
  ])('is not offered where %s', (_why, change) => {
    expect(planFix('enable-socket', { ...machine, ...change })).toBeUndefined();
    expect(planFix('start-service', { ...root, ...change })).toBeUndefined();
  });
});

test('lingering is for users, not for root', () => {
  expect(planFix('enable-linger', machine)?.command).toBe('loginctl enable-linger');
  expect(planFix('enable-linger', root)).toBeUndefined();
});

describe('registering emulators', () => {
  test('takes root, and something to register', () => {
    expect(planFix('load-binfmt', { ...machine, hasBinfmtLines: true })).toBeUndefined();
    expect(planFix('load-binfmt', root)).toBeUndefined();
  });

  test('is left to whoever does it at the start of the machine', () => {
    expect(planFix('load-binfmt', { ...root, hasBinfmtLines: true })?.command).toBe('systemctl restart systemd-binfmt');
    const debian = { ...root, commands: new Set(['update-binfmts']) };
    expect(planFix('load-binfmt', debian)?.command).toBe('update-binfmts --enable');
  });

  test('switches on what is switched off, and touches no others', () => {
    const plan = planFix('load-binfmt', { ...root, handlers: `${disabled}./status:enabled` });
    expect(plan?.program).not.toContain('systemctl');
    expect(plan?.program).toContain('echo 1');
  });
});

test('every program is one that a POSIX shell understands', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plan-'));
  try {
    const machines = [
      machine,
      root,
      { ...root, hasSystemd: false, hasBinfmtLines: true },
      { ...root, handlers: disabled },
    ];
    const programs = machines.flatMap((facts) =>
      (['enable-socket', 'start-service', 'enable-linger', 'load-binfmt'] as const).flatMap(
        (fix) => planFix(fix, facts)?.program ?? [],
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
