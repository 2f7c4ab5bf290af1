import type { OptionValues } from '../../shared/build-options.ts';
import {
  canInstallEmulator,
  emulatorFixCommand,
  installEmulatorCommand,
  type UnusableEmulator,
  unusableEmulatorText,
} from '../../shared/emulation.ts';
import { formatList } from '../../shared/format.ts';
import type { Node, NodeStatus } from '../../shared/node.ts';
import { needsNewerProcessor, type Platform, platformOf, platformParts } from '../../shared/platform.ts';
import { fail, type Problem } from '../../shared/problem.ts';
import { modeOf } from '../../shared/schedule.ts';
import { limitProblem, unsupportedOption } from './limits.ts';

interface UnassignedInput extends OptionValues {
  readonly nodes: readonly NodeStatus[];
  readonly emulate: boolean;
}

/** Why no node can build a platform: what each node can build, and what would help. */
export function unassignedProblem(platform: Platform, input: UnassignedInput): Problem {
  const sorted = [...input.nodes].sort((one, other) => (one.connection < other.connection ? -1 : 1));
  const nodes = sorted.flatMap((status) => (status.state === 'up' ? [status.node] : []));
  const [first] = nodes;
  if (!first) {
    const names = sorted.map(({ connection }) => connection).join(', ');
    return fail(
      'schedule.no-node',
      names
        ? `No node can build ${platform}: all nodes are down (${names}).`
        : `No node can build ${platform}: there are no nodes.`,
      names ? 'Check their connections.' : 'Add a connection to a machine with podman or docker.',
    ).offering({ id: names ? 'show-connections' : 'add-connection' }).problem;
  }
  const emulating = nodes.filter((node) => modeOf(node, platform) && !limitProblem(node, input));
  if (emulating.length > 0 && !input.emulate) {
    return fail(
      'schedule.no-native-node',
      `No node runs ${platform} natively, and emulation is not allowed. ${emulating.map(({ connection }) => connection).join(', ')} could emulate it.`,
      `Allow emulation, or add a node that runs ${platform}.`,
    ).offering({ id: 'allow-emulation' }).problem;
  }
  const isWithheld = nodes.some((node) => modeOf({ ...node, allowedPlatforms: undefined }, platform));
  const limits = nodes.flatMap((node) => (modeOf(node, platform) && limitProblem(node, input)) || []);
  return fail(
    'schedule.no-node',
    `No node can build ${platform}: ${sorted.map((status) => describeNode(status, platform, input)).join('; ')}.`,
    limits[0]?.fix ??
      (isWithheld
        ? `Allow ${platform} in the connection of a node that can build it.`
        : suggestFix(platform, nodes, first)),
    limits.length > 0 ? limits.map(({ message }) => message).join('\n') : undefined,
  ).problem;
}

function describeNode(status: NodeStatus, wanted: Platform, input: UnassignedInput): string {
  if (status.state === 'down') {
    return `${status.connection} is down`;
  }
  const unsupported = unsupportedOption(status.node, input);
  if (unsupported) {
    return `${status.connection} does not support ${unsupported}`;
  }
  const { emulated, allowedPlatforms } = status.node;
  if (allowedPlatforms && modeOf({ ...status.node, allowedPlatforms: undefined }, wanted)) {
    return `${status.connection} may build only ${formatList(allowedPlatforms)}, as its connection says`;
  }
  const unusable = findUnusable(status.node, wanted);
  if (unusable) {
    return `${status.connection} ${unusableEmulatorText(unusable)}`;
  }
  return `${status.connection} runs ${describeNative(status.node, wanted)} and emulates ${emulated.length > 0 ? `only ${emulated.join(', ')}` : 'nothing'}`;
}

/** What a node runs, with what is known of its processor if that decides. */
function describeNative({ platform, processor }: Node, wanted: Platform): string {
  const { os, architecture } = platformParts(platform);
  if (!needsNewerProcessor(wanted) || platformParts(wanted).architecture !== architecture) {
    return platform;
  }
  const { variant } = processor ?? {};
  return variant === undefined
    ? `${platform}, on a processor that could not be read,`
    : (platformOf({ os, architecture, variant }) ?? platform);
}

function findUnusable({ unusableEmulators = [] }: Node, wanted: Platform): UnusableEmulator | undefined {
  return unusableEmulators.find(({ platform }) => platform === wanted);
}

function suggestFix(platform: Platform, nodes: readonly Node[], first: Node): string {
  const { os, architecture } = platformParts(platform);
  if (needsNewerProcessor(platform)) {
    return `Add a node whose processor runs ${platform}, or build ${os}/${architecture}.`;
  }
  for (const node of nodes) {
    const unusable = findUnusable(node, platform);
    if (unusable) {
      const command = emulatorFixCommand(node, unusable);
      return `Make the emulator of ${node.connection} usable: run \`${command}\` there. Or add a node that runs ${platform} natively.`;
    }
  }
  return canInstallEmulator(platform)
    ? `Install an emulator, for example on ${first.connection} with \`${installEmulatorCommand(first, platform)}\`, or add a node that runs ${platform} natively.`
    : `Add a node that runs ${platform} natively.`;
}
