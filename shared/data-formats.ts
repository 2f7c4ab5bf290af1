/** A file of the data folder. */
export interface DataFormat {
  /** In the data folder. A name in capitals stands for what differs: `builds/ID/build.json`. */
  readonly path: string;
  /** Written into each file. A change that an older version would misread or lose gets a new one, and a migration. */
  readonly version: number;
  /** What the file holds, as a plural for problems. */
  readonly content: string;
  /** What is lost without it: what a person has set up, what was done, or only time, since it can be found again. */
  readonly kind: 'settings' | 'record' | 'cache';
}

/**
 * All versioned files of the data folder. How they look is said by the schema beside the code that reads them
 * (`electron/testing/data-schemas.ts` names them all). The images are an OCI layout, which has a version of its own.
 */
export const dataFormats = {
  settings: { path: 'settings.json', version: 1, content: 'settings', kind: 'settings' },
  connections: { path: 'connections.json', version: 1, content: 'connections', kind: 'settings' },
  farms: { path: 'farms.json', version: 1, content: 'farms', kind: 'settings' },
  registries: { path: 'registries.json', version: 1, content: 'registries', kind: 'settings' },
  recipes: { path: 'recipes/ID.json', version: 1, content: 'the recipe of a project', kind: 'settings' },
  timers: { path: 'timers.json', version: 1, content: 'schedules', kind: 'settings' },
  secrets: { path: 'secrets.json', version: 1, content: 'saved secrets', kind: 'settings' },
  allowedCommands: { path: 'allowed-commands.json', version: 1, content: 'allowed commands', kind: 'settings' },
  trustedKeys: { path: 'trusted-keys.json', version: 1, content: 'trusted keys', kind: 'settings' },
  nodeHolds: { path: 'node-holds.json', version: 1, content: 'paused nodes', kind: 'settings' },
  queue: { path: 'queue.json', version: 1, content: 'the order of the queue', kind: 'settings' },
  windowMemory: { path: 'window-memory.json', version: 1, content: 'what the window remembers', kind: 'settings' },
  builds: { path: 'builds/ID/build.json', version: 3, content: 'builds', kind: 'record' },
  bakes: { path: 'bakes/ID.json', version: 1, content: 'bakes', kind: 'record' },
  pushes: { path: 'pushes.json', version: 1, content: 'pushes', kind: 'record' },
  samples: { path: 'samples/ID.json', version: 1, content: 'samples of nodes', kind: 'record' },
  projects: { path: 'projects/ID.json', version: 2, content: 'what is remembered of projects', kind: 'record' },
  outputFolders: { path: 'output-folders.json', version: 1, content: 'folders of outputs', kind: 'record' },
  answeredNodes: { path: 'nodes.json', version: 1, content: 'what is known of nodes', kind: 'record' },
  circuits: { path: 'circuits.json', version: 1, content: 'the failures of nodes', kind: 'record' },
  linkSpeeds: { path: 'link-speeds.json', version: 1, content: 'transfer speeds', kind: 'record' },
  baseImages: { path: 'base-images.json', version: 1, content: 'base images', kind: 'record' },
  releases: { path: 'releases.json', version: 1, content: 'what is known of releases', kind: 'record' },
  blobLocations: { path: 'blob-locations.json', version: 1, content: 'blob locations', kind: 'cache' },
  nodeJobs: { path: 'node-work/ID.job.json', version: 1, content: 'jobs on nodes', kind: 'record' },
  unneededImages: { path: 'node-work/ID.unneeded.json', version: 1, content: 'images to remove', kind: 'record' },
  contextKeys: { path: 'projects/ID.context-key', version: 1, content: 'names of contexts', kind: 'cache' },
  tarLayouts: { path: 'context-layouts/DIGEST.json', version: 2, content: 'layouts of contexts', kind: 'cache' },
  layerPrograms: { path: 'images.programs/DIGEST.json', version: 1, content: 'programs of layers', kind: 'cache' },
  layerFiles: { path: 'images.files/DIGEST.gz', version: 1, content: 'files of layers', kind: 'cache' },
  layerPackages: {
    path: 'images.programs/DIGEST.packages.gz',
    version: 2,
    content: 'packages of layers',
    kind: 'cache',
  },
} as const satisfies Readonly<Record<string, DataFormat>>;

export type DataFormatName = keyof typeof dataFormats;
