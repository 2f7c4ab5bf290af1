import { join } from 'node:path';
import { type ConnectionOptions, optionsOf, parseDestination } from '../../../shared/connection.ts';
import { formatList } from '../../../shared/format.ts';
import { type Platform, parsePlatform } from '../../../shared/platform.ts';
import type { SystemPaths } from '../../system/system-paths.ts';
import { dockerFolder, dockerHost, dockerUri, findDockerContexts } from './docker-contexts.ts';
import { field, isText, parseJson, quoteForMessage, textField } from './foreign-content.ts';
import { readFolder } from './foreign-folder.ts';
import { type DiscoveredEngine, emptySource, type ImportNote, type ImportSource } from './import-source.ts';

/** Where a docker context leads to, and the TLS files that it has. */
export type ContextEngine = Pick<DiscoveredEngine, 'uri'> & ConnectionOptions;

/** Resolves the name of a docker context; undefined if there is no such context. */
export type FindContext = (name: string) => ContextEngine | undefined;

/**
 * The builders of docker buildx. A builder with several nodes is a farm. Their nodes name docker contexts or URIs.
 * Source: docker/buildx, store.NodeGroup.
 */
export async function findBuildxBuilders(paths: SystemPaths): Promise<ImportSource> {
  const path = join(paths.env.BUILDX_CONFIG || join(dockerFolder(paths), 'buildx'), 'instances');
  const findContext = await readContexts(paths);
  const folder = { source: 'buildx', path, file: '', noun: 'builders' } as const;
  return readFolder(folder, (text, file) => parseBuildxBuilder(text, file, findContext));
}

async function readContexts(paths: SystemPaths): Promise<FindContext> {
  const { engines } = await findDockerContexts(paths);
  const contexts = new Map<string, ContextEngine>(engines.map((engine) => [engine.name, engine]));
  // docker has this context without a file
  contexts.set('default', paths.env.DOCKER_HOST?.trim() ? dockerHost(paths) : { uri: defaultUri(paths) });
  return (name) => contexts.get(name);
}

function defaultUri({ platform, root }: SystemPaths): string {
  return platform === 'win32' ? 'npipe:////./pipe/docker_engine' : `unix://${join(root, 'var', 'run', 'docker.sock')}`;
}

/** Drivers whose nodes are docker engines, of which the second runs BuildKit in a container there, or BuildKit daemons. */
const usableDrivers: ReadonlySet<string> = new Set(['docker', 'docker-container', 'remote']);

/** @param text of the file of a builder */
export function parseBuildxBuilder(text: string, path: string, findContext: FindContext): ImportSource {
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
  if (!usableDrivers.has(driver)) {
    return emptySource(
      'buildx',
      unusableDriver(builder, driver, nodes).map((message) => ({ path, message })),
    );
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
    const engine = endpoint.includes('://')
      ? driver === 'remote'
        ? { uri: endpoint, ...remoteTls(field(node, 'DriverOpts')) }
        : { uri: dockerUri(endpoint) }
      : findContext(endpoint);
    if (engine === undefined) {
      const message = `${label} uses the docker context ${quoteForMessage(endpoint)}, which does not exist.`;
      notes.push({ path, message });
      continue;
    }
    // two builders may have nodes of the same name
    const key = `${builder}/${name}`;
    const platforms = pinnedPlatforms(field(node, 'Platforms'));
    const different = engineNotes({ builder, driver, node: name, endpoint, platforms });
    engines.push({ ...optionsOf({ ...engine, platforms }), name, key, uri: engine.uri, path, notes: different });
  }
  const members = engines.map(({ key, name }) => key ?? name);
  const isFarm = new Set(engines.map(({ uri }) => uri)).size > 1;
  return { source: 'buildx', engines, farms: isFarm ? [{ name: builder, members, path }] : [], notes };
}

/** The TLS files of a node of the driver `remote`. Source: docker/buildx, driver/remote. */
function remoteTls(driverOptions: unknown): ConnectionOptions {
  const [tlsCa, tlsCert, tlsKey, tlsServerName] = ['cacert', 'cert', 'key', 'servername'].map((key) =>
    textField(driverOptions, key),
  );
  return optionsOf({ tlsCa, tlsCert, tlsKey, tlsServerName });
}

/** Why a builder cannot be imported, and what to do instead. */
function unusableDriver(builder: string, driver: string, nodes: readonly unknown[]): string[] {
  const name = `Builder ${quoteForMessage(builder)}`;
  if (driver !== 'kubernetes') {
    return [`${name} has the driver ${quoteForMessage(driver)}, which Barnraiser cannot use.`];
  }
  return nodes.slice(0, maxPlatforms).map((node) => {
    const namespace = textField(field(node, 'DriverOpts'), 'namespace') || 'default';
    const deployment = deploymentOf(node);
    const isPlain = /^[a-z\d.-]+$/.test(namespace + deployment);
    const selector = isPlain && deployment !== '' ? ` --selector=app=${deployment}` : '';
    const where = isPlain ? ` --namespace=${namespace}` : '';
    return `${name} runs BuildKit in the pods of a deployment in Kubernetes, which get new names when they start. List them with \`kubectl get pods${where}${selector}\`, and add each as kube-pod://POD?namespace=NAMESPACE. Pods of a StatefulSet keep their names.`;
  });
}

/**
 * The deployment of a node: that of its endpoint, or else its name without underscores. Source: docker/buildx,
 * driver/kubernetes/factory.go.
 */
function deploymentOf(node: unknown): string {
  const [, query = ''] = (textField(node, 'Endpoint') ?? '').split('?');
  return new URLSearchParams(query).get('deployment') || (textField(node, 'Name') ?? '').replaceAll('_', '-');
}

/** Limits the length of a note. */
const maxPlatforms = 20;

/** The platforms that a node was created for (`--platform`). */
function pinnedPlatforms(platforms: unknown): Platform[] {
  return (Array.isArray(platforms) ? platforms : []).slice(0, maxPlatforms).flatMap((platform: unknown) => {
    const parts = ['os', 'architecture', 'variant'].map((key) => textField(platform, key) ?? '');
    return parsePlatform(parts.filter((part) => part !== '').join('/')) ?? [];
  });
}

interface NotedNode {
  readonly builder: string;
  readonly driver: string;
  readonly node: string;
  readonly endpoint: string;
  readonly platforms: readonly Platform[];
}

/** What is different from the builder, to read before importing a node. */
function engineNotes({ builder, driver, node, endpoint, platforms }: NotedNode): string[] {
  return [
    ...(platforms.length > 0
      ? [`It builds only ${formatList(platforms)}, as in builder ${quoteForMessage(builder)}.`]
      : []),
    ...(driver === 'docker-container'
      ? [
          `Builds use docker itself, not the container of builder ${quoteForMessage(builder)} and its settings. ${containerHint(node, endpoint)}`,
        ]
      : []),
  ];
}

/** How the BuildKit in the container of a node can be used. Source: docker/buildx, driver/docker-container. */
function containerHint(node: string, endpoint: string): string {
  const host = endpoint.includes('://') ? `host=${encodeURIComponent(endpoint)}` : `context=${endpoint}`;
  const uri = `docker-container://buildx_buildkit_${node}?${host}`;
  return typeof parseDestination(uri) === 'string'
    ? 'docker keeps what is built and sends only what has changed.'
    : `To use the container, add ${uri}.`;
}
