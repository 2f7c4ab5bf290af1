import { join } from 'node:path';
import { formatList } from '../../../shared/format.ts';
import type { SystemPaths } from '../../system/system-paths.ts';
import { dockerFolder, dockerUri, findDockerContexts } from './docker-contexts.ts';
import { field, isText, parseJson, quoteForMessage } from './foreign-content.ts';
import { readFolder } from './foreign-folder.ts';
import { type DiscoveredEngine, emptySource, type ImportNote, type ImportSource } from './import-source.ts';

/** Resolves the name of a docker context to the URI of its engine; undefined if there is no such context. */
export type ContextUri = (name: string) => string | undefined;

/**
 * The builders of docker buildx. A builder with several nodes is a farm. Their nodes name docker contexts or URIs.
 * Source: docker/buildx, store.NodeGroup.
 */
export async function findBuildxBuilders(paths: SystemPaths): Promise<ImportSource> {
  const path = join(paths.env.BUILDX_CONFIG || join(dockerFolder(paths), 'buildx'), 'instances');
  const contextUri = await readContextUris(paths);
  const folder = { source: 'buildx', path, file: '', noun: 'builders' } as const;
  return readFolder(folder, (text, file) => parseBuildxBuilder(text, file, contextUri));
}

async function readContextUris(paths: SystemPaths): Promise<ContextUri> {
  const { engines } = await findDockerContexts(paths);
  const uris = new Map(engines.map(({ name, uri }) => [name, uri]));
  // docker has this context without a file
  const host = paths.env.DOCKER_HOST?.trim();
  uris.set('default', host ? dockerUri(host) : defaultUri(paths));
  return (name) => uris.get(name);
}

function defaultUri({ platform, root }: SystemPaths): string {
  return platform === 'win32' ? 'npipe:////./pipe/docker_engine' : `unix://${join(root, 'var', 'run', 'docker.sock')}`;
}

/** Drivers whose nodes are docker engines: the second runs BuildKit in a container there. */
const engineDrivers: ReadonlySet<string> = new Set(['docker', 'docker-container']);

/** @param text of the file of a builder */
export function parseBuildxBuilder(text: string, path: string, contextUri: ContextUri): ImportSource {
  const json = parseJson(text);
  if ('error' in json) {
    return emptySource('buildx', [{ path, message: json.error }]);
  }
  const builder = field(json.content, 'Name');
  const nodes = field(json.content, 'Nodes');
  // buildx takes a missing driver for this one
  const driver = field(json.content, 'Driver') || 'docker-container';
  if (!isText(builder) || builder === '' || !isText(driver) || !Array.isArray(nodes)) {
    return emptySource('buildx', [
      { path, message: 'It is not a builder of docker buildx: its name or nodes are missing.' },
    ]);
  }
  if (!engineDrivers.has(driver)) {
    return emptySource('buildx', [{ path, message: unusableDriver(builder, driver) }]);
  }
  const engines: DiscoveredEngine[] = [];
  const notes: ImportNote[] = [];
  for (const node of nodes) {
    const [name, endpoint] = [field(node, 'Name'), field(node, 'Endpoint')];
    const label = `Node ${isText(name) ? quoteForMessage(name) : engines.length + 1} of builder ${quoteForMessage(builder)}`;
    if (!isText(name) || !isText(endpoint) || endpoint === '') {
      notes.push({ path, message: `${label} has no endpoint.` });
      continue;
    }
    const uri = endpoint.includes('://') ? dockerUri(endpoint) : contextUri(endpoint);
    if (uri === undefined) {
      const message = `${label} uses the docker context ${quoteForMessage(endpoint)}, which does not exist.`;
      notes.push({ path, message });
      continue;
    }
    // two builders may have nodes of the same name
    const key = `${builder}/${name}`;
    engines.push({ name, key, uri, path, notes: engineNotes(builder, driver, field(node, 'Platforms')) });
  }
  const members = engines.map(({ key, name }) => key ?? name);
  const isFarm = new Set(engines.map(({ uri }) => uri)).size > 1;
  return { source: 'buildx', engines, farms: isFarm ? [{ name: builder, members, path }] : [], notes };
}

function unusableDriver(builder: string, driver: string): string {
  const name = `Builder ${quoteForMessage(builder)}`;
  switch (driver) {
    case 'kubernetes':
      return `${name} runs BuildKit in Kubernetes, which Barnraiser cannot use.`;
    case 'remote':
      return `${name} is a BuildKit daemon of its own, which Barnraiser cannot use: it needs the podman or docker of that machine.`;
    default:
      return `${name} has the driver ${quoteForMessage(driver)}, which Barnraiser cannot use.`;
  }
}

/** Limits the length of a note. */
const maxPlatforms = 20;

/** What is different from the builder, to read before importing a node. */
function engineNotes(builder: string, driver: string, platforms: unknown): string[] {
  const pinned = (Array.isArray(platforms) ? platforms : [])
    .slice(0, maxPlatforms)
    .flatMap((platform: unknown) => platformName(platform) ?? []);
  return [
    ...(pinned.length > 0
      ? [
          `In builder ${quoteForMessage(builder)} it builds ${formatList(pinned)}. To keep that, pin them to it in a build.`,
        ]
      : []),
    ...(driver === 'docker-container'
      ? [`Builds use docker itself, not the container of builder ${quoteForMessage(builder)} and its settings.`]
      : []),
  ];
}

/** `linux/arm/v7`. Source: OCI image specification, the platform of a descriptor. */
function platformName(platform: unknown): string | undefined {
  const parts = ['os', 'architecture', 'variant'].map((key) => field(platform, key));
  const name = parts.filter((part) => part !== undefined && part !== '').join('/');
  return /^[a-z0-9]{1,20}(?:\/[a-z0-9.]{1,20}){1,2}$/.test(name) ? name : undefined;
}
