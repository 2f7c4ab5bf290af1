import { optionRow } from '../../../shared/build-options.ts';
import { emulatorFixCommand, unusableEmulatorText } from '../../../shared/emulation.ts';
import type { NodeSelection } from '../../../shared/farm.ts';
import { formatBytes, formatCount } from '../../../shared/format.ts';
import { engineText, type Node, type NodeStatus, nodeStateOf, nodeStateWords } from '../../../shared/node.ts';
import { allLimits, unsupportedText } from '../../../shared/option-support.ts';
import type { Platform } from '../../../shared/platform.ts';
import type { NodeHold } from '../../../shared/queue.ts';
import { holdText, holdWords } from '../../../shared/queue-text.ts';
import { type Mode, modeOf, modesOf } from '../../../shared/schedule.ts';
import { setAsideText } from '../../../shared/set-aside-text.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { formatTable } from '../output/columns.ts';
import { actionHint } from '../output/problem-actions.ts';
import { cleanLine } from '../output/text.ts';
import { selectedNames } from './selected-names.ts';

/** Prints a table of the nodes; as JSON, one event per node as it answers. The exit code is 0 even if nodes are down. */
export async function showNodeStatus(frontEnd: TerminalFrontEnd, selection: NodeSelection): Promise<number> {
  const { json } = frontEnd.options;
  const waiting = new Set(json ? await selectedNames(frontEnd, selection) : []);
  const unsubscribe = frontEnd.subscribe((event) => {
    // a running app also reports nodes that others probe
    if (event.event === 'node.changed' && waiting.delete(event.status.connection)) {
      frontEnd.printJson(event);
    }
  });
  let statuses: NodeStatus[];
  try {
    statuses = await probeNodes(frontEnd, selection);
  } finally {
    unsubscribe();
  }
  if (!json) {
    const all = await frontEnd.call('nodes.holds', {});
    const holds = all.filter(({ node }) => statuses.some(({ connection }) => connection === node));
    frontEnd.print(...statusTable(statuses, holds));
    frontEnd.printNotes(
      ...holds.map((hold) => cleanLine(`${holdText(hold)}.`)),
      ...statuses.flatMap((status) =>
        status.state === 'up'
          ? [...setAsideNotes(status), ...(status.node.capabilities.notes ?? []), ...emulatorTexts(status.node)].map(
              (note) => cleanLine(`${status.connection}: ${note}`),
            )
          : [],
      ),
      ...unsupportedNotes(statuses),
    );
  }
  reportDownNodes(frontEnd, statuses);
  return 0;
}

function setAsideNotes({ connection, setAside }: Extract<NodeStatus, { state: 'up' }>): string[] {
  return setAside ? [`${setAside.problem.message} ${actionHint({ id: 'use-node-again', node: connection })}`] : [];
}

/** The options that a single node does not support. Of several nodes, only how to see them: the texts are long. */
function unsupportedNotes(statuses: readonly NodeStatus[]): string[] {
  const nodes = statuses.flatMap((status) => (status.state === 'up' ? [status.node] : []));
  const first = nodes.find((node) => unsupportedText(node) !== undefined);
  if (first === undefined) {
    return [];
  }
  return statuses.length === 1
    ? [cleanLine(`${first.connection}: ${unsupportedText(first)}`)]
    : [cleanLine(`For the options that a node does not support, run barnraiser status --node ${first.connection}.`)];
}

/** What the node cannot emulate although it has an emulator, with the command that changes that. */
function emulatorTexts(node: Node): string[] {
  return (node.unusableEmulators ?? []).map(
    (emulator) => `It ${unusableEmulatorText(emulator)}. Run there: ${emulatorFixCommand(node, emulator)}`,
  );
}

/** Prints each platform with the nodes that build it. */
export async function listPlatforms(frontEnd: TerminalFrontEnd, selection: NodeSelection): Promise<number> {
  const statuses = await probeNodes(frontEnd, selection);
  const nodes = statuses.flatMap((status) => (status.state === 'up' ? [status.node] : []));
  const platforms = [...new Set(nodes.flatMap((node) => [...modesOf(node).keys()]))].sort();
  const namesOf = (platform: Platform, mode: Mode) =>
    nodes.filter((node) => modeOf(node, platform) === mode).map(({ connection }) => connection);
  const rows = platforms.map((platform) => ({
    platform,
    native: namesOf(platform, 'native'),
    emulated: namesOf(platform, 'emulated'),
  }));
  frontEnd.printResult(rows, () =>
    formatTable(
      [{ title: 'PLATFORM' }, { title: 'NATIVE' }, { title: 'EMULATED' }],
      rows.map(({ platform, native, emulated }) => [platform, native.join(', '), emulated.join(', ')]),
    ),
  );
  reportDownNodes(frontEnd, statuses);
  return 0;
}

async function probeNodes(frontEnd: TerminalFrontEnd, selection: NodeSelection): Promise<NodeStatus[]> {
  return frontEnd.showWait('Checking the nodes', frontEnd.call('nodes.probe', selection));
}

function statusTable(statuses: readonly NodeStatus[], holds: readonly NodeHold[]): string[] {
  const stateOf = ({ connection }: NodeStatus, word: string): string => {
    const hold = holds.find(({ node }) => node === connection);
    return hold ? `${word}, ${holdWords[hold.state].toLowerCase()}` : word;
  };
  return formatTable(
    [
      { title: 'NODE' },
      { title: 'STATE' },
      { title: 'ENGINE' },
      { title: 'RUNS' },
      { title: 'EMULATES' },
      { title: 'LOAD', align: 'right' },
      { title: 'FREE MEMORY', align: 'right' },
      { title: 'FREE DISK', align: 'right' },
      { title: 'LATENCY', align: 'right' },
      { title: 'CANNOT' },
    ],
    statuses.map((status) => {
      if (status.state === 'down') {
        return [status.connection, stateOf(status, nodeStateWords[nodeStateOf(status)].toLowerCase())];
      }
      const unknown = '?';
      const { load, cpus, memory, disk, latencyMs } = status.node;
      return [
        status.connection,
        stateOf(status, status.setAside ? setAsideText(status.setAside) : 'up'),
        engineText(status.node),
        platformsOf(status.node, 'native'),
        platformsOf(status.node, 'emulated'),
        loadText(load, cpus) ?? unknown,
        memory ? formatBytes(memory.free) : unknown,
        disk ? formatBytes(disk.free) : unknown,
        `${latencyMs.toFixed(latencyMs < 10 ? 1 : 0)} ms`,
        limitFlags(status.node),
      ];
    }),
  );
}

/** `1.2 of 4`: the load and the number of processors. */
function loadText(load: number | undefined, cpus: number | undefined): string | undefined {
  return cpus === undefined ? load?.toFixed(1) : `${load?.toFixed(1) ?? '?'} of ${cpus}`;
}

/** The flags of builds that a node cannot do: `--pull=never, 12 more options`. */
function limitFlags(node: Node): string {
  const limits = allLimits(node);
  const flags = limits.flatMap(({ option, value }) => {
    const { kind, flag, choices } = optionRow(option);
    return value === undefined || kind !== 'choice'
      ? []
      : (choices?.find((choice) => choice.value === value)?.flag ?? `${flag?.split(' ')[0]}=${value}`);
  });
  const more = limits.length - flags.length;
  const rest = flags.length > 0 ? formatCount(more, 'more option') : formatCount(more, 'option');
  return [...flags, ...(more > 0 ? [rest] : [])].join(', ');
}

/** `amd64, 386`: the own platform first. */
function platformsOf(node: Node, mode: Mode): string {
  const platforms = [...modesOf(node)].filter(([, each]) => each === mode).map(([platform]) => platform);
  return platforms.map((name) => name.replace(/^linux\//, '')).join(', ');
}

function reportDownNodes(frontEnd: TerminalFrontEnd, statuses: readonly NodeStatus[]): void {
  for (const status of statuses) {
    if (status.state === 'down') {
      frontEnd.reportProblem(status.problem);
    }
  }
}
