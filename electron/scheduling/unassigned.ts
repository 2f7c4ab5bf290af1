import type { Node, NodeStatus } from '../../shared/node.ts';
import { type Platform, platformParts } from '../../shared/platform.ts';
import { fail, type Problem } from '../../shared/problem.ts';

/** Why no node can build a platform: what each node can build, and what would help. */
export function unassignedProblem(platform: Platform, statuses: readonly NodeStatus[], emulate: boolean): Problem {
  const sorted = [...statuses].sort((one, other) => (one.connection < other.connection ? -1 : 1));
  const nodes = sorted.flatMap((status) => (status.state === 'up' ? [status.node] : []));
  const emulating = nodes.filter(({ emulated }) => emulated.includes(platform));
  const [first] = nodes;
  if (!first) {
    const names = sorted.map(({ connection }) => connection).join(', ');
    return fail(
      'schedule.no-node',
      names
        ? `No node can build ${platform}: all nodes are down (${names}).`
        : `No node can build ${platform}: there are no nodes.`,
      names
        ? 'Check what is wrong with each of them: `barnraiser status`.'
        : 'Add one: `barnraiser connection add NAME ssh://user@host`.',
    ).problem;
  }
  if (emulating.length > 0 && !emulate) {
    return fail(
      'schedule.no-native-node',
      `No node runs ${platform} natively, and emulation is not allowed. ${emulating.map(({ connection }) => connection).join(', ')} could emulate it.`,
      `Allow emulation (remove \`--no-emulation\`), or add a node that runs ${platform}.`,
    ).problem;
  }
  return fail(
    'schedule.no-node',
    `No node can build ${platform}: ${sorted.map(describeNode).join('; ')}.`,
    suggestFix(platform, first),
  ).problem;
}

function describeNode(status: NodeStatus): string {
  if (status.state === 'down') {
    return `${status.connection} is down`;
  }
  const { platform, emulated } = status.node;
  return `${status.connection} runs ${platform} and emulates ${emulated.length > 0 ? `only ${emulated.join(', ')}` : 'nothing'}`;
}

/** Architectures that tonistiigi/binfmt has an emulator for. */
const emulators = new Set('386 amd64 arm arm64 loong64 mips64 mips64le ppc64le riscv64 s390x'.split(' '));

function suggestFix(platform: Platform, { connection, engine, rootless }: Node): string {
  const { os, architecture } = platformParts(platform);
  if (os !== 'linux' || !emulators.has(architecture)) {
    return `Add a node that runs ${platform} natively.`;
  }
  // only root may register an emulator with the kernel
  const command = `${rootless ? 'sudo ' : ''}${engine} run --privileged --rm docker.io/tonistiigi/binfmt --install ${architecture}`;
  return `Install an emulator, for example on ${connection} with \`${command}\`, or add a node that runs ${platform} natively.`;
}
