import type { Selection } from '../../shared/contract.ts';
import { formatBytes } from '../../shared/format.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { formatTable } from './table.ts';
import type { TerminalFrontEnd } from './terminal.ts';

export async function probeOne(door: TerminalFrontEnd, name: string): Promise<NodeStatus | undefined> {
  const [status] = await door.waitFor(`Asking ${name}`, door.call('nodes.probe', { connections: [name] }));
  return status;
}

/** The nodes and what they are. Exit code 0 also where some are down: what was asked for is how they are. */
export async function status(door: TerminalFrontEnd, selection: Selection): Promise<number> {
  const statuses = await probe(door, selection);
  if (!door.options.json) {
    door.print(...statusTable(statuses));
  }
  tellProblems(door, statuses);
  return 0;
}

/** Each platform and who builds it. */
export async function listPlatforms(door: TerminalFrontEnd, selection: Selection): Promise<number> {
  const statuses = await door.waitFor('Asking the nodes', door.call('nodes.probe', selection));
  const nodes = statuses.flatMap((found) => (found.state === 'up' ? [found.node] : []));
  const platforms = [...new Set(nodes.flatMap(({ platform, emulated }) => [platform, ...emulated]))].sort();
  const rows = platforms.map((platform) => ({
    platform,
    native: nodes.filter((node) => node.platform === platform).map(({ connection }) => connection),
    emulated: nodes.filter(({ emulated }) => emulated.includes(platform)).map(({ connection }) => connection),
  }));
  door.answer(rows, () =>
    formatTable(
      [{ title: 'PLATFORM' }, { title: 'NATIVE' }, { title: 'EMULATED' }],
      rows.map(({ platform, native, emulated }) => [platform, native.join(', '), emulated.join(', ')]),
    ),
  );
  tellProblems(door, statuses);
  return 0;
}

export async function prune(door: TerminalFrontEnd, selection: Selection): Promise<number> {
  const reports = await door.waitFor('Freeing space', door.call('nodes.prune', selection));
  door.answer(reports, () =>
    formatTable(
      [{ title: 'NODE' }, { title: 'FREED', align: 'right' }],
      reports.map(({ node, reclaimedBytes, problem }) => [node, problem ? 'failed' : formatBytes(reclaimedBytes)]),
    ),
  );
  const problems = reports.flatMap(({ problem }) => problem ?? []);
  for (const problem of problems) {
    door.tell(problem);
  }
  return problems.length === 0 ? 0 : 1;
}

/** Probes, and where JSON is wanted prints each finding as it comes. */
async function probe(door: TerminalFrontEnd, selection: Selection): Promise<NodeStatus[]> {
  const unsubscribe = door.subscribe((event) => {
    if (door.options.json && event.event === 'node.changed') {
      door.print(JSON.stringify(event));
    }
  });
  try {
    return await door.waitFor('Asking the nodes', door.call('nodes.probe', selection));
  } finally {
    unsubscribe();
  }
}

function statusTable(statuses: readonly NodeStatus[]): string[] {
  return formatTable(
    [
      { title: 'NODE' },
      { title: 'STATE' },
      { title: 'ENGINE' },
      { title: 'PLATFORM' },
      { title: 'EMULATES' },
      { title: 'CPUS', align: 'right' },
      { title: 'FREE MEMORY', align: 'right' },
      { title: 'FREE DISK', align: 'right' },
      { title: 'LATENCY', align: 'right' },
    ],
    statuses.map((found) => {
      if (found.state === 'down') {
        return [found.connection, 'down'];
      }
      const { engine, version, platform, emulated, cpus, memory, disk, latencyMs } = found.node;
      return [
        found.connection,
        'up',
        `${engine} ${version}`,
        platform,
        emulated.map((name) => name.replace(/^linux\//, '')).join(', '),
        String(cpus),
        formatBytes(memory.free),
        formatBytes(disk.free),
        `${latencyMs.toFixed(latencyMs < 10 ? 1 : 0)} ms`,
      ];
    }),
  );
}

function tellProblems(door: TerminalFrontEnd, statuses: readonly NodeStatus[]): void {
  for (const found of statuses) {
    if (found.state === 'down') {
      door.tell(found.problem);
    }
  }
}
