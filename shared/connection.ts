import { z } from 'zod';
import { fail } from './problem.ts';

const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

export const invalidName =
  'A name has 1 to 63 letters, digits, dots, dashes or underscores, and starts with a letter or digit.';

export function isName(text: string): boolean {
  return namePattern.test(text);
}

/** Names of connections and farms: usable in file names, command lines and labels without quoting. */
export const nameSchema = z.string().refine(isName, invalidName);

/** The first name that a list contains more than once. */
export function firstDuplicate(names: readonly string[]): string | undefined {
  return names.find((name, index) => names.indexOf(name) !== index);
}

/** Where an engine is. */
export type Destination =
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
  | { readonly kind: 'local' };

/**
 * Parses a connection URI: `ssh://[user@]host[:port][/path/to.sock]`, `user@host`, `unix:///path.sock`, or `local:` for
 * the engine of this computer. Returns a sentence about the mistake if the URI is not valid.
 */
export function parseDestination(uri: string): Destination | string {
  if (uri === 'local:') {
    return { kind: 'local' };
  }
  const { text, zone } = takeZone(uri.includes('://') ? uri : `ssh://${uri}`);
  const shown = hidePassword(uri);
  let url: URL;
  let path: string;
  let user: string;
  let host: string;
  try {
    url = new URL(text);
    path = decodeURIComponent(url.pathname);
    user = decodeURIComponent(url.username);
    // the brackets around an IPv6 address belong to the URI, not to the address
    host = decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1') + zone;
  } catch {
    return `"${shown}" is not a valid URI. Use ssh://user@host:port/path/to.sock or unix:///path/to.sock.`;
  }
  // the URL parser drops some control characters silently; no path, user or host contains any
  if (/\p{Cc}/u.test(uri + path + user + host)) {
    return `"${shown.replaceAll(/\p{Cc}/gu, '')}" contains a control character. Remove it.`;
  }
  const options = url.search
    .slice(1)
    .split('&')
    .map((option) => option.replace(/=.*$/s, '').toLowerCase());
  const isIgnored = options.every((option) => option === '' || ignoredOptions.has(option));
  if (!isIgnored || url.hash) {
    return `"${shown}" contains "${isIgnored ? url.hash : url.search}", which is not supported. Remove it.`;
  }
  if (url.protocol === 'unix:') {
    return url.host || path.length < 2
      ? `"${shown}" has no absolute socket path. Use three slashes: unix:///run/podman/podman.sock.`
      : { kind: 'unix', socketPath: path };
  }
  if (url.protocol !== 'ssh:') {
    return `"${shown}" starts with ${url.protocol}//, which is not supported. Use ssh://… or unix://….`;
  }
  if (!isHostName(host, url.hostname)) {
    return `"${shown}" has a host that is not a valid name. Use ssh://user@host:port/path/to.sock.`;
  }
  if (!url.hostname) {
    return `"${shown}" has no host. Use ssh://user@host:port/path/to.sock.`;
  }
  if (url.password) {
    return `"${shown}" contains a password, which would be stored unencrypted. Remove it and sign in with a key.`;
  }
  return {
    kind: 'ssh',
    ...(user ? { user } : {}),
    host,
    ...(url.port ? { port: Number(url.port) } : {}),
    ...(path.length > 1 ? { socketPath: path } : {}),
  };
}

/** podman's `?secure=true` makes it check host keys, which Barnraiser always does. */
const ignoredOptions: ReadonlySet<string> = new Set(['secure']);

/**
 * Takes the zone out of an IPv6 address such as `[fe80::1%eth0]`: the URL parser refuses it. RFC 6874 writes it after
 * `%25`, people write it after `%`. `zone` is empty or begins with `%`.
 */
function takeZone(text: string): { readonly text: string; readonly zone: string } {
  const [, start, address, zone, rest] =
    /^(ssh:\/\/(?:[^/?#@]*@)?)\[([\da-f:.]+)%(?:25)?([\w.~-]+)\](.*)$/is.exec(text) ?? [];
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

export const uriSchema = z.string().superRefine((uri, context) => {
  const destination = parseDestination(uri);
  if (typeof destination === 'string') {
    context.addIssue({ code: 'custom', message: destination });
  }
});

/**
 * A connection as it is stored. `identity` is the path of a private key file on this computer; without it, the agent
 * and the default keys are tried.
 */
export const connectionSchema = z.object({
  name: nameSchema,
  uri: uriSchema,
  identity: z.string().optional(),
});

export type Connection = Readonly<z.infer<typeof connectionSchema>>;

/**
 * The destination of a connection.
 * @throws Failure `connection.uri` for a URI that is not valid, such as one edited by hand
 */
export function destinationOf({ name, uri }: Pick<Connection, 'name' | 'uri'>): Destination {
  const destination = parseDestination(uri);
  if (typeof destination === 'string') {
    throw fail(
      'connection.uri',
      `Connection ${name}: ${destination}`,
      'Remove the connection, then add it again with a valid URI.',
    );
  }
  return destination;
}
