/** What is measured, and how much of the other program's time or of the limit we may use. */

export interface Row {
  readonly id: string;
  readonly title: string;
  /** What ours is compared with. */
  readonly peer: string;
  readonly unit: 's' | 'MB';
  /** The largest ratio of ours to theirs that we accept. */
  readonly goal: number;
  /** Why the goal is missed, as profiling has shown it. Shown only where it is missed. */
  readonly reason?: string;
}

const farm = { peer: 'podman farm build', unit: 's' } as const;
const ssh = { peer: 'ssh', unit: 's' } as const;

/** The lines of the rows `line/…`. */
export const lines = [
  { name: '20ms-100mbit', roundTripMs: 20, megabitsPerSecond: 100 },
  { name: '50ms-20mbit', roundTripMs: 50, megabitsPerSecond: 20 },
  { name: '100ms-200mbit', roundTripMs: 100, megabitsPerSecond: 200 },
] as const;

export const rows: readonly Row[] = [
  { id: 'farm/amd64/first', title: 'amd64: first build, with a new layer of 50 MB', goal: 1.1, ...farm },
  { id: 'farm/amd64/changed', title: 'amd64: one small file changed', goal: 1, ...farm },
  { id: 'farm/amd64/nothing', title: 'amd64: nothing changed', goal: 0.4, ...farm },
  { id: 'farm/amd64/attached', title: 'amd64: nothing changed, with the app open', goal: 0.2, ...farm },
  { id: 'farm/arm64/first', title: 'amd64 and emulated arm64: first build', goal: 1.05, ...farm },
  { id: 'farm/arm64/changed', title: 'amd64 and emulated arm64: one small file changed', goal: 1, ...farm },
  { id: 'farm/arm64/nothing', title: 'amd64 and emulated arm64: nothing changed', goal: 0.2, ...farm },
  { id: 'farm/line/changed', title: 'amd64 over 100 Mbit/s and 20 ms: one small file changed', goal: 0.4, ...farm },
  { id: 'farm/line/nothing', title: 'amd64 over 100 Mbit/s and 20 ms: nothing changed', goal: 0.1, ...farm },
  { id: 'push/first', title: 'push of 1 GB for two platforms', peer: 'skopeo copy --all', unit: 's', goal: 1 },
  {
    id: 'push/mount',
    title: 'push of 1 GB that another repository of the registry has',
    peer: 'skopeo copy --all',
    unit: 's',
    goal: 1.2,
  },
  { id: 'pack/all', title: 'packing 40,000 small files', peer: 'GNU tar', unit: 's', goal: 3 },
  ...lines.flatMap(({ name, roundTripMs, megabitsPerSecond }): Row[] =>
    (['context', 'image'] as const).map((part) => ({
      id: `line/${name}/${part}`,
      title: `20 MB of ${part} over ${megabitsPerSecond} Mbit/s and ${roundTripMs} ms`,
      goal: 1.1,
      ...ssh,
    })),
  ),
  { id: 'connect/direct', title: 'connecting to a node and reading the version of its engine', goal: 1, ...ssh },
  { id: 'connect/jump-hosts', title: 'connecting through three jump hosts', goal: 1, ...ssh },
  { id: 'connect/line', title: 'connecting over 200 Mbit/s and 100 ms', goal: 1, ...ssh },
  {
    id: 'memory/peak',
    title: 'peak memory while 1 GB is sent to three nodes at once',
    peer: 'the limit',
    unit: 'MB',
    goal: 1,
  },
  { id: 'history/first-page', title: 'first page of 100,000 builds', peer: 'the limit', unit: 's', goal: 1 },
];
