/** How each file of the data folder looks, by the name of its format. */
import { z } from 'zod';
import { type DataFormatName, dataFormats } from '../../shared/data-formats.ts';
import { settingsSchema } from '../../shared/settings.ts';
import { layerPackagesSchema } from '../attestations/packages/layer-packages.ts';
import { trustedKeysSchema } from '../attestations/trusted-keys.ts';
import { timersSchema } from '../automation/timer-store.ts';
import { bakeRecord } from '../builds/bakes.ts';
import { buildRecord } from '../builds/build-record-file.ts';
import { contextKeySchema } from '../builds/context-key.ts';
import { nodeJobRecord, unneededRecord } from '../builds/node-work.ts';
import { projectRecord } from '../builds/project-memory.ts';
import { allowedCommandsSchema } from '../connections/credentials/allowed-commands.ts';
import { secretsSchema } from '../connections/credentials/credential-store.ts';
import { connectionsFileSchema } from '../connections/store.ts';
import { layoutSchema } from '../context/tar-layouts.ts';
import { farmsFileSchema } from '../farms/store.ts';
import { layerFilesSchema } from '../images/layer-files.ts';
import { layerProgramsSchema } from '../images/layer-programs.ts';
import { baseImagesSchema } from '../monitoring/base-images.ts';
import { releasesSchema } from '../monitoring/releases.ts';
import { sampleRecord } from '../monitoring/sample-store.ts';
import { answeredNodesSchema } from '../nodes/answered-nodes.ts';
import { circuitsSchema } from '../nodes/circuit-breaker.ts';
import { linkSpeedsSchema } from '../nodes/link-speeds.ts';
import { nodeHoldsSchema } from '../nodes/node-holds.ts';
import { queueSchema } from '../nodes/queue-controls.ts';
import { writtenFoldersRecord } from '../outputs/written-folders.ts';
import { recipeFileSchema } from '../recipes/recipe-store.ts';
import { blobLocationsSchema } from '../registry/blob-locations.ts';
import { pushesSchema } from '../registry/push-history.ts';
import { registriesSchema } from '../registry/registry-settings.ts';
import type { VersionedSchema } from '../settings/versioned-file.ts';
import { windowMemorySchema } from '../settings/window-memory.ts';

const schemas: Readonly<Record<DataFormatName, z.ZodType | Omit<VersionedSchema<unknown>, 'version'>>> = {
  settings: settingsSchema,
  connections: connectionsFileSchema,
  farms: farmsFileSchema,
  registries: registriesSchema,
  recipes: recipeFileSchema,
  timers: timersSchema,
  secrets: secretsSchema,
  allowedCommands: allowedCommandsSchema,
  trustedKeys: trustedKeysSchema,
  nodeHolds: nodeHoldsSchema,
  queue: queueSchema,
  windowMemory: windowMemorySchema,
  builds: buildRecord,
  bakes: bakeRecord,
  pushes: pushesSchema,
  samples: sampleRecord,
  projects: projectRecord,
  outputFolders: writtenFoldersRecord,
  answeredNodes: answeredNodesSchema,
  circuits: circuitsSchema,
  linkSpeeds: linkSpeedsSchema,
  baseImages: baseImagesSchema,
  releases: releasesSchema,
  blobLocations: blobLocationsSchema,
  nodeJobs: nodeJobRecord,
  unneededImages: unneededRecord,
  contextKeys: withoutVersion(contextKeySchema),
  tarLayouts: withoutVersion(layoutSchema),
  layerPrograms: withoutVersion(layerProgramsSchema),
  layerFiles: withoutVersion(layerFilesSchema),
  layerPackages: withoutVersion(layerPackagesSchema),
};

/** What reads a file of a format, of any version. */
export function dataSchema(name: DataFormatName): VersionedSchema<unknown> {
  const entry = schemas[name];
  const { version } = dataFormats[name];
  return entry instanceof z.ZodType ? { version, schema: entry } : { version, ...entry };
}

/** Files of a cache are read as a whole, or made again. */
function withoutVersion(schema: z.ZodObject): z.ZodType {
  const { version: _, ...shape } = schema.shape;
  return z.object(shape);
}
