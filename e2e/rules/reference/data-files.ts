/** The files of the data folder, with who reads them. `data-folder.spec.ts` compares it with what builds leave there. */
import type { z } from 'zod';
import { dataSchema } from '../../../electron/testing/data-schemas.ts';
import { type DataFormatName, dataFormats } from '../../../shared/data-formats.ts';
import { SchemaTypes } from './schema-types.ts';

/** What a backup needs: what people have entered, what was built, or what is made again by itself. */
export type Kind = 'settings' | 'history' | 'images' | 'cache' | 'running';

export interface DataFile {
  /** Below the data folder. A word in capitals stands for any name. */
  readonly path: string;
  readonly kind: Kind;
  readonly content: string;
  /** The folder of the source that reads and writes it. */
  readonly source: string;
}

export const dataFiles: readonly DataFile[] = [
  {
    path: 'connections.json',
    kind: 'settings',
    content: 'connections',
    source: 'electron/connections/store.ts',
  },
  {
    path: 'farms.json',
    kind: 'settings',
    content: 'farms and the default one',
    source: 'electron/farms/store.ts',
  },
  {
    path: 'settings.json',
    kind: 'settings',
    content: 'the settings of the window',
    source: 'electron/settings/settings-store.ts',
  },
  {
    path: 'registries.json',
    kind: 'settings',
    content: 'TLS, mirrors and proxies of registries',
    source: 'electron/registry/registry-settings.ts',
  },
  {
    path: 'timers.json',
    kind: 'settings',
    content: 'schedules, and what became of their last runs',
    source: 'electron/automation/timer-store.ts',
  },
  {
    path: 'recipes/ID.json',
    kind: 'settings',
    content: 'the recipe of a project that is kept in the app',
    source: 'electron/recipes/recipe-store.ts',
  },
  {
    path: 'allowed-commands.json',
    kind: 'settings',
    content: 'ProxyCommands that may run',
    source: 'electron/connections/credentials/allowed-commands.ts',
  },
  {
    path: 'secrets.json',
    kind: 'settings',
    content: 'saved passwords and passphrases, encrypted by the keychain of the system: useless on another computer',
    source: 'electron/connections/credentials/credential-store.ts',
  },
  {
    path: 'trusted-keys.json',
    kind: 'settings',
    content: 'public keys whose signatures are trusted',
    source: 'electron/attestations/trusted-keys.ts',
  },
  {
    path: 'node-holds.json',
    kind: 'settings',
    content: 'nodes that are paused or drained',
    source: 'electron/nodes/node-holds.ts',
  },
  {
    path: 'queue.json',
    kind: 'settings',
    content: 'what people decided of the order of the queue',
    source: 'electron/nodes/queue-controls.ts',
  },
  {
    path: 'window-memory.json',
    kind: 'settings',
    content: 'what the window remembers, such as widths of columns',
    source: 'electron/settings/window-memory.ts',
  },
  {
    path: 'builds/BUILD/build.json',
    kind: 'history',
    content: 'the request, the outcome and the times of a build',
    source: 'electron/builds/build-record-file.ts',
  },
  {
    path: 'builds/BUILD/Containerfile',
    kind: 'history',
    content: 'the Containerfile that was built',
    source: 'electron/builds/history.ts',
  },
  {
    path: 'builds/BUILD/PLATFORM.log',
    kind: 'history',
    content: 'the log of a platform, as text',
    source: 'electron/builds/job-log.ts',
  },
  {
    path: 'builds/BUILD/PLATFORM.log.lines',
    kind: 'history',
    content: 'for each line of the log, its time and step',
    source: 'electron/builds/line-records.ts',
  },
  {
    path: 'builds.index/DAY.jsonl',
    kind: 'cache',
    content: 'the list of builds, by day, made of builds/',
    source: 'electron/builds/history-index.ts',
  },
  {
    path: 'builds.index/checked',
    kind: 'cache',
    content: 'when the list was last compared with builds/',
    source: 'electron/builds/history-index.ts',
  },
  {
    path: 'bakes/BAKE.json',
    kind: 'history',
    content: 'a bake and its images',
    source: 'electron/builds/bakes.ts',
  },
  {
    path: 'pushes.json',
    kind: 'history',
    content: 'what was pushed where, and when',
    source: 'electron/registry/push-history.ts',
  },
  {
    path: 'samples/NODE.json',
    kind: 'history',
    content: 'load, memory and disk of a node over time',
    source: 'electron/monitoring/sample-store.ts',
  },
  {
    path: 'images/index.json',
    kind: 'images',
    content: 'the index of local storage, an OCI layout: names and manifest lists',
    source: 'electron/images/layout-index.ts',
  },
  {
    path: 'images/oci-layout',
    kind: 'images',
    content: 'the mark of an OCI layout',
    source: 'electron/images/layout-folder.ts',
  },
  {
    path: 'images/blobs/sha256/DIGEST',
    kind: 'images',
    content: 'manifests, configurations and layers',
    source: 'electron/images/blob-store.ts',
  },
  {
    path: 'images.programs/DIGEST.json',
    kind: 'cache',
    content: 'programs of a layer',
    source: 'electron/images/layer-programs.ts',
  },
  {
    path: 'images.programs/DIGEST.packages.gz',
    kind: 'cache',
    content: 'packages of a layer',
    source: 'electron/attestations/packages/',
  },
  {
    path: 'images.files/DIGEST.gz',
    kind: 'cache',
    content: 'files of a layer',
    source: 'electron/images/layer-files.ts',
  },
  {
    path: 'images.work/PROCESS/NAME',
    kind: 'running',
    content: 'blobs that arrive, and leases of running work',
    source: 'electron/system/staging-area.ts',
  },
  {
    path: 'projects/PROJECT.json',
    kind: 'cache',
    content: 'what the last build of a project left on which node',
    source: 'electron/builds/project-memory.ts',
  },
  {
    path: 'contexts/PROJECT.index',
    kind: 'cache',
    content: "digests of a project's files",
    source: 'electron/context/file-index.ts',
  },
  {
    path: 'context-layouts/DIGEST.json',
    kind: 'cache',
    content: 'what nodes have of a context',
    source: 'electron/context/tar-layouts.ts',
  },
  {
    path: 'repositories/NAME',
    kind: 'cache',
    content: 'git repositories that were fetched',
    source: 'electron/sources/git-repository.ts',
  },
  {
    path: 'base-images.json',
    kind: 'cache',
    content: 'base images that were newer in their registries',
    source: 'electron/monitoring/base-images.ts',
  },
  {
    path: 'releases.json',
    kind: 'cache',
    content: 'the newest release that is known, if the app may look for one',
    source: 'electron/monitoring/releases.ts',
  },
  {
    path: 'projects/PROJECT.context-key',
    kind: 'cache',
    content: 'the name of the context of a project on nodes',
    source: 'electron/builds/context-key.ts',
  },
  {
    path: 'blob-locations.json',
    kind: 'cache',
    content: 'which repositories have which blobs',
    source: 'electron/registry/blob-locations.ts',
  },
  {
    path: 'link-speeds.json',
    kind: 'cache',
    content: 'how fast nodes send and receive',
    source: 'electron/nodes/link-speeds.ts',
  },
  {
    path: 'nodes.json',
    kind: 'cache',
    content: 'nodes that have ever answered',
    source: 'electron/nodes/answered-nodes.ts',
  },
  {
    path: 'circuits.json',
    kind: 'cache',
    content: 'failures of nodes, and which are set aside',
    source: 'electron/nodes/circuit-breaker.ts',
  },
  {
    path: 'output-folders.json',
    kind: 'cache',
    content: 'folders that outputs have written and may replace',
    source: 'electron/outputs/written-folders.ts',
  },
  {
    path: 'compiled/NAME',
    kind: 'cache',
    content: 'compiled code of Barnraiser, so that commands start fast',
    source: 'electron/system/compiled-code.ts',
  },
  {
    path: 'node-work/NAME.job.json',
    kind: 'running',
    content: 'what a running job has on its node',
    source: 'electron/builds/node-work.ts',
  },
  {
    path: 'node-work/NAME.unneeded.json',
    kind: 'running',
    content: 'images on a node that are no longer needed',
    source: 'electron/builds/node-work.ts',
  },
  {
    path: 'slots/NODE/JOB',
    kind: 'running',
    content: 'jobs that wait for a node',
    source: 'electron/nodes/queue-files.ts',
  },
  {
    path: 'running/BUILD',
    kind: 'running',
    content: 'heartbeats of running builds',
    source: 'electron/builds/running-builds.ts',
  },
  {
    path: 'running-bakes/BAKE',
    kind: 'running',
    content: 'heartbeats of running bakes',
    source: 'electron/builds/running-builds.ts',
  },
  {
    path: 'running-timers/SCHEDULE',
    kind: 'running',
    content: 'heartbeats of running schedules',
    source: 'electron/builds/running-builds.ts',
  },
  {
    path: 'spool/PROCESS/NAME',
    kind: 'running',
    content: 'packed contexts and what was read from standard input, while they are needed',
    source: 'electron/system/staging-area.ts',
  },
  {
    path: 'reserve',
    kind: 'running',
    content: '64 KiB that are given up when the disk is full, so that data can be deleted',
    source: 'electron/system/disk-reserve.ts',
  },
  { path: 'app.sock', kind: 'running', content: 'the socket of the running app', source: 'electron/attach/address.ts' },
  {
    path: 'app.sock.json',
    kind: 'running',
    content: 'where that socket is, if it cannot be in the data folder',
    source: 'electron/attach/address.ts',
  },
  {
    path: 'desktop/NAME',
    kind: 'cache',
    content: "files of the desktop app's window",
    source: 'electron/desktop/data-folder.ts',
  },
  { path: 'desktop.log', kind: 'history', content: 'errors of the desktop app', source: 'electron/desktop/crash.ts' },
  {
    path: 'FILE.json.broken-TIME',
    kind: 'settings',
    content: 'a copy of a file that could not be read, so that nothing in it is lost',
    source: 'electron/settings/settings-file.ts',
  },
  { path: 'sample-projects/NAME', kind: 'cache', content: 'sample projects', source: 'electron/projects/' },
];

const kinds: Readonly<Record<Kind, string>> = {
  settings: 'Settings: what people have entered. Back these up.',
  history: 'History: what was built and pushed. Back these up if you need it.',
  images: 'Local storage: an OCI layout that any tool can read. Back it up, or keep the images in a registry.',
  cache: 'Caches: made again by themselves. May be deleted while Barnraiser is closed.',
  running: 'Running work: of processes that run now. Nothing of it has to be kept.',
};

/** The version of its format, for files that have one. */
export function versionOf(path: string): number | undefined {
  const anyName = (each: string): string => each.replace(/\b[A-Z]+\b/g, 'X');
  return Object.values(dataFormats).find((format) => anyName(format.path) === anyName(path))?.version;
}

/** The row that a path below the data folder is of. */
export function dataFileOf(path: string): DataFile | undefined {
  return dataFiles.find((file) => patternOf(file.path).test(path));
}

function patternOf(path: string): RegExp {
  const last = path.endsWith('/NAME') ? '/.+' : undefined;
  const parts = (last ? path.slice(0, -'/NAME'.length) : path)
    .split(/(?<=[/.])|(?=[/.])/)
    .map((part) => (/^[A-Z]+$/.test(part) && part !== 'Containerfile' ? '[^/]+' : part.replace(/[.]/g, '\\.')));
  return new RegExp(`^${parts.join('')}${last ?? ''}$`);
}

/** The fields of each versioned file. */
function formats(): string {
  const names = Object.keys(dataFormats) as DataFormatName[];
  const schemas = new Map(names.map((name) => [dataFormats[name].path, dataSchema(name).schema as z.ZodType]));
  const types = new SchemaTypes(schemas, 'input', { notes: () => undefined, page: 'types.md' });
  return names
    .map((name) => `\n### ${dataFormats[name].path}\n\n${types.describe(dataFormats[name].path).trimStart()}`)
    .join('');
}

export function dataFolderPage(): string {
  const sections = (Object.keys(kinds) as Kind[]).map((kind) => {
    const rows = dataFiles
      .filter((file) => file.kind === kind)
      .map(({ path, content, source }) => `| \`${path}\` | ${content} | ${versionOf(path) ?? ''} | ${source} |\n`);
    return `\n## ${kind}\n\n${kinds[kind]}\n\n| file | content | format | source |\n| --- | --- | --- | --- |\n${rows.join('')}`;
  });
  return `# The data folder

\`$BARNRAISER_HOME\`, else \`~/.local/share/barnraiser\` on Linux, \`~/Library/Application Support/barnraiser\` on macOS,
\`%LOCALAPPDATA%\\barnraiser\\Data\` on Windows. Words in capitals stand for any name.

- Folders are for your user alone (0700). So are files (0600), except those of the OCI layout, which lie in such a folder.
- Several processes may share it. What they change together, they lock with a folder \`FILE.lock\` beside the file for less than a second.
- Files have a version, as \`"version": 1\`. A newer Barnraiser reads older versions, and changes them when it writes. An older one never writes to
  a file with a newer version: it reports [settings.newer](../problems/settings.newer.md).
- A file that cannot be read is never replaced: see [settings.broken](../problems/settings.broken.md).
- To back it up, close Barnraiser and copy the folder; caches and running work may be left out.

Made by \`npx vitest run --project rules -u\` from \`e2e/rules/reference/data-files.ts\`.
${sections.join('')}
## Formats

Each of these files has the following fields besides \`version\`. They may be read; only Barnraiser should write them.
${formats()}`;
}
