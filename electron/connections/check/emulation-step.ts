import type { Fix } from '../../../shared/check.ts';
import { formatList } from '../../../shared/format.ts';
import type { Node } from '../../../shared/node.ts';
import { parsePlatform } from '../../../shared/platform.ts';
import { fail } from '../../../shared/problem.ts';
import { modesOf } from '../../../shared/schedule.ts';
import { wordOf } from '../../../shared/words.ts';
import { readHandlers } from '../../engines/binfmt.ts';
import type { CheckContext } from './check-report.ts';
import { type NodeFacts, platformByProcessor } from './node-facts.ts';
import { commandFixes, commandLocation, emulatorFixes } from './suggested-fixes.ts';

/** Reports what the node's engine emulates. Warns if the node has emulators that its containers cannot use. */
export async function checkEmulation(
  { report, name, destination }: CheckContext,
  node: Node,
  readFacts: () => Promise<NodeFacts | undefined>,
): Promise<void> {
  const step = { stage: 'emulation' } as const;
  report.start(step);
  const facts = await readFacts();
  const finding = node.emulated.length > 0 ? formatList(node.emulated) : wordOf('none');
  const warn = (message: string, fix: string, fixes: Fix[] = []) =>
    report.warn(step, { finding, problem: fail('engine.emulation', message, fix).problem, fixes });
  if (!facts) {
    if (node.emulated.length > 0 || destination.kind !== 'ssh') {
      // BuildKit lists what it emulates; over TCP, docker tells nothing
      report.pass(step, node.emulated.length > 0 || node.engine === 'buildkit' ? finding : wordOf('unknown'));
    } else {
      warn(
        `Node ${name} does not run Barnraiser's commands, so it is not known what it can emulate.`,
        'Allow commands for this user in its sshd_config, or use podman 5.6 or newer there, which reports it.',
      );
    }
    return;
  }
  const where = commandLocation(destination);
  // 32-bit programs of arm64 count as native here, so that a missing emulator for them causes no warning
  const modes = modesOf({ ...node, processor: { ...node.processor, runs32Bit: true } });
  const needsEmulator = (name: string) => {
    const platform = parsePlatform(name);
    return platform === undefined || !modes.has(platform);
  };
  const handlers = readHandlers(facts.handlers);
  const withoutF = handlers.withoutF.filter(needsEmulator);
  const disabled = handlers.disabled.filter(needsEmulator);
  const installed = facts.emulators
    .map((processor) => platformByProcessor[processor] ?? processor)
    .filter(needsEmulator);
  const isNothingRegistered = [handlers.platforms, handlers.withoutF, handlers.disabled].every(
    ({ length }) => length === 0,
  );
  if (disabled.length > 0) {
    warn(
      `Node ${name} has emulators for ${formatList(disabled)}, but they are disabled.`,
      'Enable them as root: write 1 to their files in /proc/sys/fs/binfmt_misc.',
      commandFixes('load-binfmt', facts, where),
    );
  } else if (withoutF.length > 0) {
    warn(
      `Node ${name} has emulators for ${formatList(withoutF)} that containers cannot use: they are registered without flag F.`,
      'Install statically linked emulators, which are registered with flag F.',
      emulatorFixes(facts, where),
    );
  } else if (isNothingRegistered && node.emulated.length === 0 && installed.length > 0) {
    warn(
      `Node ${name} has emulators for ${formatList(installed)}, but they are not registered with the kernel.`,
      'Register them as root: `systemctl restart systemd-binfmt`.',
      commandFixes('load-binfmt', facts, where),
    );
  } else {
    report.pass(step, finding, node.emulated.length === 0 ? emulatorFixes(facts, where) : []);
  }
}
