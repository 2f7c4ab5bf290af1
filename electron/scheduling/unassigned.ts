import type { Node, NodeStatus } from '../../shared/node.ts';
import { type Platform, platformParts } from '../../shared/platform.ts';
import { fail, type Problem } from '../../shared/problem.ts';

/** Why no node can build a platform: what each that was asked can do instead, and what would help. */
export function unassignedProblem(platform: Platform, statuses: readonly NodeStatus[], emulate: boolean): Problem {
  const sorted = [...statuses].sort((one, other) => (one.connection < other.connection ? -1 : 1));
  const nodes = sorted.flatMap((status) => (status.state === 'up' ? [status.node] : []));
  const emulating = nodes.filter(({ emulated }) => emulated.includes(platform));
  const [first] = nodes;
  if (!first) {
    const asked = sorted.map(({ connection }) => connection).join(', ');
    return fail(
      'schedule.no-node',
      `No node can build ${platform}: ${asked ? `none is up of ${asked}` : 'there are none'}.`,
      asked
        ? 'See what is wrong with each with `barnraiser status`.'
        : 'Add one with `barnraiser connection add NAME ssh://user@host`.',
    ).problem;
  }
  if (emulating.length > 0 && !emulate) {
    return fail(
      'schedule.no-native-node',
      `No node runs ${platform} natively, and emulation is switched off; ${emulating.map(({ connection }) => connection).join(', ')} could emulate it.`,
      `Allow emulation (leave out \`--no-emulation\`), or add a node that runs ${platform}.`,
    ).problem;
  }
  return fail(
    'schedule.no-node',
    `No node can build ${platform}: ${sorted.map(abilities).join('; ')}.`,
    advice(platform, first),
  ).problem;
}

function abilities(status: NodeStatus): string {
  if (status.state === 'down') {
    return `${status.connection} is down`;
  }
  const { platform, emulated } = status.node;
  return `${status.connection} runs ${platform} and emulates ${emulated.length > 0 ? `${emulated.join(', ')} only` : 'nothing'}`;
}

/** What tonistiigi/binfmt can install an emulator for. */
const emulators = new Set('386 amd64 arm arm64 loong64 mips64 mips64le ppc64le riscv64 s390x'.split(' '));

function advice(platform: Platform, { connection, engine, rootless }: Node): string {
  const { os, architecture } = platformParts(platform);
  if (os !== 'linux' || !emulators.has(architecture)) {
    return `Add a node that runs ${platform} natively.`;
  }
  // emulators are registered with the kernel, which only root may do
  const command = `${rootless ? 'sudo ' : ''}${engine} run --privileged --rm docker.io/tonistiigi/binfmt --install ${architecture}`;
  return `Register an emulator, for example on ${connection} with \`${command}\`, or add a node that runs ${platform} natively.`;
}
