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
import { fail, type Problem, type ProblemCode } from '../../shared/problem.ts';
import { modeOf } from '../../shared/schedule.ts';
import { exclusionProblem, limitProblem, type UsableInput, unsupportedOption } from './limits.ts';

interface UnassignedInput extends UsableInput {
  readonly nodes: readonly NodeStatus[];
  readonly emulate: boolean;
}

/** What is said of nodes that could build a platform and get no jobs. */
const withheldTexts: Partial<Readonly<Record<ProblemCode, string>>> = {
  'schedule.excluded': 'is excluded',
  'schedule.set-aside': 'is set aside',
  'node.paused': 'is paused',
  'node.draining': 'is draining',
  'engine.disk-low': 'has too little free disk space',
};

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
  // those that are excluded by name are not asked what they can build
  const excluded = (input.exclude ?? []).filter((name) => sorted.every(({ connection }) => connection !== name));
  const described = [
    ...sorted.map((status) => describeNode(status, platform, input)),
    ...excluded.map((name) => `${name} is excluded`),
  ].join('; ');
  const orInclude = excluded.length > 0 ? ` Or include ${formatList(excluded)} again.` : '';
  const withheld = nodes.flatMap((node) => withheldProblem(node, platform, input) ?? []);
  if (withheld[0]) {
    const { code, fix, actions } = withheld[0];
    const detail = withheld.map(({ message }) => message).join('\n');
    const { problem } = fail(code, `No node can build ${platform}: ${described}.`, fix, detail);
    return { ...problem, ...(actions ? { actions } : {}) };
  }
  const emulating = nodes.filter((node) => modeOf(node, platform) && !limitProblem(node, input));
  if (emulating.length > 0 && !input.emulate) {
    return fail(
      'schedule.no-native-node',
      `No node runs ${platform} natively, and emulation is not allowed. ${emulating.map(({ connection }) => connection).join(', ')} could emulate it.`,
      `Allow emulation, or add a node that runs ${platform}.${orInclude}`,
    ).offering({ id: 'allow-emulation' }).problem;
  }
  const isWithheld = nodes.some((node) => modeOf({ ...node, allowedPlatforms: undefined }, platform));
  const mayNotEmulate = nodes.filter((node) => isKeptFromEmulating(node, platform)).map(nameOf);
  const limits = nodes.flatMap((node) => (modeOf(node, platform) && limitProblem(node, input)) || []);
  return fail(
    'schedule.no-node',
    `No node can build ${platform}: ${described}.`,
    (limits[0]?.fix ??
      (isWithheld
        ? `Allow ${platform} in the connection of a node that can build it.`
        : mayNotEmulate.length > 0
          ? `Let ${mayNotEmulate[0]} emulate, in its connection, or add a node that runs ${platform}.`
          : suggestFix(platform, nodes, first))) + orInclude,
    limits.length > 0 ? limits.map(({ message }) => message).join('\n') : undefined,
  ).problem;
}

/** Why a node that could build a platform gets no jobs, whatever these are. */
function withheldProblem(node: Node, platform: Platform, input: UnassignedInput): Problem | undefined {
  const mode = modeOf(node, platform);
  const problem = mode && (mode === 'native' || input.emulate) ? exclusionProblem(node, input) : undefined;
  return problem && problem.code !== 'engine.unsupported' ? problem : undefined;
}

function describeNode(status: NodeStatus, wanted: Platform, input: UnassignedInput): string {
  if (status.state === 'down') {
    return `${status.connection} is down`;
  }
  const withheld = withheldProblem(status.node, wanted, input);
  if (withheld) {
    return `${status.connection} ${withheldTexts[withheld.code] ?? 'gets no jobs now'}`;
  }
  const unsupported = unsupportedOption(status.node, input);
  if (unsupported) {
    return `${status.connection} does not support ${unsupported}`;
  }
  const { emulated, allowedPlatforms } = status.node;
  if (allowedPlatforms && modeOf({ ...status.node, allowedPlatforms: undefined }, wanted)) {
    return `${status.connection} may build only ${formatList(allowedPlatforms)}, as its connection says`;
  }
  if (isKeptFromEmulating(status.node, wanted)) {
    return `${status.connection} runs ${describeNative(status.node, wanted)} and may not emulate, as its connection says`;
  }
  const unusable = findUnusable(status.node, wanted);
  if (unusable) {
    return `${status.connection} ${unusableEmulatorText(unusable)}`;
  }
  return `${status.connection} runs ${describeNative(status.node, wanted)} and emulates ${emulated.length > 0 ? `only ${emulated.join(', ')}` : 'nothing'}`;
}

/** Whether a node could emulate a platform if its connection allowed that. */
function isKeptFromEmulating(node: Node, wanted: Platform): boolean {
  const { preferences } = node;
  return preferences?.emulation === 'never' && modeOf({ ...node, preferences: undefined }, wanted) !== undefined;
}

function nameOf({ connection }: Node): string {
  return connection;
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
