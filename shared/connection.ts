import { z } from 'zod';

/** Names of connections and farms: what a file name, a command line and a label all take without quoting. */
export const nameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
    'A name is 1 to 63 letters, digits, dots, dashes or underscores, and starts with a letter or digit.',
  );

/** Where an engine is. A missing socketPath of an ssh destination is found on the node. */
export type Destination =
  | {
      readonly kind: 'ssh';
      readonly user?: string;
      readonly host: string;
      /** Without one, the SSH configuration's, else 22. */
      readonly port?: number;
      readonly socketPath?: string;
    }
  | { readonly kind: 'unix'; readonly socketPath: string };

/**
 * The destination that a URI names: `ssh://[user@]host[:port][/path/to.sock]`, `user@host` or `unix:///path.sock`.
 * Returns a sentence that says what is wrong instead, where it names none.
 */
export function parseDestination(uri: string): Destination | string {
  const text = uri.includes('://') ? uri : `ssh://${uri}`;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return `"${uri}" is not a URI. Write ssh://user@host:port/path/to.sock or unix:///path/to.sock.`;
  }
  const path = decodeURIComponent(url.pathname);
  if (url.search || url.hash) {
    return `"${uri}" has a "${url.search || url.hash}" that means nothing here. Leave it out.`;
  }
  if (url.protocol === 'unix:') {
    return url.host || path.length < 2
      ? `"${uri}" names no absolute socket path. Write it with three slashes: unix:///run/podman/podman.sock.`
      : { kind: 'unix', socketPath: path };
  }
  if (url.protocol !== 'ssh:') {
    return `"${uri}" starts with ${url.protocol}//, which Barnraiser cannot use. Write ssh://… or unix://….`;
  }
  if (!url.hostname) {
    return `"${uri}" names no host. Write ssh://user@host:port/path/to.sock.`;
  }
  if (url.password) {
    return `"${uri}" holds a password, which would be stored in clear. Leave it out and use a key.`;
  }
  return {
    kind: 'ssh',
    ...(url.username ? { user: decodeURIComponent(url.username) } : {}),
    // an IPv6 address comes in brackets, which belong to the URI and not to the address
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(url.port ? { port: Number(url.port) } : {}),
    ...(path.length > 1 ? { socketPath: path } : {}),
  };
}

export const uriSchema = z.string().superRefine((uri, context) => {
  const destination = parseDestination(uri);
  if (typeof destination === 'string') {
    context.addIssue({ code: 'custom', message: destination });
  }
});

/**
 * An engine that a person told us about. `identity` is the path of a private key file on this computer; without one, the
 * agent and the default keys are tried.
 */
export const connectionSchema = z.object({
  name: nameSchema,
  uri: uriSchema,
  identity: z.string().optional(),
});

export type Connection = Readonly<z.infer<typeof connectionSchema>>;
