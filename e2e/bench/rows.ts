/** What is measured, and how much of the other program's time or of the limit we may use. */

export interface Row {
  readonly id: string;
  readonly title: string;
  /** What ours is compared with. */
  readonly peer: string;
  readonly unit: 's' | 'ms' | 'MB' | 'kB';
  /** The largest ratio of ours to theirs that we accept. */
  readonly goal: number;
  /** Why the goal is missed, as profiling has shown it. Shown only where it is missed. */
  readonly reason?: string;
}

const farm = { peer: 'podman farm build', unit: 's' } as const;
const docker = { peer: 'docker buildx build', unit: 's' } as const;
const dockerBytes = { peer: 'docker buildx build', unit: 'MB' } as const;
const ssh = { peer: 'ssh', unit: 's' } as const;
const limit = { peer: 'the limit', goal: 1 } as const;

/** The lines of the rows `line/…`. */
export const lines = [
  { name: '20ms-100mbit', roundTripMs: 20, megabitsPerSecond: 100 },
  { name: '50ms-20mbit', roundTripMs: 50, megabitsPerSecond: 20 },
  { name: '100ms-200mbit', roundTripMs: 100, megabitsPerSecond: 200 },
] as const;

export const rows: readonly Row[] = [
  {
    id: 'farm/amd64/first',
    title: 'amd64: first build, with a new layer of 50 MB',
    goal: 1.1,
    reason:
      'the context goes to the node first (0.35 s, as ssh alone needs) and the image comes back before it is pushed (0.8 s; the push of podman takes 0.45 s). Starting, connecting and probing take 0.25 s.',
    ...farm,
  },
  {
    id: 'farm/amd64/direct',
    title: 'amd64: first build, pushed by the node itself',
    goal: 1,
    reason:
      'the context goes to the node first: 0.35 s, as ssh alone needs. Starting, connecting and probing take 0.25 s.',
    ...farm,
  },
  {
    id: 'farm/amd64/changed',
    title: 'amd64: one small file changed',
    goal: 1,
    reason:
      'podman takes 0.5 s of it, as with the other program. Starting Node.js and loading take 0.16 s, connecting and probing 0.1 s, making the context on the node and handing it to podman 0.12 s, fetching and pushing the new layer 0.16 s.',
    ...farm,
  },
  {
    id: 'farm/amd64/nothing',
    title: 'amd64: nothing changed',
    goal: 0.4,
    reason:
      '0.12 s of it is the start of Node.js and loading. The rest is connecting, reading what the node has, and the requests to the registry.',
    ...farm,
  },
  {
    id: 'farm/amd64/attached',
    title: 'amd64: nothing changed, with the app open',
    goal: 0.2,
    reason: "0.08 s of it is the start of the terminal's own Node.js, which the app does not shorten.",
    ...farm,
  },
  {
    id: 'farm/arm64/first',
    title: 'amd64 and emulated arm64: first build',
    goal: 1.05,
    reason: 'as on amd64. Most of it is what podman takes under emulation, with both.',
    ...farm,
  },
  {
    id: 'farm/arm64/direct',
    title: 'amd64 and emulated arm64: first build, pushed by the nodes themselves',
    goal: 1,
    reason: 'the context goes to both nodes first, and the programs that read it there are emulated, too.',
    ...farm,
  },
  {
    id: 'farm/arm64/changed',
    title: 'amd64 and emulated arm64: one small file changed',
    goal: 1,
    reason:
      'signing in, and the shell and the programs that make the context on the node, are emulated: they take 0.9 s there, and 0.15 s elsewhere.',
    ...farm,
  },
  { id: 'farm/arm64/nothing', title: 'amd64 and emulated arm64: nothing changed', goal: 0.2, ...farm },
  {
    id: 'farm/line/changed',
    title: 'amd64 over 100 Mbit/s and 20 ms: one small file changed',
    goal: 0.4,
    reason: 'starting Node.js and loading, and eight round trips to connect and to probe.',
    ...farm,
  },
  {
    id: 'farm/line/nothing',
    title: 'amd64 over 100 Mbit/s and 20 ms: nothing changed',
    goal: 0.1,
    reason:
      'starting Node.js and loading take 0.16 s, six round trips to sign in and to reach podman 0.15 s, of which a part goes on while the app is loaded, its answer what it still has 0.07 s, and the registry 0.05 s.',
    ...farm,
  },
  { id: 'docker/time/first', title: 'docker: first build, with a new layer of 50 MB', goal: 1.1, ...docker },
  { id: 'docker/time/changed', title: 'docker: one small file changed', goal: 1, ...docker },
  { id: 'docker/time/nothing', title: 'docker: nothing changed', goal: 1, ...docker },
  {
    id: 'docker/bytes/changed',
    title: 'docker: bytes on the line, 1 of 10,000 files changed',
    goal: 1,
    ...dockerBytes,
  },
  { id: 'docker/bytes/nothing', title: 'docker: bytes on the line, nothing changed', goal: 1, ...dockerBytes },
  { id: 'context/changed', title: 'podman: bytes on the line, 1 of 10,000 files changed', unit: 'kB', ...limit },
  { id: 'push/first', title: 'push of 1 GB for two platforms', peer: 'skopeo copy --all', unit: 's', goal: 1 },
  {
    id: 'push/mount',
    title: 'push of 1 GB that another repository of the registry has',
    peer: 'skopeo copy --all',
    unit: 's',
    goal: 1.2,
    reason: 'starting Node.js and loading take two thirds of the whole run of skopeo.',
  },
  {
    id: 'export/oci-archive',
    title: 'export of 600 MB as an OCI archive',
    peer: 'skopeo copy --all',
    unit: 's',
    goal: 1,
  },
  {
    id: 'export/docker-archive',
    title: 'export of 600 MB as a docker-archive',
    peer: 'skopeo copy',
    unit: 's',
    goal: 1,
  },
  { id: 'export/memory-oci-archive', title: 'memory while 600 MB are exported as an archive', unit: 'MB', ...limit },
  { id: 'export/memory-rootfs', title: 'memory while 600 MB are exported as files', unit: 'MB', ...limit },
  { id: 'pack/all', title: 'packing 40,000 small files', peer: 'GNU tar', unit: 's', goal: 3 },
  { id: 'pack/unchanged', title: 'recognizing that 40,000 files are unchanged', peer: 'GNU tar', unit: 's', goal: 2 },
  ...lines.flatMap(({ name, roundTripMs, megabitsPerSecond }): Row[] =>
    (['context', 'text', 'image'] as const).map((part) => ({
      id: `line/${name}/${part}`,
      ...(part === 'image'
        ? {
            reason:
              'podman asks for each layer, begins it, sends it and ends it, then the configuration and the manifest: each waits for a round trip.',
          }
        : {}),
      title: `20 MB of ${part === 'text' ? 'hexadecimal text as context' : part} over ${megabitsPerSecond} Mbit/s and ${roundTripMs} ms`,
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
    unit: 'MB',
    ...limit,
  },
  { id: 'history/first-page', title: 'first page of 100,000 builds', unit: 's', ...limit },
  { id: 'window/start', title: 'from the start of the command to a window that can be used', unit: 's', ...limit },
  { id: 'window/script', title: 'script that the first view needs, before compression', unit: 'kB', ...limit },
  {
    id: 'window/open-build',
    title: 'opening a build of 200 steps on 5 platforms',
    unit: 's',
    reason:
      'two thirds of it are needed for a build of one step, too: the list renders once more, the build is asked for, and React makes and lays out the page. The 1,000 bars of the steps take the rest.',
    ...limit,
  },
  {
    id: 'window/longest-task',
    title: 'longest task of the page while five jobs log 5,000 lines/s each',
    unit: 'ms',
    ...limit,
  },
];
