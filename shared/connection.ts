import { z } from 'zod';
import { fail } from './problem.ts';

/** Names of connections and farms: usable in file names, command lines and labels without quoting. */
export const nameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
    'A name has 1 to 63 letters, digits, dots, dashes or underscores, and starts with a letter or digit.',
  );

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
  const text = uri.includes('://') ? uri : `ssh://${uri}`;
  const shown = hidePassword(uri);
  let url: URL;
  let path: string;
  let user: string;
  try {
    url = new URL(text);
    path = decodeURIComponent(url.pathname);
    user = decodeURIComponent(url.username);
  } catch {
    return `"${shown}" is not a valid URI. Use ssh://user@host:port/path/to.sock or unix:///path/to.sock.`;
  }
  // the URL parser drops some control characters silently; no path, user or host contains any
  if (/\p{Cc}/u.test(uri + path + user)) {
    return `"${shown.replaceAll(/\p{Cc}/gu, '')}" contains a control character. Remove it.`;
  }
  if (url.search || url.hash) {
    return `"${shown}" contains "${url.search || url.hash}", which is not supported. Remove it.`;
  }
  if (url.protocol === 'unix:') {
    return url.host || path.length < 2
      ? `"${shown}" has no absolute socket path. Use three slashes: unix:///run/podman/podman.sock.`
      : { kind: 'unix', socketPath: path };
  }
  if (url.protocol !== 'ssh:') {
    return `"${shown}" starts with ${url.protocol}//, which is not supported. Use ssh://… or unix://….`;
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
    // the brackets around an IPv6 address belong to the URI, not to the address
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(url.port ? { port: Number(url.port) } : {}),
    ...(path.length > 1 ? { socketPath: path } : {}),
  };
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
