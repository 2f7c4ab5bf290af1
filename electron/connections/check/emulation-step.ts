import { formatList } from '../../../shared/format.ts';
import type { Node } from '../../../shared/node.ts';
import { fail } from '../../../shared/problem.ts';
import { readHandlers } from '../../engines/binfmt.ts';
import type { EngineCheck } from './engine-check.ts';
import { type NodeFacts, platformOfProcessor } from './node-facts.ts';
import { installEmulators, placeOf, planned } from './suggested-fixes.ts';

/** What a node emulates, as its engine says, and what it could with the emulators that it has. */
export async function emulation(
  { ladder, name, destination }: EngineCheck,
  node: Node,
  look: () => Promise<NodeFacts | undefined>,
): Promise<void> {
  const place = { stage: 'emulation' } as const;
  ladder.begin(place);
  const facts = await look();
  const said = node.emulated.length > 0 ? formatList(node.emulated) : 'none';
  const warn = (message: string, fix: string, fixes: ReturnType<typeof planned> = []) =>
    ladder.warn(place, { said, problem: fail('engine.emulation', message, fix).problem, fixes });
  if (!facts) {
    if (node.emulated.length > 0) {
      ladder.pass(place, said);
    } else {
      const fix = 'Allow commands for this user in its sshd_config, or use podman 5.6 or newer there, which tells.';
      warn(`Node ${name} runs no commands of ours, so that what it emulates cannot be known.`, fix);
    }
    return;
  }
  const where = placeOf(destination);
  const foreign = (platform: string) => !isNative(platform, node) && !node.emulated.some((other) => other === platform);
  const handlers = readHandlers(facts.handlers);
  const withoutF = handlers.withoutF.filter(foreign);
  const disabled = handlers.disabled.filter(foreign);
  const installed = facts.emulators.map((name) => platformOfProcessor[name] ?? name).filter(foreign);
  const isNothingRegistered = [handlers.platforms, handlers.withoutF, handlers.disabled].every(
    ({ length }) => length === 0,
  );
  if (disabled.length > 0) {
    warn(
      `Node ${name} has emulators for ${formatList(disabled)}, and they are switched off.`,
      'Switch them on as root: write 1 into their files in /proc/sys/fs/binfmt_misc.',
      planned('load-binfmt', facts, where),
    );
  } else if (withoutF.length > 0) {
    warn(
      `Node ${name} has emulators for ${formatList(withoutF)} that no container can use: they are registered without flag F.`,
      'Install emulators that are one static program each, which are registered with flag F.',
      installEmulators(facts, where),
    );
  } else if (isNothingRegistered && node.emulated.length === 0 && installed.length > 0) {
    warn(
      `Node ${name} has emulators for ${formatList(installed)}, and the kernel knows none of them.`,
      'Register them as root: `systemctl restart systemd-binfmt`.',
      planned('load-binfmt', facts, where),
    );
  } else {
    ladder.pass(place, said, node.emulated.length === 0 ? installEmulators(facts, where) : []);
  }
}

/** Processors of 64 bits run programs of their 32-bit ancestors too. */
function isNative(platform: string, node: Node): boolean {
  const ancestors: Readonly<Record<string, readonly string[]>> = {
    'linux/amd64': ['linux/386'],
    'linux/arm64': ['linux/arm/v7', 'linux/arm/v6'],
  };
  return platform === node.platform || (ancestors[node.platform] ?? []).includes(platform);
}
