/** Where an engine is: connection URIs and what they mean. */

/** Where an engine is that is reached without another engine. */
export type EngineHost =
  | {
      readonly kind: 'ssh';
      readonly user?: string;
      readonly host: string;
      /** Defaults to the port in the SSH configuration, else to 22. */
      readonly port?: number;
      /** If missing, the socket is looked up on the node. */
      readonly socketPath?: string;
    }
  | { readonly kind: 'unix'; readonly socketPath: string }
  /** The engine of this computer: its socket is looked up, or podman is started if only its command is installed. */
  | { readonly kind: 'local' }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** A BuildKit daemon in a container. It is reached through the engine that runs the container. */
export interface ContainerDestination {
  readonly kind: 'container';
  readonly engine: 'docker' | 'podman';
  readonly container: string;
  /** The docker context of the engine. Without it and without a host: the one that docker or podman uses here. */
  readonly context?: string;
  readonly host?: EngineHost;
}

/** A BuildKit daemon in a pod of Kubernetes, which kubectl reaches. What is missing is kubectl's default. */
export interface PodDestination {
  readonly kind: 'pod';
  readonly pod: string;
  readonly namespace?: string;
  readonly container?: string;
  /** The context of kubectl. */
  readonly context?: string;
  /** Path of kubectl's configuration file; it may start with `~/`. */
  readonly kubeconfig?: string;
}

export type Destination = EngineHost | ContainerDestination | PodDestination;

/**
 * Parses a connection URI. Returns a sentence about the mistake if it is not valid.
 * - `ssh://[user@]host[:port][/path/to.sock]` or `user@host`
 * - `unix:///path.sock`, or `local:` for the engine of this computer
 * - `tcp://host:port`
 * - `docker-container://NAME[?context=DOCKER_CONTEXT]` or `…?host=URI` with the percent-encoded URI of its docker, and
 *   `podman-container://NAME[?host=URI]`
 * - `kube-pod://POD[?namespace=N&container=C&context=C&kubeconfig=F]`
 *
 * The last three names are those of BuildKit's client (client/connhelper).
 */
export function parseDestination(uri: string): Destination | string {
  if (uri === 'local:') {
    return { kind: 'local' };
  }
  const { text, zone } = takeZone(uri.includes('://') ? uri : `ssh://${uri}`);
  const shown = hidePassword(uri).replaceAll(/\p{Cc}/gu, '');
  let url: URL;
  let path: string;
  let user: string;
  let host: string;
  let search: string;
  try {
    url = new URL(text);
    path = decodeURIComponent(url.pathname);
    user = decodeURIComponent(url.username);
    // the brackets around an IPv6 address belong to the URI, not to the address
    host = decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1') + zone;
    search = decodeURIComponent(url.search);
  } catch {
    return `"${shown}" is not a valid URI. Use ssh://user@host:port/path/to.sock or unix:///path/to.sock.`;
  }
  // the URL parser drops some control characters silently; no path, user or host contains any
  if (/\p{Cc}/u.test(uri + path + user + host + search)) {
    return `"${shown}" contains a control character. Remove it.`;
  }
  const parse = schemes[url.protocol];
  if (!parse) {
    return `"${shown}" starts with ${url.protocol}//, which is not supported. Use ssh://, unix://, tcp://, docker-container:// or kube-pod://.`;
  }
  if (url.password) {
    return `"${shown}" contains a password, which would be stored unencrypted. Remove it and sign in with a key.`;
  }
  return parse({ shown, url, path, user, host });
}

/** A URI in parts, decoded. */
interface UriParts {
  /** The URI for messages, without a password. */
  readonly shown: string;
  readonly url: URL;
  readonly path: string;
  readonly user: string;
  /** Without brackets, with the zone of an IPv6 address. */
  readonly host: string;
}

const schemes: Readonly<Record<string, (parts: UriParts) => Destination | string>> = {
  'ssh:': parseSsh,
  'unix:': parseUnix,
  'tcp:': parseTcp,
  'docker-container:': (parts) => parseContainer(parts, 'docker', ['context', 'host']),
  'podman-container:': (parts) => parseContainer(parts, 'podman', ['host']),
  'kube-pod:': parsePod,
};

function parseSsh(parts: UriParts): EngineHost | string {
  const { shown, url, path, user, host } = parts;
  const unsupported = unsupportedPart(parts);
  if (unsupported !== undefined) {
    return unsupported;
  }
  if (!isHostName(host, url.hostname)) {
    return `"${shown}" has a host that is not a valid name. Use ssh://user@host:port/path/to.sock.`;
  }
  if (!url.hostname) {
    return `"${shown}" has no host. Use ssh://user@host:port/path/to.sock.`;
  }
  return {
    kind: 'ssh',
    ...(user ? { user } : {}),
    host,
    ...(url.port ? { port: Number(url.port) } : {}),
    ...(path.length > 1 ? { socketPath: path } : {}),
  };
}

function parseUnix(parts: UriParts): EngineHost | string {
  const { shown, url, path } = parts;
  const unsupported = unsupportedPart(parts);
  if (unsupported !== undefined) {
    return unsupported;
  }
  return url.host || path.length < 2
    ? `"${shown}" has no absolute socket path. Use three slashes: unix:///run/podman/podman.sock.`
    : { kind: 'unix', socketPath: path };
}

function parseTcp({ shown, url, path, user, host }: UriParts): EngineHost | string {
  if (!url.hostname || !isHostName(host, url.hostname)) {
    return `"${shown}" has ${url.hostname ? 'a host that is not a valid name' : 'no host'}. Use tcp://host:port.`;
  }
  if (!Number(url.port)) {
    return `"${shown}" has no port. docker listens on 2376 with TLS and on 2375 without it, BuildKit on 1234.`;
  }
  if (user) {
    return `"${shown}" has a user, which tcp:// has no use for. Remove it and sign in with a client certificate.`;
  }
  if (path.length > 1 || url.search || url.hash) {
    return `"${shown}" contains more than a host and a port. Use tcp://host:port.`;
  }
  return { kind: 'tcp', host, port: Number(url.port) };
}

function parseContainer(
  parts: UriParts,
  engine: ContainerDestination['engine'],
  allowed: readonly string[],
): ContainerDestination | string {
  const { url, host: container } = parts;
  const example = `${engine}-container://NAME`;
  // the option "host" is a URI itself, and might contain a password
  const shown = parts.shown.replace(/\?.*$/s, '');
  const wrong = wrongAddress(parts, shown, example);
  if (wrong !== undefined) {
    return wrong;
  }
  // source: moby, daemon/names
  if (!/^[a-z\d][\w.-]{0,254}$/i.test(container)) {
    return `"${shown}" has no valid container name. Use ${example}.`;
  }
  const options = readOptions(url, shown, allowed);
  if (typeof options === 'string') {
    return options;
  }
  const { context, host: hostUri } = options;
  if (context !== undefined && hostUri !== undefined) {
    return `"${shown}" has both a context and a host. Use only one of them.`;
  }
  // source: docker/cli, cli/context/store
  if (context !== undefined && !/^[a-z\d][\w.+-]{0,254}$/i.test(context)) {
    return `"${shown}" has a context that is not a valid name of a docker context.`;
  }
  const host = hostUri === undefined ? undefined : parseHost(hostUri);
  if (typeof host === 'string') {
    return `The host of "${shown}" is not valid: ${host}`;
  }
  return {
    kind: 'container',
    engine,
    container,
    ...(context === undefined ? {} : { context }),
    ...(host === undefined ? {} : { host }),
  };
}

/** The host of a container: what runs engines, not a container in a container. */
function parseHost(uri: string): EngineHost | string {
  // this is what keeps the parser from calling itself again and again
  if (/^ *(?:docker-container|podman-container|kube-pod):/i.test(uri)) {
    return 'it is a container or pod itself. Use ssh://, unix:// or tcp://.';
  }
  const host = parseDestination(uri);
  if (typeof host === 'string' || (host.kind !== 'container' && host.kind !== 'pod')) {
    return host;
  }
  return 'it is a container or pod itself. Use ssh://, unix:// or tcp://.';
}

function parsePod(parts: UriParts): PodDestination | string {
  const { shown, url, host: pod } = parts;
  const example = 'kube-pod://POD?namespace=NAMESPACE';
  const wrong = wrongAddress(parts, shown, example);
  if (wrong !== undefined) {
    return wrong;
  }
  if (!isKubernetesName(pod)) {
    return `"${shown}" has no valid pod name, which has lower-case letters, digits, dots and dashes. Use ${example}.`;
  }
  const options = readOptions(url, shown, ['namespace', 'container', 'context', 'kubeconfig']);
  if (typeof options === 'string') {
    return options;
  }
  for (const key of ['namespace', 'container']) {
    const name = options[key];
    if (name !== undefined && !isKubernetesName(name)) {
      return `"${shown}" has a ${key} that is not a valid name of Kubernetes.`;
    }
  }
  const { kubeconfig } = options;
  if (kubeconfig !== undefined && !/^(?:~?\/|[a-z]:[\\/])/i.test(kubeconfig)) {
    return `"${shown}" has a kubeconfig that is not an absolute path. Use kubeconfig=/path/to/config or ~/path/to/config.`;
  }
  return { kind: 'pod', pod, ...options };
}

/** Source: Kubernetes, "Object Names and IDs": DNS subdomain names. */
function isKubernetesName(text: string): boolean {
  return text.length <= 253 && /^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/.test(text);
}

/** A container or a pod has a name, but no user, port and path. */
function wrongAddress({ url, path, user }: UriParts, shown: string, example: string): string | undefined {
  return user || url.port || path.length > 1 || url.hash
    ? `"${shown}" contains more than a name and options. Use ${example}.`
    : undefined;
}

/** The options of a URI, each at most once and never empty. */
function readOptions(
  { searchParams }: URL,
  shown: string,
  allowed: readonly string[],
): Readonly<Record<string, string>> | string {
  const options = new Map<string, string>();
  for (const [key, value] of searchParams) {
    if (!allowed.includes(key)) {
      return `"${shown}" has the option "${key}", which is not supported. It may have ${allowed.join(', ')}.`;
    }
    if (value === '' || options.has(key)) {
      return `"${shown}" has ${value === '' ? 'no value for' : 'two values for'} "${key}".`;
    }
    options.set(key, value);
  }
  return Object.fromEntries(options);
}

/** The socket that a URI names, on the node or on this computer. */
export function socketPathOf(destination: Destination): string | undefined {
  return destination.kind === 'ssh' || destination.kind === 'unix' ? destination.socketPath : undefined;
}

/** Whether a host is this computer, so that nothing travels over a network. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(host);
}

/** podman's `?secure=true` makes it check host keys, which Barnraiser always does. */
const ignoredOptions: ReadonlySet<string> = new Set(['secure']);

/** A sentence about options or a fragment of a URI that can have none. */
function unsupportedPart({ shown, url }: UriParts): string | undefined {
  const options = url.search
    .slice(1)
    .split('&')
    .map((option) => option.replace(/=.*$/s, '').toLowerCase());
  const isIgnored = options.every((option) => option === '' || ignoredOptions.has(option));
  return isIgnored && !url.hash
    ? undefined
    : `"${shown}" contains "${isIgnored ? url.hash : url.search}", which is not supported. Remove it.`;
}

/**
 * Takes the zone out of an IPv6 address such as `[fe80::1%eth0]`: the URL parser refuses it. RFC 6874 writes it after
 * `%25`, people write it after `%`. `zone` is empty or begins with `%`.
 */
function takeZone(text: string): { readonly text: string; readonly zone: string } {
  const [, start, address, zone, rest] =
    /^((?:ssh|tcp):\/\/(?:[^/?#@]*@)?)\[([\da-f:.]+)%(?:25)?([\w.~-]+)\](.*)$/is.exec(text) ?? [];
  return zone === undefined ? { text, zone: '' } : { text: `${start}[${address}]${rest}`, zone: `%${zone}` };
}

/**
 * Whether ssh takes a decoded host for one: no option, no blanks, nothing that a shell would interpret. Source: OpenSSH,
 * ssh.c, valid_hostname(). Only an IPv6 address, which has brackets in the URI, has colons.
 */
function isHostName(host: string, hostInUri: string): boolean {
  return !/^-|['`"$\\;&<>|(){}/@[\]?#\s]/.test(host) && (hostInUri.startsWith('[') || !/[:%]/.test(host));
}

/** A URI for display: a password in it, which is not allowed there, is replaced by an ellipsis. */
function hidePassword(uri: string): string {
  return uri.replace(/^((?:[a-z][a-z\d+.-]*:\/\/)?[^:@/]*):.*@/is, '$1:…@');
}
